"""Jobs and pipelines: work, and how it stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from frontend.schemas.common import Answer
from ssenet.config import JobKind

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
StageState = Literal["waiting", "queued", "running", "succeeded", "failed", "cancelled"]


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
    set: str | None = None
    score: str | None = None
    ranking: str | None = None


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
    pipeline_id: str | None = None
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


class StageResult(Answer):
    """Ids of what a stage of a pipeline made."""

    checkpoint: str | None = None
    set: str | None = None
    evaluation: str | None = None
    score: str | None = None


class PipelineStage(Answer):
    """One stage of a pipeline and how it stands."""

    name: JobKind
    state: StageState
    reused: bool = False
    job: Job | None = None
    result: StageResult | None = None


class Pipeline(Answer):
    """A pipeline, its stages in order."""

    id: str
    name: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    dataset: str = ""
    state: JobState
    stages: tuple[PipelineStage, ...]
    failed_stage: JobKind | None = None
    created_at: datetime
    finished_at: datetime | None = None

    @property
    def terminal(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("succeeded", "failed", "cancelled")

    @property
    def title(self) -> str:
        """Its name, or what it is."""
        return self.name or f"pipeline {self.id[:8]}"

    def stage(self, name: str | None) -> PipelineStage | None:
        """The stage of that name, if it has one."""
        return next((stage for stage in self.stages if stage.name == name), None)

    def result(self, name: JobKind) -> StageResult:
        """What the stage made; all empty when it made nothing yet."""
        stage = self.stage(name)
        return (stage.result if stage else None) or StageResult()


class StageEstimate(Answer):
    """How long one stage would take, and what that is based on."""

    name: JobKind
    seconds: float
    basis: str = ""


class PipelineEstimate(Estimate):
    """How long a pipeline would take, stage by stage."""

    stages: tuple[StageEstimate, ...] = ()


def _aware(moment: datetime) -> datetime:
    """``moment`` as UTC when it names no zone (SQLite keeps none)."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
