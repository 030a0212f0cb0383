"""What happened in a run, in order: what a failure prints so that a person can follow it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from backend.store.database import Database
from backend.store.models import Job

_SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Happening:
    """Something that was done, and to what; ``at`` in seconds since 1970, as leases and events count."""

    at: float
    what: str
    facts: dict[str, Any]


class History:
    """A list that several threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._happenings: list[Happening] = []

    def note(self, what: str, **facts: Any) -> None:
        """Something happened just now."""
        with self._lock:
            self._happenings.append(Happening(time.time(), what, facts))

    def of(self, *kinds: str) -> list[Happening]:
        """All that happened of some kinds."""
        with self._lock:
            return [happening for happening in self._happenings if happening.what in kinds]

    @property
    def counts(self) -> dict[str, int]:
        """How often each kind of thing happened."""
        with self._lock:
            return dict(Counter(happening.what for happening in self._happenings))

    def __str__(self) -> str:
        """One line a happening, with the seconds since the first."""
        with self._lock:
            began = self._happenings[0].at if self._happenings else 0.0
            lines = [f"{h.at - began:7.2f} {h.what} {h.facts}" for h in self._happenings]
        return "\n".join(lines)


@dataclass(frozen=True)
class Sample:
    """A job's row as somebody saw it from outside at ``at``."""

    at: float
    job_id: str
    state: str
    fence: int
    attempts: int
    owner: str | None
    expires: float | None


@dataclass
class Sampler:
    """A thread that looks at all jobs many times a second, and keeps what changed.

    Args:
        database: connections of its own.
    """

    database: Database
    samples: list[Sample] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after a last look."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=15)
        self.database.dispose()

    def _run(self) -> None:
        last: dict[str, tuple[Any, ...]] = {}
        while True:
            over = self._stop.wait(_SAMPLE_SECONDS)
            try:
                self._look(last)
            except SQLAlchemyError:  # the run goes on without this look
                continue
            if over:
                return

    def _look(self, last: dict[str, tuple[Any, ...]]) -> None:
        columns = (Job.id, Job.state, Job.fence, Job.attempts, Job.lease_owner, Job.lease_expires_at)
        with self.database.read() as session:
            rows = session.execute(select(*columns)).all()
        at = time.time()
        for row in rows:
            if last.get(row[0]) != tuple(row):
                last[row[0]] = tuple(row)
                self.samples.append(Sample(at, *row))
