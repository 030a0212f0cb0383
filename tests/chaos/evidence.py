"""What is left of a run: rows, files, samples and processes, as plain facts that the checker reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from history import Sample
from sqlalchemy import select

from backend.store.artifacts import ArtifactStore
from backend.store.checkpoints import weights_file
from backend.store.database import Database
from backend.store.models import Checkpoint, Evaluation, Job, JobEvent

TRAININGS = ("train_cam",)


@dataclass(frozen=True)
class JobFact:
    """A job's row; ``steps`` and ``epochs`` are how many it was to take, None when it is no training."""

    id: str
    kind: str
    state: str
    fence: int
    attempts: int
    parent: str | None
    key: str | None
    steps: int | None
    epochs: int | None
    evaluations: int


@dataclass(frozen=True)
class EventFact:
    """An event, with the fence that the row had at that time."""

    job_id: str
    seq: int
    fence: int
    type: str
    data: Mapping[str, Any]
    at: float


@dataclass(frozen=True)
class CheckpointFact:
    """A checkpoint's row, and the hash of its file; None when the file is not there."""

    id: str
    job_id: str
    epoch: int
    name: str
    promised_sha: str
    found_sha: str | None


@dataclass(frozen=True)
class Evidence:
    """All that the checker judges by.

    Attributes:
        accepted: ids of the jobs that were answered with 202, by idempotency key.
        unanswered: keys that were sent and never answered: such a job may be there or not.
        files: paths under ``artifacts/jobs``.
        leases_ended: (owner, time): its pool child was killed, so that its leases may end before they expire.
        leftovers: processes that still live although every job is over.
    """

    accepted: Mapping[str, str]
    unanswered: frozenset[str] = frozenset()
    jobs: tuple[JobFact, ...] = ()
    events: tuple[EventFact, ...] = ()
    checkpoints: tuple[CheckpointFact, ...] = ()
    files: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()
    leases_ended: tuple[tuple[str, float], ...] = ()
    leftovers: tuple[str, ...] = field(default_factory=tuple)

    def events_of(self, job_id: str, *types: str) -> list[EventFact]:
        """Events of a job in their order; of all types when none is named."""
        of_job = [e for e in self.events if e.job_id == job_id and (not types or e.type in types)]
        return sorted(of_job, key=lambda event: event.seq)

    def states_of(self, job_id: str) -> list[EventFact]:
        """A job's changes of state in their order; a trainer's "state" is a file that it saved and none of them."""
        return [event for event in self.events_of(job_id, "state") if "state" in event.data]


def a_step_an_epoch(settings: Mapping[str, Any]) -> int:
    """How many steps the stand-in child takes."""
    return int(settings["epochs"])


def gather(
    database: Database,
    artifacts: ArtifactStore,
    accepted: Mapping[str, str],
    steps_of: Callable[[Mapping[str, Any]], int] = a_step_an_epoch,
    **seen: Any,
) -> Evidence:
    """The facts of an installation at rest; ``seen`` are the further fields of ``Evidence``."""
    with database.read() as session:
        jobs = session.scalars(select(Job)).all()
        events = session.scalars(select(JobEvent)).all()
        checkpoints = session.scalars(select(Checkpoint).where(Checkpoint.job_id.is_not(None))).all()
        evaluated = [row for row in session.scalars(select(Evaluation.job_id)) if row is not None]
    return Evidence(
        accepted=dict(accepted),
        jobs=tuple(_job(row, evaluated.count(row.id), steps_of) for row in jobs),
        events=tuple(EventFact(e.job_id, e.seq, e.fence, e.type, e.data, e.at) for e in events),
        checkpoints=tuple(_checkpoint(row, artifacts) for row in checkpoints),
        files=tuple(_files(artifacts.root / "jobs")),
        **seen,
    )


def _job(row: Job, evaluations: int, steps_of: Callable[[Mapping[str, Any]], int]) -> JobFact:
    training = row.kind in TRAININGS
    steps, epochs = (steps_of(row.settings), int(row.settings["epochs"])) if training else (None, None)
    key = row.idempotency_key.rsplit(":", 1)[-1] if row.idempotency_key else None  # without whose key it is
    return JobFact(row.id, row.kind, row.state, row.fence, row.attempts, row.parent_id, key, steps, epochs, evaluations)


def _checkpoint(row: Checkpoint, artifacts: ArtifactStore) -> CheckpointFact:
    path, found = weights_file(row, artifacts), None
    if path.is_file():
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    return CheckpointFact(
        row.id, row.job_id or "", row.epoch or 0, str(row.card["name"]), str(row.card["weights_sha256"]), found
    )


def _files(root: Path) -> Iterable[str]:
    return (path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if not path.is_dir())
