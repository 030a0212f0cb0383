"""Pipelines: what a client may submit, and what it sees of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.schemas.common import Answer
from backend.schemas.jobs import Job, Name
from backend.store.pipeline_control import PipelineState
from ssenet.config import JobKind, PipelineSettings

StageState = Literal["waiting", "queued", "running", "succeeded", "failed", "cancelled"]


class EstimatePipeline(BaseModel):
    """Settings of the whole pipeline."""

    model_config = ConfigDict(extra="forbid")

    settings: PipelineSettings


class SubmitPipeline(EstimatePipeline):
    """Run the pipeline."""

    name: Name = None


class StageResult(Answer):
    """What a finished stage made, by id."""

    checkpoint: str | None
    set: str | None
    evaluation: str | None
    score: str | None


class PipelineStage(Answer):
    """A stage with the job that does it."""

    name: JobKind
    state: StageState = Field(description="waiting: it has no job yet, as a stage before it has not finished.")
    reused: bool = Field(description="The job was submitted for something else that needed the same.")
    job: Job | None
    result: StageResult | None


class Pipeline(Answer):
    """Stages that feed one another, first to last."""

    id: str
    name: str | None
    settings: dict[str, Any]
    dataset: str
    state: PipelineState
    stages: list[PipelineStage]
    failed_stage: JobKind | None = Field(description="The first stage that failed.")
    created_at: datetime
    finished_at: datetime | None


class StageEstimate(Answer):
    """How long one stage would take."""

    name: JobKind
    seconds: float
    basis: str


class PipelineEstimate(Answer):
    """How long a pipeline would take, were nothing of it done yet."""

    seconds: float
    basis: str = Field(description="What the estimate rests on.")
    stages: list[StageEstimate]
