"""What clients see of jobs: rows, results, progress and remaining time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from backend.schemas.jobs import Job, JobError, JobProgress, JobResult
from backend.store.database import now
from backend.store.job_views import Results, pipelines_of, remaining, results_of
from backend.store.models import Job as Row

_NAMES = ("id", "kind", "name", "state", "settings", "attempts", "parent_id", "created_at", "started_at", "finished_at")


def job_answer(session: Session, row: Row) -> Job:
    """A job."""
    return job_answers(session, [row])[0]


def job_answers(session: Session, rows: Sequence[Row]) -> list[Job]:
    """Several jobs, in the same order."""
    ids = [row.id for row in rows]
    results, pipelines, at = results_of(session, ids), pipelines_of(session, ids), now(session)
    return [_answer(row, results.get(row.id), pipelines.get(row.id), at) for row in rows]


def _answer(row: Row, results: Results | None, pipeline_id: str | None, at: float) -> Job:
    return Job(
        **{name: getattr(row, name) for name in _NAMES},
        pipeline_id=pipeline_id,
        progress=progress_of(row),
        error=JobError.model_validate(row.error) if row.error else None,
        result=JobResult.model_validate(results) if results else None,
        eta_seconds=remaining(row, at),
        cancel_requested=row.cancel_requested_at is not None,
    )


def progress_of(row: Row) -> JobProgress | None:
    """How far a job is; None before its first sign of progress."""
    if row.progress_total is None:
        return None
    return JobProgress(
        done=row.progress_done or 0,
        total=row.progress_total,
        unit=row.progress_unit or "",
        message=row.progress_message or "",
    )
