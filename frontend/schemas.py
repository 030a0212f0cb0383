"""What the API answers, typed. Unknown keys are ignored, so that an older page understands a newer API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ssenet.results import CheckpointCard, EvaluationRecord

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Readiness(Answer):
    """Whether every part of the service can work."""

    ready: bool = False
    database: str = "unknown"
    broker: str = "unknown"
    workers: dict[str, int] = Field(default_factory=dict)
    infer_warm: bool = False


class Image(Answer):
    """A photograph the service holds."""

    id: str
    width: int
    height: int
    name: str = ""
    source: str = ""
    title: str | None = None
    author: str | None = None
    licence: str | None = None
    origin: str | None = None
    labels: tuple[str, ...] = ()

    @property
    def caption(self) -> str:
        """The best name for people."""
        return self.title or self.name or f"image {self.id[:8]}"


class Dataset(Answer):
    """A data set the operator registered."""

    id: str
    name: str
    kind: str = ""
    classes: tuple[str, ...] = ()
    splits: dict[str, int] = Field(default_factory=dict)
    has_masks: bool = False
    label_source: str = ""


class Checkpoint(Answer):
    """Weights and their card."""

    id: str
    name: str
    builtin: bool = False
    final: bool = True
    job_id: str | None = None
    epoch: int | None = None
    card: CheckpointCard
    created_at: datetime | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Foreground classes, in the order of the maps."""
        return self.card.classes


class Progress(Answer):
    """How far a job is."""

    done: int = 0
    total: int = 0
    unit: str = ""
    message: str = ""

    @property
    def fraction(self) -> float:
        """Share done, in [0, 1]."""
        return min(1.0, self.done / self.total) if self.total else 0.0


class JobError(Answer):
    """Why a job failed, in words."""

    message: str = ""
    kind: str = ""


class JobResult(Answer):
    """What a job left."""

    checkpoints: tuple[str, ...] = ()
    evaluation: str | None = None


class Job(Answer):
    """One piece of work and how it stands."""

    id: str
    kind: str
    name: str | None = None
    state: JobState
    settings: dict[str, Any] = Field(default_factory=dict)
    progress: Progress | None = None
    attempts: int = 0
    error: JobError | None = None
    result: JobResult | None = None
    parent_id: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    eta_seconds: float | None = None
    cancel_requested: bool = False

    @property
    def terminal(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("succeeded", "failed", "cancelled")

    @property
    def title(self) -> str:
        """Its name, or what it is."""
        return self.name or f"{self.kind.replace('_', ' ')} {self.id[:8]}"

    def seconds(self, now: datetime | None = None) -> float | None:
        """How long it ran, or has been running; None before it started."""
        if self.started_at is None:
            return None
        end = self.finished_at or now or datetime.now(UTC)
        return max(0.0, (_aware(end) - _aware(self.started_at)).total_seconds())


class Event(Answer):
    """One line of a job's history."""

    seq: int
    type: str
    data: dict[str, Any] = Field(default_factory=dict)
    at: datetime


class Estimate(Answer):
    """How long a job would take, and what that is based on."""

    seconds: float
    basis: str = ""


class Evaluation(Answer):
    """One scoring of a checkpoint on a data set."""

    id: str
    checkpoint_id: str
    dataset_id: str = ""
    job_id: str | None = None
    record: EvaluationRecord
    created_at: datetime | None = None


class CurveRow(Answer):
    """Curves of one row (a single scale, or MS) over all α."""

    row: str
    miou: list[float | None]
    m_fn: list[float | None]
    m_fp: list[float | None]
    undefined: list[int]


class Curves(Answer):
    """All curves of an evaluation."""

    alpha: list[float]
    rows: list[CurveRow]
    record: EvaluationRecord


def _aware(moment: datetime) -> datetime:
    """``moment`` as UTC when it names no zone (SQLite keeps none)."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
