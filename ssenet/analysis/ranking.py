"""Rankings: photographs sorted by what triage found about them, and filtered. Free of torch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from pydantic import ConfigDict, Field

from ssenet.analysis.triage_record import Range, TriageRecord, TriageRow, TriageSummary
from ssenet.config import Closed
from ssenet.errors import SettingsError
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
BINS = 24
"""Bins of a distribution."""


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


class Choice(Closed):
    """What to rank by, and which rows; None lets all pass."""

    model_config = ConfigDict(populate_by_name=True)

    sort: Measure = Field(default="inconsistency", description="Figure to rank by.")
    order: Order | None = Field(default=None, description="By default the strangest photographs come first.")
    class_name: str | None = Field(default=None, alias="class", max_length=200, description="Only this class.")
    size: Size | None = Field(default=None, description="Only objects of this size in the mask.")
    low: float | None = Field(default=None, alias="min", description="Only values of at least this.")
    high: float | None = Field(default=None, alias="max", description="Only values of at most this.")

    def check(self, record: TriageSummary) -> None:
        """Raise SettingsError when a ranking has no such figure, class or sizes."""
        if self.sort not in available(record):
            raise SettingsError(f"This ranking has no {self.sort}; it has {', '.join(available(record))}.")
        if self.class_name is not None and self.class_name not in record.classes:
            raise SettingsError(f"There is no class {self.class_name!r}; there are {', '.join(record.classes[:20])}.")
        if self.size is not None and record.size_limits is None:
            raise SettingsError("Without masks the sizes of objects are not known: choose none.")

    def protocol(self, measured: ProtocolCard) -> ProtocolCard:
        """How the ranking came about: a choice that looks at masks says so, whatever the figures rest on."""
        if not COLUMNS[self.sort].truth and self.size is None:
            return measured
        return measured.model_copy(update={"selection": "photographs are ranked or filtered with their masks"})

    def let_pass(self, row: TriageRow, limits: Range | None) -> bool:
        """Whether class and size fit; ``limits`` are the record's."""
        if self.class_name is not None and row.class_name != self.class_name:
            return False
        if self.size is None or limits is None or row.object_area is None:
            return self.size is None
        low, high = size_range(self.size, limits)
        return low < row.object_area <= high

    def within(self, value: float) -> bool:
        """Whether a value lies in the range."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Ranking:
    """Rows in their order.

    Attributes:
        rows: the first row of every photograph, in order.
        values: of the photographs that pass the filters by class and size, in order, whatever the range.
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


def rank(record: TriageRecord, choice: Choice) -> Ranking:
    """Sort photographs by a figure; a photograph stands where its first row does.

    Raises:
        SettingsError: the record has no such figure, class or sizes.
    """
    choice.check(record)
    passing = [row for row in record.rows if choice.let_pass(row, record.size_limits)]
    known = [(value, row) for row in passing if (value := figure(row, choice.sort)) is not None]
    sign = -1 if (choice.order or COLUMNS[choice.sort].order) == "descending" else 1
    known.sort(key=lambda item: (sign * item[0], item[1].index, item[1].class_name))
    first: dict[int, tuple[float, TriageRow]] = {}
    for value, row in known:
        first.setdefault(row.index, (value, row))
    kept = tuple(row for value, row in first.values() if choice.within(value))
    return Ranking(kept, tuple(value for value, _ in first.values()), len(passing) - len(known))


def distribution(values: Sequence[float]) -> tuple[list[float], list[int]]:
    """Edges (BINS + 1) and counts (BINS) over [0, 1], or up to the largest value where one is larger."""
    counts, edges = np.histogram(np.array(values), bins=BINS, range=(0.0, max(1.0, *values, 0.0)))
    return [float(edge) for edge in edges], [int(count) for count in counts]


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
