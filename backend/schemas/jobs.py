"""Jobs: what a client may submit, and what it sees of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.schemas.common import Answer
from backend.store.models import JobState
from ssenet.config import (
    AffinityTrainSettings,
    CamInferSettings,
    CamTrainSettings,
    CrfSettings,
    EvaluateSettings,
    JobKind,
    PseudoLabelSettings,
    SegmentationTestSettings,
    SegmentationTrainSettings,
    TriageSettings,
    WalkSettings,
)

Name = Annotated[
    str | None,
    Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$", description="A name for people."),
]


class _Submission(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name = None


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


class SubmitCrf(_Submission):
    """Refine a set of CAMs with a dense CRF under two backgrounds."""

    kind: Literal["crf"]
    settings: CrfSettings


class SubmitAffinityTraining(_Submission):
    """Train AffinityNet."""

    kind: Literal["train_affinity"]
    settings: AffinityTrainSettings


class SubmitWalk(_Submission):
    """Let a set of CAMs walk along affinities."""

    kind: Literal["random_walk"]
    settings: WalkSettings


class SubmitPseudoLabels(_Submission):
    """Make pseudo-labels of score maps."""

    kind: Literal["pseudo_labels"]
    settings: PseudoLabelSettings


class SubmitSegmentationTraining(_Submission):
    """Train a segmentation network on pseudo-labels."""

    kind: Literal["train_segmentation"]
    settings: SegmentationTrainSettings


class SubmitSegmentationTest(_Submission):
    """Predict a split with a segmentation network, and score it where it has masks."""

    kind: Literal["evaluate_segmentation"]
    settings: SegmentationTestSettings


class SubmitTriage(_Submission):
    """Measure every photograph of a split, so that the strangest can be looked at first."""

    kind: Literal["triage"]
    settings: TriageSettings


Submission = Annotated[
    SubmitTraining
    | SubmitCams
    | SubmitEvaluation
    | SubmitCrf
    | SubmitAffinityTraining
    | SubmitWalk
    | SubmitPseudoLabels
    | SubmitSegmentationTraining
    | SubmitSegmentationTest
    | SubmitTriage,
    Field(discriminator="kind"),
]


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
    set: str | None = Field(description="Id of the set that it made.")
    score: str | None = Field(description="Id of the score of its label maps.")
    ranking: str | None = Field(description="Id of the ranking of photographs that it made.")


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
    pipeline_id: str | None = Field(description="The pipeline that it is a stage of.")
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
