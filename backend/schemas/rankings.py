"""Rankings of photographs, and their rows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field

from backend.schemas.common import Answer
from ssenet.analysis.ranking import Measure, Order, Size, TriageRow, TriageSummary

ClassName = Annotated[str | None, Query(alias="class", max_length=200, description="Only this class.")]
Sort = Annotated[Measure, Query(description="Figure to rank by.")]
Direction = Annotated[Order | None, Query(description="By default the strangest photographs come first.")]
ObjectSize = Annotated[Size | None, Query(description="Only objects of this size in the mask.")]
Low = Annotated[float | None, Query(alias="min", allow_inf_nan=False, description="Only values of at least this.")]
High = Annotated[float | None, Query(alias="max", allow_inf_nan=False, description="Only values of at most this.")]


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
