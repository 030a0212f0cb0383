"""What triage found about the photographs of a split: one row for every class of every photograph. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ssenet.lineage import Step
from ssenet.results import ProtocolCard

Range = tuple[float, float]


class NetworkFigures(BaseModel):
    """What was measured on the maps of one class by one network."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    score: float = Field(description="Probability that the network gives the class.")
    inconsistency: float | None = Field(description="1 - mean soft IoU over all pairs of scales; None: no response.")
    area: float = Field(description="Share of the photograph where the MS map is above α.")
    agreement: tuple[float, ...] = Field(
        description="How far the scales agree at each α of the record, above chance (ssenet.analysis.suggest)."
    )
    iou: float | None = Field(default=None, description="Against the mask, at α; None: no mask, or nothing to compare.")
    fn_ratio: float | None = Field(default=None, description="FN/TP; None without a true positive.")
    fp_ratio: float | None = Field(default=None, description="FP/TP; None without a true positive.")


class TriageRow(BaseModel):
    """One class of one photograph."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    index: int = Field(ge=0, description="Number of the photograph in its split, from 0.")
    image_id: str
    class_name: str
    a: NetworkFigures
    b: NetworkFigures | None = None
    disagreement: float | None = Field(default=None, description="1 - soft IoU of the MS maps of A and B.")
    disagreement_at_alpha: float | None = Field(default=None, description="1 - IoU of what is above α in A and B.")
    object_area: float | None = Field(default=None, description="Share of the photograph in the mask; 0: not there.")


class TriageSummary(BaseModel):
    """A ranking without its rows: what was measured, on what, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal[1] = 1
    checkpoint: str = Field(description="Name of network A.")
    other: str | None = Field(default=None, description="Name of network B.")
    classes: tuple[str, ...]
    images: int = Field(ge=1, description="Photographs that were measured.")
    measured: int = Field(ge=0, description="Classes of photographs that were measured.")
    without_class: int = Field(ge=0, description="Photographs in which no class is predicted, or given.")
    masks: bool = Field(description="Whether the maps were compared with masks.")
    alpha: float
    side: int = Field(description="Long side of the maps that were measured without masks, in pixels.")
    size_limits: Range | None = Field(
        description="Areas, as fractions of the photograph, up to which small and medium objects go: thirds."
    )
    alphas: tuple[float, ...] = Field(description="Thresholds of `agreement`.")
    agreement: tuple[float, ...] = Field(description="Of A, mean over all rows; empty without any.")
    agreement_b: tuple[float, ...] = Field(default=(), description="Of B.")
    protocol: ProtocolCard
    protocol_b: ProtocolCard | None = None
    lineage: tuple[Step, ...] = ()
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class TriageRecord(TriageSummary):
    """A whole ranking."""

    rows: tuple[TriageRow, ...]

    @model_validator(mode="after")
    def _whole(self) -> TriageRecord:
        if self.measured != len(self.rows):
            raise ValueError(f"{len(self.rows)} rows, and {self.measured} were measured")
        if any(row.index >= self.images or row.class_name not in self.classes for row in self.rows):
            raise ValueError("a row is of a photograph or of a class that the ranking does not have")
        return self

    @property
    def summary(self) -> TriageSummary:
        """The same without the rows."""
        return TriageSummary.model_validate(self.model_dump(exclude={"rows"}))


def mean_agreement(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Mean over rows (n, G) at each α; empty without rows."""
    return tuple(float(mean) for mean in np.mean(rows, axis=0)) if rows else ()


def suggested_alpha(alphas: Sequence[float], agreement: Sequence[float]) -> float | None:
    """The α at which the scales agree most, above chance; None where they never do."""
    if not agreement or max(agreement) <= 0:
        return None
    return alphas[int(np.argmax(agreement))]
