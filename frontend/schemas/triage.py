"""Rankings of photographs."""

from __future__ import annotations

from datetime import datetime

from frontend.schemas.common import Answer
from ssenet.analysis.ranking import Measure
from ssenet.analysis.triage_record import TriageRow, TriageSummary


class Ranking(Answer):
    """A ranking without its rows."""

    id: str
    checkpoint_id: str
    other_id: str | None = None
    dataset: str = ""
    job_id: str = ""
    record: TriageSummary
    sorts: tuple[Measure, ...]
    suggested_alpha: float | None = None
    suggested_alpha_b: float | None = None
    created_at: datetime | None = None


class Distribution(Answer):
    """Counts of values between edges."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class RankedRows(Answer):
    """Photographs in their order, each with its first row."""

    items: tuple[TriageRow, ...]
    total: int
    undefined: int
    distribution: Distribution
