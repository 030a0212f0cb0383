"""Evaluations and their curves."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from backend.schemas.common import Answer
from ssenet.results import EvaluationRecord


class SummaryRow(Answer):
    """The figures of one row, which is a single scale or MS; null where undefined."""

    row: str
    best_alpha: float
    best_miou: float
    miou_at_0_2: float | None
    m_fn_at_0_2: float | None
    m_fp_at_0_2: float | None
    undefined_at_0_2: int = Field(description="Classes without a true positive, left out of m_FN and m_FP.")


class Evaluation(Answer):
    """Scores of a checkpoint's CAMs."""

    id: str
    checkpoint_id: str
    dataset_id: str
    job_id: str | None
    record: EvaluationRecord
    summary: list[SummaryRow]
    created_at: datetime


class CurveRow(Answer):
    """One row at every α; null where undefined."""

    row: str
    miou: list[float | None]
    m_fn: list[float | None]
    m_fp: list[float | None]
    undefined: list[int]
    iou: dict[str, list[float | None]] | None = Field(default=None, description="By class, background first.")


class Curves(Answer):
    """All rows of an evaluation at every α."""

    alpha: list[float]
    rows: list[CurveRow]
    record: EvaluationRecord
