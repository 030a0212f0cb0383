"""Rankings: what triage found about every photograph, and how it is sorted and filtered."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ssenet.lineage import Step
from ssenet.results import ProtocolCard

Measure = Literal[
    "inconsistency",
    "inconsistency_b",
    "disagreement",
    "disagreement_at_alpha",
    "iou",
    "iou_b",
    "fn_ratio",
    "fp_ratio",
    "score",
    "area",
    "object_area",
]
Order = Literal["descending", "ascending"]
Size = Literal["small", "medium", "large"]
Range = tuple[float, float]
BINS = 24
"""Bins of a distribution."""


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

    @property
    def summary(self) -> TriageSummary:
        """The same without the rows."""
        return TriageSummary.model_validate(self.model_dump(exclude={"rows"}))


@dataclass(frozen=True)
class Column:
    """A figure that photographs can be ranked by.

    Attributes:
        title: for people.
        most: what the first photographs of the ranking are: “the most … photographs”.
        order: in which the strangest photographs come first.
        networks: how many it takes.
        truth: whether it compares with ground truth.
    """

    title: str
    most: str
    order: Order = "descending"
    networks: int = 1
    truth: bool = False


COLUMNS: dict[Measure, Column] = {
    "inconsistency": Column("Scale inconsistency", "most inconsistent"),
    "inconsistency_b": Column("Scale inconsistency of B", "most inconsistent in B", networks=2),
    "disagreement": Column("Disagreement of A and B", "most disputed", networks=2),
    "disagreement_at_alpha": Column("Disagreement at α", "most disputed at α", networks=2),
    "iou": Column("IoU", "worst covered", "ascending", truth=True),
    "iou_b": Column("IoU of B", "worst covered by B", "ascending", networks=2, truth=True),
    "fn_ratio": Column("FN/TP", "most left out", truth=True),
    "fp_ratio": Column("FP/TP", "most over-covered", truth=True),
    "score": Column("Class score", "least certain", "ascending"),
    "area": Column("Area above α", "most covered"),
    "object_area": Column("Object size", "largest", truth=True),
}


def figure(row: TriageRow, name: str) -> float | None:
    """A figure of a row by its name in ``HEADER``; of network B with ``_b`` after it. None where it is undefined."""
    if name in TriageRow.model_fields:
        return getattr(row, name)
    network = row.b if name.endswith("_b") else row.a
    return getattr(network, name.removesuffix("_b")) if network else None


@dataclass(frozen=True)
class Filters:
    """Which rows are ranked; None lets all pass.

    Attributes:
        class_name: only this class.
        area: only objects above the first and up to the second fraction of the photograph.
        low: only values of at least this.
        high: only values of at most this.
    """

    class_name: str | None = None
    area: Range | None = None
    low: float | None = None
    high: float | None = None

    def let_pass(self, row: TriageRow) -> bool:
        """Whether class and area fit."""
        if self.class_name is not None and row.class_name != self.class_name:
            return False
        area = row.object_area
        return self.area is None or (area is not None and self.area[0] < area <= self.area[1])

    def within(self, value: float) -> bool:
        """Whether a value lies in the range."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Ranking:
    """Rows in their order.

    Attributes:
        rows: the first row of every photograph, in order.
        values: of the photographs that pass the filters by class and area, in order, whatever the range.
        undefined: rows that pass those filters and have no value.
    """

    rows: tuple[TriageRow, ...]
    values: tuple[float, ...]
    undefined: int


def size_range(size: Size, limits: Range) -> Range:
    """The areas of objects of a size: above the first, up to the second; an object that is not there has none."""
    ranges: dict[Size, Range] = {"small": (0.0, limits[0]), "medium": limits, "large": (limits[1], 1.0)}
    return ranges[size]


def available(record: TriageSummary) -> list[Measure]:
    """What a ranking can be sorted by: not everything takes one network and no mask."""
    names: tuple[Measure, ...] = get_args(Measure)
    networks = 1 if record.other is None else 2
    return [n for n in names if COLUMNS[n].networks <= networks and (record.masks or not COLUMNS[n].truth)]


def rank(rows: Iterable[TriageRow], by: Measure, order: Order | None = None, filters: Filters | None = None) -> Ranking:
    """Sort photographs by a figure; a photograph stands where its first row does.

    Args:
        rows: of a record.
        by: the figure.
        order: None puts the strangest photographs first.
        filters: which rows to rank.
    """
    chosen = filters or Filters()
    passing = [row for row in rows if chosen.let_pass(row)]
    known = [(value, row) for row in passing if (value := figure(row, by)) is not None]
    sign = -1 if (order or COLUMNS[by].order) == "descending" else 1
    known.sort(key=lambda item: (sign * item[0], item[1].index, item[1].class_name))
    first: dict[int, tuple[float, TriageRow]] = {}
    for value, row in known:
        first.setdefault(row.index, (value, row))
    kept = tuple(row for value, row in first.values() if chosen.within(value))
    return Ranking(kept, tuple(value for value, _ in first.values()), len(passing) - len(known))


def distribution(values: Sequence[float]) -> tuple[list[float], list[int]]:
    """Edges (BINS + 1) and counts (BINS) over [0, 1], or up to the largest value where one is larger."""
    counts, edges = np.histogram(np.array(values), bins=BINS, range=(0.0, max(1.0, *values, 0.0)))
    return [float(edge) for edge in edges], [int(count) for count in counts]


def mean_agreement(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Mean over rows (n, G) at each α; empty without rows."""
    return tuple(float(mean) for mean in np.mean(rows, axis=0)) if rows else ()


def suggested_alpha(alphas: Sequence[float], agreement: Sequence[float]) -> float | None:
    """The α at which the scales agree most, above chance; None where they never do."""
    if not agreement or max(agreement) <= 0:
        return None
    return alphas[int(np.argmax(agreement))]


HEADER = (
    "index", "image_id", "class", "inconsistency", "inconsistency_b", "disagreement", "disagreement_at_alpha",
    "score", "score_b", "area", "area_b", "object_area", "iou", "iou_b", "fn_ratio", "fn_ratio_b", "fp_ratio",
    "fp_ratio_b",
)  # fmt: skip


def csv_of(rows: Iterable[TriageRow]) -> str:
    """Rows as CSV; an undefined value is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(HEADER)
    for row in rows:
        writer.writerow([row.index, row.image_id, row.class_name, *(_number(figure(row, name)) for name in HEADER[3:])])
    return buffer.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
