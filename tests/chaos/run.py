"""One run: faults while people submit and cancel, then peace, then the verdict."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from checker import check
from clients import Clients
from evidence import Evidence, gather
from history import History, Sampler
from installation import LEASE_SECONDS, Installation
from nemesis import FAULTS, Nemesis
from sqlalchemy import func, select

from backend.store.database import Database
from backend.store.models import Job
from backend.store.transitions import TERMINAL

Wait = Callable[..., object]
PEACE_SECONDS = 90.0
"""Until all jobs must be over once nobody disturbs: a lease, a sweep, an announcement while all are busy, the work."""


@dataclass(frozen=True)
class Verdict:
    """What a run showed."""

    seed: int
    history: History
    evidence: Evidence
    violations: list[str]
    unexpected: list[str]
    refused_writes: int
    peace_seconds: float

    @property
    def hits(self) -> dict[str, int]:
        """How often each kind of fault hit something."""
        return {what: count for what, count in self.history.counts.items() if what in FAULTS}

    @property
    def report(self) -> str:
        """All that is needed to repeat and to understand it."""
        wrong = "\n".join([*self.violations, *self.unexpected]) or "none"
        return f"SSENET_CHAOS_SEED={self.seed}\n{self.history}\nfaults {self.hits}\nviolations:\n{wrong}"


class Run:
    """Chaos on an installation.

    Args:
        folder: of the installation.
        seed: of the faults and the jobs.
        wait_until: the tests' own.
        workers: number of train workers.
        lease: seconds until a silent worker loses its job.
    """

    def __init__(
        self, folder: Path, seed: int, wait_until: Wait, *, workers: int = 3, lease: float = LEASE_SECONDS
    ) -> None:
        self.seed, self.history, self._wait_until = seed, History(), wait_until
        # Every other seed has a broker that keeps nothing: all it knew is lost with it.
        self.installation = Installation(folder, self.history, persistent=seed % 2 == 0, workers=workers, lease=lease)
        self.clients = Clients(self.installation.address, self.history, seed)
        self.nemesis = Nemesis(self.installation, self.clients, self.history, seed)
        self._random = random.Random(seed + 1)
        self._sampler = Sampler(Database(self.installation.settings.database))

    def __enter__(self) -> Run:
        try:
            self.installation.start(self._wait_until)
        except BaseException:
            self.installation.close()
            raise
        self._sampler.start()
        self.clients.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.clients.give_up()
        self.nemesis.relent()
        self._sampler.stop()
        self.installation.close()

    def suffer(self, seconds: float, *, strike_every: float = 1.5, submit_every: float = 2.0) -> None:
        """Submit and strike for so long."""
        over = time.monotonic() + seconds
        next_strike, next_job = time.monotonic() + 1.0, 0.0
        while (at := time.monotonic()) < over:
            self.installation.tend()
            self.nemesis.tick()
            if at >= next_job:
                self.clients.submit(self._random.randint(3, 9))
                next_job = at + submit_every
            if at >= next_strike:
                self.nemesis.strike()
                next_strike = at + self._random.uniform(0.3, 2) * strike_every
            time.sleep(0.02)

    def conclude(self) -> Verdict:
        """Peace until every job is over, then the verdict."""
        self.nemesis.relent()
        self.history.note("peace")
        began = time.monotonic()
        self._until(lambda: self.clients.answered and not self.unfinished)
        seconds = time.monotonic() - began
        self._until(lambda: not self.installation.trainers, 2 * LEASE_SECONDS)
        self._sampler.stop()
        evidence = self.evidence
        refused = self.installation.refused_writes
        return Verdict(self.seed, self.history, evidence, check(evidence), self.clients.unexpected, refused, seconds)

    def _until(self, condition: Callable[[], bool], seconds: float = PEACE_SECONDS) -> None:
        """Tend until ``condition`` holds; whether it ever did is for the checker to find out."""
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            self.installation.tend()
            time.sleep(0.1)

    @property
    def unfinished(self) -> int:
        """Number of jobs that are not over."""
        with self.installation.database.read() as session:
            return session.scalars(select(func.count()).where(Job.state.not_in(sorted(TERMINAL)))).one()

    @property
    def highest_fence(self) -> int:
        """How often the job that was claimed most often was claimed."""
        with self.installation.database.read() as session:
            return session.scalars(select(func.max(Job.fence))).one() or 0

    @property
    def evidence(self) -> Evidence:
        """The facts as they are now."""
        place = self.installation
        ended = self.history.of("kill worker", "kill pool child", "drain")
        return gather(
            place.database,
            place.artifacts,
            self.clients.accepted,
            unanswered=frozenset(self.clients.unanswered),
            samples=tuple(self._sampler.samples),
            leases_ended=tuple((str(h.facts["owner"]), h.at) for h in ended),
            leftovers=tuple(f"{p.pid} {p.status()}" for p in place.trainers),
        )
