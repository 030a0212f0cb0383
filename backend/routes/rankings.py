"""Rankings of photographs: listing, rows by any figure, deletion."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import select

from backend.problems import not_found, responses
from backend.schemas.common import Page
from backend.schemas.rankings import ChoiceQuery, Distribution, RankedRows, Ranking, RowsQuery
from backend.service import Cursor, Id, IdQuery, Limit, Service, ServiceDep
from backend.store.models import Ranking as Row
from backend.store.owners import check_change
from backend.store.pages import page
from ssenet.analysis.ranking import available, csv_of, distribution, rank
from ssenet.analysis.triage_record import TriageRecord, TriageSummary, suggested_alpha

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


@router.get("/{ranking_id}/rows", responses=responses(404, 422))
def list_ranking_rows(service: ServiceDep, ranking_id: Id, query: Annotated[RowsQuery, Query()]) -> RankedRows:
    """Photographs by a figure, the strangest first, each with the class that puts it there."""
    found = rank(_record(service, ranking_id), query)
    edges, counts = distribution(found.values)
    return RankedRows(
        items=list(found.rows[query.offset : query.offset + query.limit]),
        total=len(found.rows),
        undefined=found.undefined,
        distribution=Distribution(edges=edges, counts=counts),
    )


@router.get("/{ranking_id}/ranking.csv", response_class=Response, responses={200: CSV, **responses(404, 422)})
def get_ranking_csv(service: ServiceDep, ranking_id: Id, choice: Annotated[ChoiceQuery, Query()]) -> Response:
    """The same as CSV, with every figure."""
    found = rank(_record(service, ranking_id), choice)
    headers = {"Content-Disposition": f'attachment; filename="ranking-{ranking_id}.csv"'}
    return Response(csv_of(found.rows), media_type="text/csv; charset=utf-8", headers=headers)


@router.delete("/{ranking_id}", status_code=204, responses=responses(404))
def delete_ranking(service: ServiceDep, ranking_id: Id) -> None:
    """Delete a ranking; its job stays."""
    with service.database.write() as session:
        row = session.get(Row, ranking_id)
        if row is None:
            raise not_found("ranking", ranking_id)
        check_change(session, row)
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


@lru_cache(maxsize=2)  # a ranking of ten thousand photographs takes about 60 MB
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
