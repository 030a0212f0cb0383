"""A long run of the whole product with people at work and random faults; prints what was left, as JSON.

    python scripts/soak.py --minutes 20 --seed 7 --output soak.jsonl

``ssenet-lab up`` runs on a folder of its own. People submit trainings, cancel some, and look at maps, while parts of
the product are killed and paused. Then all must be done: no job lost, none done twice, no step out of order, and file
descriptors, processes, temporary files and unfinished rows back to where they were before. The exit status is 1 when
they are not. ``--output`` gets one line in the form that ``scripts/reliability.py`` reads.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "chaos"), str(ROOT / "tests" / "support")]

from checker import check  # noqa: E402
from clients import Clients  # noqa: E402
from evidence import Evidence, gather  # noqa: E402
from history import History, Sampler  # noqa: E402
from installation import free_port  # noqa: E402
from product import PARTS, Holdings, Product  # noqa: E402
from viewers import Viewers  # noqa: E402
from wrecker import Wrecker, hits  # noqa: E402

from backend.store.database import Database  # noqa: E402

TRAINING = {
    "crop": 64, "scale_min": 64, "scale_max": 80, "batch_size": 4, "train_images": 12, "val_images": 2,
    "save_every_steps": 1,
}  # fmt: skip
START_SECONDS, SETTLE_SECONDS = 180.0, 300.0
WAITING_JOBS = 3
LOST = ("lost", "no end")
DOUBLED = ("doubled", "ends", "after", "lease", "late", "results")
ORDER = ("steps", "events", "fence")
"""First words of violations, see ``checker``."""


@dataclass(frozen=True)
class Outcome:
    """What a run showed."""

    seed: int
    seconds: float
    faults: dict[str, int]
    jobs: dict[str, int]
    maps: dict[str, int]
    before: Holdings
    after: Holdings
    violations: list[str]

    @property
    def figures(self) -> list[dict[str, Any]]:
        """What is measured, with limits."""
        gained = self.after.beyond(self.before)
        counted = {"lost": LOST, "doubled": DOUBLED, "out of order": ORDER}
        found = [_figure(f"jobs or steps {what}", self._count(rules), 0) for what, rules in counted.items()]
        kept = [
            _figure(f"{n.replace('_', ' ')} more than before", max(0, gained[n]), most) for n, most in _LEAKS.items()
        ]
        return [
            _figure("faults that hit", sum(self.faults.values())),
            _figure("jobs accepted or made by them", sum(self.jobs.values())),
            _figure("requests for maps", sum(self.maps.values())),
            *found,
            _figure("other violations", len(self.violations) - sum(int(figure["value"]) for figure in found), 0),
            *kept,
        ]

    def _count(self, rules: tuple[str, ...]) -> int:
        return sum(text.startswith(rules) for text in self.violations)

    @property
    def passed(self) -> bool:
        """Whether no figure is above its limit."""
        return all(figure["limit"] is None or figure["value"] <= figure["limit"] for figure in self.figures)

    @property
    def line(self) -> dict[str, Any]:
        """In the form that ``scripts/reliability.py`` reads."""
        outcome = "passed" if self.passed else "failed"
        shown = {"test": "scripts/soak.py", "promises": ["L4"], "outcome": outcome, "measured": self.figures}
        return {**shown, "seconds": round(self.seconds, 1)}


_LEAKS = {"processes": 0, "descriptors": 24, "temporary_files": 0, "unfinished_jobs": 0, "open_requests": 0}
"""What may be held more than before: four processes may each keep one more connection to the database and to the broker
than they have needed before. What leaks with every job, request or restart is soon far beyond that."""


def _figure(what: str, value: float, limit: float | None = None) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": "", "limit": limit}


def optimiser_steps(settings: Mapping[str, Any]) -> int:
    """How many steps a training takes, as its loop counts them."""
    images = int(settings["train_images"])
    return images // min(int(settings["batch_size"]), images) * int(settings["epochs"])


class Soak:
    """One run.

    Args:
        folder: of the installation.
        seed: of the faults and of what people do.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed, self.history, self._random = seed, History(), random.Random(seed)
        self.product = Product(folder, free_port())
        self.wrecker = Wrecker(self.product, self.history, seed)
        self._sampler = Sampler(Database(self.product.settings.database))

    def run(self, seconds: float) -> Outcome:
        """Start, work and suffer for so long, come to rest, and judge."""
        began = time.monotonic()
        try:
            return self._judged(seconds, began)
        finally:
            self.wrecker.relent()
            self._sampler.stop()
            self.product.kill()

    def _judged(self, seconds: float, began: float) -> Outcome:
        wait(lambda: self.product.address is not None, START_SECONDS, "the product to be ready")
        address = str(self.product.address)
        clients = Clients(address, self.history, self.seed, TRAINING)
        clients.start()
        self._warm_up(address, clients)
        before = self.product.holdings()
        self._sampler.start()
        viewers = Viewers(address, self.seed)
        viewers.start()
        self._suffer(seconds, clients)
        self.wrecker.relent()
        viewers.stop()
        self._settle(clients, before)
        after, evidence = self.product.holdings(), self._evidence(clients)
        violations = [*check(evidence), *clients.unexpected, *viewers.unfair]
        clients.give_up()
        status = self.product.stop()
        violations += [] if status == 0 else [f"up ended with status {status}"]
        states = [job.state for job in evidence.jobs]
        jobs = {state: states.count(state) for state in sorted(set(states))}
        took = time.monotonic() - began
        return Outcome(self.seed, took, hits(self.history), jobs, dict(viewers.answers), before, after, violations)

    def _warm_up(self, address: str, clients: Clients) -> None:
        """Connections and caches as they are at work, so that what is gained afterwards is a leak."""
        clients.submit(1)
        warm = Viewers(address, 0, every=0.01)
        warm.start()
        wait(lambda: clients.answered and self.product.holdings().unfinished_jobs == 0, START_SECONDS, "a first job")
        warm.stop()
        wait(lambda: self.product.holdings().open_requests == 0, START_SECONDS, "the first maps")

    def _suffer(self, seconds: float, clients: Clients) -> None:
        over = time.monotonic() + seconds
        next_strike, next_wish = time.monotonic() + 3, 0.0
        while (at := time.monotonic()) < over:
            self.wrecker.tick()
            if at >= next_wish:
                self._wish(clients)
                next_wish = at + self._random.uniform(1, 5)
            if at >= next_strike:
                self.wrecker.strike()
                next_strike = at + self._random.uniform(3, 12)
            time.sleep(0.1)

    def _wish(self, clients: Clients) -> None:
        """Somebody submits a training, unless enough wait, or cancels one."""
        if len(clients.unanswered) + self.product.holdings().unfinished_jobs < WAITING_JOBS:
            clients.submit(self._random.randint(1, 4))
        elif self._random.random() < 0.1 and clients.accepted:
            clients.cancel(self._random.choice(sorted(clients.accepted.values())))

    def _settle(self, clients: Clients, before: Holdings) -> None:
        """Peace until all is done and at rest; whether it came to that is for the figures to tell."""
        with suppress(TimeoutError):
            wait(lambda: clients.answered and self._whole, SETTLE_SECONDS, "all parts")
            wait(lambda: self.product.holdings().unfinished_jobs == 0, SETTLE_SECONDS, "the end of all jobs")
            wait(lambda: at_rest(self.product.holdings(), before), 90, "rest")
        self._sampler.stop()

    @property
    def _whole(self) -> bool:
        if any(self.product.part(name) is None for name in PARTS):
            return False
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.product.address}/readyz", timeout=10, trust_env=False).status_code == 200
        return False

    def _evidence(self, clients: Clients) -> Evidence:
        product = self.product
        return gather(
            product.database,
            product.artifacts,
            clients.accepted,
            optimiser_steps,
            unanswered=frozenset(clients.unanswered),
            samples=tuple(self._sampler.samples),
            leases_ended=self.wrecker.leases_ended,
            leftovers=tuple(str(process.pid) for process in product.trainers),
        )


def at_rest(after: Holdings, before: Holdings) -> bool:
    """Whether no more is held than before, but for spare connections."""
    gained = after.beyond(before)
    return all(gained[name] <= most for name, most in _LEAKS.items())


def wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll ``condition``.

    Raises:
        TimeoutError: it did not come true in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=None, help="of the faults; without it one is drawn and printed")
    parser.add_argument("--output", type=Path, help="file that gets one line for scripts/reliability.py")
    given = parser.parse_args(arguments)
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="ssenet-soak-") as folder:
        soak = Soak(Path(folder), seed)
        outcome = soak.run(given.minutes * 60)
    if not outcome.passed:
        print(soak.history)
    print(json.dumps({**asdict(outcome), "passed": outcome.passed}, indent=1))
    if given.output:
        given.output.write_text(json.dumps(outcome.line) + "\n", encoding="utf-8")
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
