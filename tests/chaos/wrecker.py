"""Faults of the whole product: processes under ``ssenet-lab up`` are killed and paused, which starts them again."""

from __future__ import annotations

import random
import time
from contextlib import suppress

import psutil
from history import History
from product import PARTS, Product

from worker.context import worker_id

_SPACING_SECONDS = 20.0
"""Between two faults of one part: who crashes five times a minute is not started again."""
_PAUSE_SECONDS = (1.0, 15.0)
_TRIES = 10
KILLS = ("trainer", "pool child of train worker", "pool child of infer worker", *PARTS)
PAUSES = ("trainer", "pool child of train worker")


class Wrecker:
    """Strikes a product.

    Args:
        product: the victim.
        history: told of every hit.
        seed: of what is done, to whom, and for how long.
    """

    def __init__(self, product: Product, history: History, seed: int) -> None:
        self._product, self._history, self._random = product, history, random.Random(seed)
        self._struck: dict[str, float] = {}
        self._later: list[tuple[float, psutil.Process]] = []

    def strike(self) -> None:
        """One fault that hits; another one when there is nothing to hit."""
        for _ in range(_TRIES):
            what = self._random.choice(("kill", "kill", "kill", "pause"))
            target = self._random.choice(KILLS if what == "kill" else PAUSES)
            if time.monotonic() - self._struck.get(target, 0.0) < _SPACING_SECONDS:
                continue
            with suppress(psutil.NoSuchProcess):
                if (victim := self._find(target)) is not None:
                    self._do(what, target, victim)
                    return

    def _do(self, what: str, target: str, victim: psutil.Process) -> None:
        self._struck[target] = time.monotonic()
        worker = self._product.part("train worker")
        owner = worker_id("train").rsplit(":", 1)[0] + f":{worker.pid}" if worker else ""
        if what == "kill":
            self._history.note(f"kill {target}", owner=owner, pid=victim.pid)
            victim.kill()
            return
        seconds = self._random.uniform(*_PAUSE_SECONDS)
        self._history.note(f"pause {target}", seconds=round(seconds, 1), pid=victim.pid)
        victim.suspend()
        self._later.append((time.monotonic() + seconds, victim))

    def _find(self, target: str) -> psutil.Process | None:
        if target == "trainer":
            return next(iter(self._product.trainers), None)
        if target.startswith("pool child of "):
            return self._product.pool_child(target.removeprefix("pool child of "))
        return self._product.part(target)

    def tick(self) -> None:
        """End the pauses whose time is over; call often."""
        for entry in [entry for entry in self._later if entry[0] <= time.monotonic()]:
            self._later.remove(entry)
            _resume(entry[1])

    def relent(self) -> None:
        """End all pauses now."""
        for _, victim in self._later:
            _resume(victim)
        self._later.clear()

    @property
    def leases_ended(self) -> tuple[tuple[str, float], ...]:
        """Whose leases may have ended before they expired, and since when."""
        kinds: tuple[str, ...] = ("kill pool child of train worker", "kill train worker")
        return tuple((str(h.facts["owner"]), h.at) for h in self._history.of(*kinds))


def _resume(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.resume()


def hits(history: History) -> dict[str, int]:
    """How often each kind of fault hit something."""
    return {what: count for what, count in history.counts.items() if what.startswith(("kill ", "pause "))}
