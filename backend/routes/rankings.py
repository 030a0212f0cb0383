"""Rankings of photographs: listing, rows by any figure, deletion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import select

from backend.problems import invalid, not_found, responses
from backend.schemas.common import Page
from backend.schemas.rankings import (
    ClassName,
    Direction,
    Distribution,
    High,
    Low,
    ObjectSize,
    RankedRows,
    Ranking,
    Sort,
)
from backend.service import Cursor, Id, IdQuery, Limit, Service, ServiceDep
from backend.store.models import Ranking as Row
from backend.store.pages import page
from ssenet.analysis import ranking
from ssenet.analysis.ranking import (
    Filters,
    Measure,
    Order,
    Size,
    TriageRecord,
    TriageSummary,
    available,
    distribution,
    size_range,
    suggested_alpha,
)

router = APIRouter(prefix="/rankings", tags=["rankings"])
CSV = {"content": {"text/csv": {}}, "description": "CSV."}


@router.get("")
def list_rankings(
    service: ServiceDep,
    checkpoint: IdQuery = None,
    dataset: IdQuery = None,
    job: IdQuery = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Ranking]:
    """Rankings, newest first."""
    query = select(Row)
    query = query.where(Row.checkpoint_id == checkpoint) if checkpoint else query
    query = query.where(Row.dataset_id == dataset) if dataset else query
    query = query.where(Row.job_id == job) if job else query
    with service.database.read() as session:
        rows, following = page(session, query, Row, limit, cursor)
    return Page(items=[_answer(row) for row in rows], next=following)


@router.get("/{ranking_id}", responses=responses(404))
def get_ranking(service: ServiceDep, ranking_id: Id) -> Ranking:
    """A ranking without its rows."""
    return _answer(find(service, ranking_id))


@dataclass(frozen=True)
class Wanted:
    """What to rank by, and which rows."""

    sort: Measure
    order: Order | None
    class_name: str | None
    size: Size | None
    low: float | None
    high: float | None

    def of(self, record: TriageRecord) -> ranking.Ranking:
        """The rows of a record in this order.

        Raises:
            Problem: 422, the record has no such figure, class or sizes.
        """
        if self.sort not in available(record):
            raise invalid("/query/sort", f"This ranking has no {self.sort}; it has {', '.join(available(record))}.")
        if self.class_name is not None and self.class_name not in record.classes:
            raise invalid("/query/class", f"These networks have no class {self.class_name!r}.")
        if self.size is not None and record.size_limits is None:
            raise invalid("/query/size", "Without masks the sizes of objects are not known.")
        area = size_range(self.size, record.size_limits) if self.size and record.size_limits else None
        return ranking.rank(record.rows, self.sort, self.order, Filters(self.class_name, area, self.low, self.high))


def wanted(
    sort: Sort = "inconsistency",
    order: Direction = None,
    class_name: ClassName = None,
    size: ObjectSize = None,
    low: Low = None,
    high: High = None,
) -> Wanted:
    """The choice in a query."""
    return Wanted(sort, order, class_name, size, low, high)


WantedDep = Annotated[Wanted, Depends(wanted)]


@router.get("/{ranking_id}/rows", responses=responses(404, 422))
def list_ranking_rows(
    service: ServiceDep,
    ranking_id: Id,
    chosen: WantedDep,
    limit: Limit = 12,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> RankedRows:
    """Photographs by a figure, the strangest first, each with the class that puts it there."""
    found = chosen.of(_record(service, ranking_id))
    edges, counts = distribution(found.values)
    return RankedRows(
        items=list(found.rows[offset : offset + limit]),
        total=len(found.rows),
        undefined=found.undefined,
        distribution=Distribution(edges=edges, counts=counts),
    )


@router.get("/{ranking_id}/ranking.csv", response_class=Response, responses={200: CSV, **responses(404, 422)})
def get_ranking_csv(service: ServiceDep, ranking_id: Id, chosen: WantedDep) -> Response:
    """The same as CSV, with every figure."""
    found = chosen.of(_record(service, ranking_id))
    headers = {"Content-Disposition": f'attachment; filename="ranking-{ranking_id}.csv"'}
    return Response(ranking.csv_of(found.rows), media_type="text/csv; charset=utf-8", headers=headers)


@router.delete("/{ranking_id}", status_code=204, responses=responses(404))
def delete_ranking(service: ServiceDep, ranking_id: Id) -> None:
    """Delete a ranking; its job stays."""
    with service.database.write() as session:
        row = session.get(Row, ranking_id)
        if row is None:
            raise not_found("ranking", ranking_id)
        session.delete(row)
    service.artifacts.delete(row.rows_key)  # only now: a row never names bytes that are not there


def find(service: Service, ranking_id: str) -> Row:
    """The row of a ranking. Raises a 404 problem."""
    with service.database.read() as session:
        row = session.get(Row, ranking_id)
    if row is None:
        raise not_found("ranking", ranking_id)
    return row


def _record(service: Service, ranking_id: str) -> TriageRecord:
    path = service.artifacts.path(find(service, ranking_id).rows_key)
    if not path.is_file():
        raise not_found("file of ranking", ranking_id)
    return _read(path)


@lru_cache(maxsize=8)
def _read(path: Path) -> TriageRecord:
    """A ranking never changes."""
    return TriageRecord.model_validate_json(path.read_bytes())


def _answer(row: Row) -> Ranking:
    record = TriageSummary.model_validate(row.record)
    return Ranking(
        id=row.id,
        checkpoint_id=row.checkpoint_id,
        other_id=row.other_id,
        dataset=row.dataset_id,
        job_id=row.job_id,
        record=record,
        sorts=available(record),
        suggested_alpha=suggested_alpha(record.alphas, record.agreement),
        suggested_alpha_b=suggested_alpha(record.alphas, record.agreement_b),
        created_at=row.created_at,
    )
