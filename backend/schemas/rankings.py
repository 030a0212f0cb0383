"""Rankings of photographs, and their rows."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from backend.schemas.common import Answer
from ssenet.analysis.ranking import Choice, Measure
from ssenet.analysis.triage_record import TriageRow, TriageSummary


class ChoiceQuery(Choice):
    """Which rows, and in which order."""

    from_text: ClassVar[bool] = True


class RowsQuery(ChoiceQuery):
    """Which rows, and which of them."""

    limit: int = Field(default=12, ge=1, le=200, description="Most items of a page.")
    offset: int = Field(default=0, ge=0, le=2**31 - 1)


class Ranking(Answer):
    """Photographs of a split as triage measured them, without the rows."""

    id: str
    checkpoint_id: str
    other_id: str | None
    dataset: str = Field(description="Id of the data set.")
    job_id: str
    record: TriageSummary
    sorts: list[Measure] = Field(description="What it can be ranked by.")
    suggested_alpha: float | None = Field(description="Experimental: the α at which A's scales agree most.")
    suggested_alpha_b: float | None = Field(description="The same of B.")
    created_at: datetime


class Distribution(Answer):
    """How the values of all photographs that pass the filters by class and size are spread."""

    edges: list[float] = Field(description="One more than there are counts.")
    counts: list[int]


class RankedRows(Answer):
    """Photographs in their order, each with its first row."""

    items: list[TriageRow]
    total: int = Field(description="Photographs that pass all filters.")
    undefined: int = Field(description="Classes of photographs that pass and have no value, so no place.")
    distribution: Distribution
