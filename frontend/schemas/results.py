"""Results: evaluations of CAMs, sets of maps and labels, scores of label maps, tables."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from frontend.schemas.common import Answer
from ssenet.config import SetKind
from ssenet.lineage import Step
from ssenet.results import EvaluationRecord, ProtocolCard


class SummaryRow(Answer):
    """Figures of one row of an evaluation; mIoU as fractions."""

    row: str
    best_alpha: float
    best_miou: float
    miou_at_0_2: float | None = None


class Evaluation(Answer):
    """One scoring of a checkpoint on a data set."""

    id: str
    checkpoint_id: str
    dataset_id: str = ""
    job_id: str | None = None
    record: EvaluationRecord
    summary: tuple[SummaryRow, ...] = ()
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


class ImageSet(Answer):
    """One map, or one mask, of every image of a split."""

    id: str
    kind: SetKind
    name: str = ""
    job_id: str | None = None
    dataset: str = ""
    split: str = ""
    images: int = 0
    classes: tuple[str, ...] = ()
    image_ids: tuple[str, ...] = Field(default=(), description="Only when one set is asked for.")
    key: str = ""
    subject: str | None = None
    lineage: tuple[Step, ...] = ()
    size: int = 0
    created_at: datetime | None = None


class Score(Answer):
    """How well label maps agree with the ground truth; percentages."""

    id: str
    subject: str
    job_id: str | None = None
    set_id: str | None = None
    checkpoint_id: str | None = None
    dataset: str = ""
    miou: float
    iou: dict[str, float] = Field(default_factory=dict, description="By class, background first.")
    m_fn: float | None = None
    m_fp: float | None = None
    coverage: float | None = None
    protocol: ProtocolCard
    lineage: tuple[Step, ...] = ()
    images: int = 0
    created_at: datetime | None = None


class Cell(Answer):
    """A figure of a table: of runs here, or the paper's."""

    value: float | None = None
    spread: float | None = None
    runs: int = 0
    source: Literal["own", "paper"] = "own"


class TableRow(Answer):
    """A row of a table."""

    label: str
    cells: tuple[Cell, ...]


class Table(Answer):
    """One of the paper's tables for a data set."""

    number: int
    title: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...] = ()
    notes: tuple[str, ...] = ()


class Tables(Answer):
    """All tables of a data set."""

    dataset: str
    tables: tuple[Table, ...] = ()
