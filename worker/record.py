"""From a child's events to rows, in their order and guarded by the claim's fence."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select

from backend.store import job_records
from backend.store.artifacts import ArtifactStore
from backend.store.database import Database
from backend.store.models import JobEvent
from backend.store.transitions import Claim
from worker.lease import Lease
from worker.results import RESULTS, Results
from worker.trainer import Event

_NOTED = frozenset({"metrics", "epoch", "state"})
_STEPPED = frozenset({"metrics", "epoch"})
_PERIOD = 1.0


def _latest(job_id: str, kind: str) -> Select[JobEvent]:
    of_kind = select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.type == kind)
    return of_kind.order_by(JobEvent.seq.desc()).limit(1)


class Pace:
    """How fast a child works, from its first sign of progress on: loading does not count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, int] | None = None
        self._last: tuple[float, int] = (0.0, 0)
        self._unit = ""

    def count(self, done: int, unit: str) -> None:
        """The child has ``done`` so many units."""
        if self._first is None or unit != self._unit:
            self._first, self._unit = (self._clock(), done), unit
        self._last = (self._clock(), done)

    def summary(self) -> dict[str, Any]:
        """Units done in this attempt, and how many a second; empty when too little was seen."""
        if self._first is None or self._last[0] <= self._first[0] or self._last[1] <= self._first[1]:
            return {}
        done, seconds = self._last[1] - self._first[1], self._last[0] - self._first[0]
        return {"done": done, "unit": self._unit, "per_second": done / seconds}


class Recorder:
    """Commits the events of one attempt in their order.

    Results go in at once; progress and metrics about once a second, many in one transaction. An event leaves
    the queue only when it is committed, so that a database that is away for a while costs nothing.

    Args:
        database: where the job lives.
        artifacts: where results go.
        claim: the right to write.
        folder: the attempt's folder, that the paths in events are relative to.
        lease: the claim's, which each result renews.
    """

    def __init__(
        self, database: Database, artifacts: ArtifactStore, claim: Claim, folder: Path, lease: Lease | None = None
    ) -> None:
        self._database, self._claim = database, claim
        self._results = Results(database, artifacts, claim, folder, lease)
        self._pending: deque[Event] = deque()
        self._progress: Event | None = None
        self._flushed = 0.0
        self._pace = Pace()
        self._seen: dict[str, int] = {}
        self.error: str | None = None
        self.error_kind: str | None = None

    def look_back(self) -> None:
        """Find out what earlier attempts recorded, so as not to record it again."""
        self._seen = self._recorded_steps() if self._claim.fence > 1 else {}

    def take(self, event: Event) -> None:
        """Accept an event; nothing is written yet."""
        kind = event["type"]
        if kind == "progress":
            self._progress = event
            self._pace.count(int(event["done"]), str(event["unit"]))
        elif kind == "error":
            self.blame(str(event.get("message", "")), event.get("kind"))
        elif kind in RESULTS or (kind in _NOTED and not self._repeats(event)):
            self._pending.append(event)

    def blame(self, message: str, kind: str | None = None) -> None:
        """Why the attempt failed, in words for people, and the short code of it when it has one."""
        self.error, self.error_kind = message, kind

    def _repeats(self, event: Event) -> bool:
        """Whether an earlier attempt recorded this step before it died: the steps since its last state come again."""
        return bool(event.get("step", 0) <= self._seen.get(event["type"], -1))

    def _recorded_steps(self) -> dict[str, int]:
        """The last step of each kind of event that earlier attempts recorded."""
        with self._database.read() as session:
            latest = [session.scalars(_latest(self._claim.job_id, kind)).first() for kind in _STEPPED]
        return {event.type: int(event.data["step"]) for event in latest if event is not None}

    @property
    def _due(self) -> bool:
        waited = time.monotonic() - self._flushed >= _PERIOD
        return any(event["type"] in RESULTS for event in self._pending) or (
            waited and bool(self._pending or self._progress)
        )

    def measured(self, seconds: float) -> dict[str, Any]:
        """What the attempt took, for later estimates: its wall time, and its work by the child's own count."""
        return {"seconds": round(seconds, 3), **self._pace.summary()}

    def flush(self, *, everything: bool = False) -> None:
        """Write what is due.

        Raises:
            LeaseLost: the job is no longer owned.
            ProtocolError: a result is not what its event says.
            sqlalchemy.exc.OperationalError: the database is away; call again.
        """
        if not (everything or self._due):
            return
        while self._pending:
            if self._pending[0]["type"] in RESULTS:
                self._results.commit(self._pending[0])
                self._pending.popleft()
            else:
                self._note()
        self._write_progress()
        self._flushed = time.monotonic()

    def drop(self) -> None:
        """Leave out the result that ``flush`` just refused."""
        self._pending.popleft()

    def _note(self) -> None:
        """Append all events up to the next result in one transaction."""
        batch: list[Event] = []
        for event in self._pending:
            if event["type"] in RESULTS:
                break
            batch.append(event)
        rows = [(e["type"], {key: value for key, value in e.items() if key != "type"}) for e in batch]
        with self._database.write() as session:
            job_records.add_events(session, self._claim, rows)
        for _ in batch:
            self._pending.popleft()

    def _write_progress(self) -> None:
        if self._progress is None:
            return
        p = self._progress
        with self._database.write() as session:
            job_records.progress(
                session, self._claim, int(p["done"]), int(p["total"]), str(p["unit"]), str(p.get("message", ""))
            )
        self._progress = None
