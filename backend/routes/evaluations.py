"""Evaluations, their curves, and their counts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Response
from numpy.typing import NDArray
from sqlalchemy import select
from starlette.responses import FileResponse

from backend.http_cache import immutable, matches, not_modified, revalidated
from backend.problems import not_found, responses
from backend.schemas.common import Page
from backend.schemas.evaluations import CurveRow, Curves, Evaluation
from backend.service import Cursor, Id, IdQuery, IfNoneMatch, Limit, Service, ServiceDep
from backend.store.evaluations import histograms_file
from backend.store.models import Evaluation as Row
from backend.store.pages import page
from ssenet.curves import Curve, curve
from ssenet.histograms import EDGES, load_histograms
from ssenet.results import EvaluationRecord

router = APIRouter(prefix="/evaluations", tags=["evaluations"])
NPZ = {"content": {"application/octet-stream": {}}, "description": "npz."}


@router.get("")
def list_evaluations(
    service: ServiceDep, checkpoint: IdQuery = None, dataset: IdQuery = None, limit: Limit = 100, cursor: Cursor = None
) -> Page[Evaluation]:
    """Evaluations, newest first."""
    query = select(Row)
    query = query.where(Row.checkpoint_id == checkpoint) if checkpoint else query
    query = query.where(Row.dataset_id == dataset) if dataset else query
    with service.database.read() as session:
        rows, following = page(session, query, Row, limit, cursor)
    return Page(items=[Evaluation.model_validate(row) for row in rows], next=following)


@router.get("/{evaluation_id}", responses=responses(404))
def get_evaluation(service: ServiceDep, evaluation_id: Id) -> Evaluation:
    """An evaluation."""
    return Evaluation.model_validate(find(service, evaluation_id))


@router.get("/{evaluation_id}/curves", responses=responses(404))
def get_evaluation_curves(
    service: ServiceDep,
    evaluation_id: Id,
    per_class: Annotated[bool, Query(description="Also the IoU of every class.")] = False,
) -> Curves:
    """mIoU, m_FN and m_FP at every α, for every row."""
    row = find(service, evaluation_id)
    record = EvaluationRecord.model_validate(row.record)
    path = _file(service, row)
    rows = [_row(name, figures, record, per_class) for name, figures in _curves(path, path.stat().st_mtime_ns)]
    return Curves(alpha=[float(a) for a in EDGES], rows=rows, record=record)


@lru_cache(maxsize=32)
def _curves(path: Path, _changed: int) -> tuple[tuple[str, Curve], ...]:
    return tuple((name, curve(histogram)) for name, histogram in load_histograms(path.read_bytes()).items())


def _row(name: str, figures: Curve, record: EvaluationRecord, per_class: bool) -> CurveRow:
    names = ("background", *record.classes)
    iou = {n: _numbers(figures.iou[:, k]) for k, n in enumerate(names)} if per_class else None
    return CurveRow(
        row=name,
        miou=_numbers(figures.miou),
        m_fn=_numbers(figures.m_fn),
        m_fp=_numbers(figures.m_fp),
        undefined=figures.undefined.tolist(),
        iou=iou,
    )


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    listed: Iterable[Any] = values.tolist()
    return [value if value == value else None for value in listed]  # NaN is not equal to itself


@router.get(
    "/{evaluation_id}/histograms", response_class=FileResponse, responses={200: NPZ, 206: NPZ, **responses(404)}
)
def get_evaluation_histograms(service: ServiceDep, evaluation_id: Id, if_none_match: IfNoneMatch = None) -> Response:
    """The counts that all figures come from, as npz."""
    row = find(service, evaluation_id)
    # An upgrade may bring other evaluations of the built-in checkpoints, under the same ids.
    builtin = row.histograms_path is not None
    headers = revalidated(f'"{row.id}-{row.created_at}"') if builtin else immutable(f'"{row.id}"')
    if matches(if_none_match, headers["ETag"]):
        return not_modified(headers)
    name = f"{row.id}.npz"
    path = _file(service, row)
    return FileResponse(path, headers=headers, media_type="application/octet-stream", filename=name)


def find(service: Service, evaluation_id: str) -> Row:
    """The row of an evaluation. Raises a 404 problem."""
    with service.database.read() as session:
        row = session.get(Row, evaluation_id)
    if row is None:
        raise not_found("evaluation", evaluation_id)
    return row


def _file(service: Service, row: Row) -> Path:
    path = histograms_file(row, service.artifacts)
    if not path.is_file():
        raise not_found("histogram file of evaluation", row.id)
    return path
