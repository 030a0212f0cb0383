"""Jobs: what a client may submit, and what it sees of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.schemas.common import Answer
from backend.store.models import JobState
from ssenet.config import CamInferSettings, CamTrainSettings, Closed, EvaluateSettings, JobKind


class _Submission(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(
        default=None, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$", description="A name for people."
    )


class SubmitTraining(_Submission):
    """Train a CAM network."""

    kind: Literal["train_cam"]
    settings: CamTrainSettings


class SubmitCams(_Submission):
    """Write the CAMs of a split to disk."""

    kind: Literal["infer_cam"]
    settings: CamInferSettings


class SubmitEvaluation(_Submission):
    """Score a checkpoint's CAMs against masks."""

    kind: Literal["evaluate"]
    settings: EvaluateSettings


Submission = Annotated[SubmitTraining | SubmitCams | SubmitEvaluation, Field(discriminator="kind")]
StageSettings = CamTrainSettings | CamInferSettings | EvaluateSettings


def stored(settings: Closed) -> dict[str, Any]:
    """Settings as they are kept, with every default written out: defaults may change later."""
    return settings.model_dump(mode="json")


class JobProgress(Answer):
    """How far a job is."""

    done: int
    total: int
    unit: str
    message: str


class JobError(Answer):
    """Why a job failed."""

    message: str
    kind: str


class JobResult(Answer):
    """What a job made."""

    checkpoints: list[str] = Field(description="Ids, in the order of their steps.")
    evaluation: str | None = Field(description="Id of the newest evaluation of it or of its checkpoints.")


class Job(Answer):
    """A unit of work."""

    id: str
    kind: JobKind
    name: str | None
    state: JobState
    settings: dict[str, Any]
    progress: JobProgress | None
    attempts: int
    error: JobError | None
    result: JobResult | None
    parent_id: str | None = Field(description="The training that submitted it, or the job that it retries.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    eta_seconds: float | None = Field(description="Seconds until it is done, at its present pace.")
    cancel_requested: bool


class Event(Answer):
    """Something that happened in a job."""

    seq: int = Field(description="1, 2, 3 … without gaps.")
    type: str
    data: dict[str, Any]
    at: datetime


class Events(Answer):
    """Events after the given one."""

    items: list[Event]
    next: int = Field(description="Pass this as `after` to go on.")


class Estimate(Answer):
    """How long a job would take."""

    seconds: float
    basis: str = Field(description="What the estimate rests on.")
