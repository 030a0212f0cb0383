"""Scores of label maps: pseudo-labels and predictions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select

from backend.problems import not_found, responses
from backend.schemas.common import Page
from backend.schemas.sets import Score
from backend.service import Cursor, Id, IdQuery, Limit, ServiceDep
from backend.store.models import Score as Row
from backend.store.pages import page
from ssenet.scores import SegmentationRecord, Subject, m_fn_m_fp

router = APIRouter(prefix="/scores", tags=["scores"])


@router.get("")
def list_scores(
    service: ServiceDep,
    dataset: IdQuery = None,
    subject: Annotated[Subject | None, Query(description="What was scored.")] = None,
    job: IdQuery = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Score]:
    """Scores, newest first."""
    query = select(Row)
    query = query.where(Row.dataset_id == dataset) if dataset else query
    query = query.where(Row.subject == subject) if subject else query
    query = query.where(Row.job_id == job) if job else query
    with service.database.read() as session:
        rows, following = page(session, query, Row, limit, cursor)
    return Page(items=[_answer(row) for row in rows], next=following)


@router.get("/{score_id}", responses=responses(404))
def get_score(service: ServiceDep, score_id: Id) -> Score:
    """A score."""
    with service.database.read() as session:
        row = session.get(Row, score_id)
    if row is None:
        raise not_found("score", score_id)
    return _answer(row)


def _answer(row: Row) -> Score:
    record = SegmentationRecord.model_validate(row.record)
    names = ("background", *record.classes)
    m_fn, m_fp = m_fn_m_fp(record.counts)
    return Score(
        id=row.id,
        subject=row.subject,
        job_id=row.job_id,
        set_id=row.set_id,
        checkpoint_id=row.checkpoint_id,
        dataset=row.dataset_id,
        miou=record.miou,
        iou={name: float(100 * value) for name, value in zip(names, record.iou, strict=True)},
        m_fn=m_fn if m_fn == m_fn else None,  # NaN is not equal to itself
        m_fp=m_fp if m_fp == m_fp else None,
        coverage=record.coverage,
        protocol=record.protocol,
        lineage=list(record.lineage),
        images=len(record.image_ids),
        created_at=row.created_at,
    )
