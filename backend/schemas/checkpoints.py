"""Checkpoints."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from backend.schemas.common import Answer
from ssenet.config import NetworkRole
from ssenet.results import CheckpointCard


class Checkpoint(Answer):
    """Weights with their card."""

    id: str
    name: str
    builtin: bool
    final: bool = Field(description="Whether it is the last one of its training.")
    job_id: str | None
    epoch: int | None
    role: NetworkRole = Field(description="What the network is for.")
    card: CheckpointCard
    size: int = Field(description="Bytes of the weights.")
    created_at: datetime


class CheckpointDependents(Answer):
    """What depends on a checkpoint."""

    evaluations: int
    rankings: int
    running_jobs: int
    confirm: str = Field(description="Token that DELETE takes; it changes when what depends changes.")
    text: str
