"""Sets of maps and of masks, and the scores of label maps."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from backend.schemas.common import Answer
from ssenet.config import SetKind
from ssenet.lineage import Step
from ssenet.results import ProtocolCard
from ssenet.scores import Subject

Picture = Literal["photo", "labels", "map", "truth"]
Variant = Literal["low", "high"]


class Set(Answer):
    """One typed file an image."""

    id: str
    kind: SetKind
    name: str
    job_id: str
    dataset: str
    split: str
    images: int
    classes: list[str]
    key: str = Field(description="Content key: equal keys are equal sets.")
    subject: Subject | None = Field(description="Of masks: what they are.")
    lineage: list[Step] = Field(description="The steps that led to it, its own last.")
    size: int = Field(description="Bytes of all items.")
    created_at: datetime


class SetDetail(Set):
    """A set with its images."""

    image_ids: list[str] = Field(description="In the order of the items' numbers.")


class Score(Answer):
    """Agreement of label maps with ground truth; percentages are of 0 to 100."""

    id: str
    subject: Subject
    job_id: str
    set_id: str | None
    checkpoint_id: str | None
    dataset: str
    miou: float = Field(description="Percent, mean over background and classes.")
    iou: dict[str, float] = Field(description="Percent by class, background first.")
    m_fn: float | None = Field(description="Eq. 5; null without a true positive.")
    m_fp: float | None = Field(description="Eq. 6; null without a true positive.")
    coverage: float | None = Field(description="Share of pixels that pseudo-labels do not ignore, from 0 to 1.")
    protocol: ProtocolCard
    lineage: list[Step]
    images: int
    created_at: datetime
