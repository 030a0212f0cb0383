"""What clients see of workers: their sign of life, and what each is doing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.job_answers import progress_of
from backend.schemas.service import Work, Worker
from backend.store.models import CamRequest, Image, Job, JobEvent
from backend.store.models import Worker as Row

_NAMES = ("id", "queue", "pid", "host", "state", "job_id", "device", "warm", "started_at", "heartbeat_at")


def worker_answers(session: Session, rows: Sequence[Row]) -> list[Worker]:
    """Several workers, in the same order; four queries however many there are."""
    doing = _jobs(session, rows) | _requests(session, rows)
    values = [{name: getattr(row, name) for name in _NAMES} for row in rows]
    # Of another user's work nothing is told but that the worker is busy.
    own = [doing.get(str(value["job_id"])) for value in values]
    return [
        Worker(**value | {"job_id": work.id if work else None}, work=work)
        for value, work in zip(values, own, strict=True)
    ]


def _jobs(session: Session, rows: Sequence[Row]) -> dict[str, Work]:
    ids = [row.job_id for row in rows if row.job_id is not None]
    found = session.scalars(select(Job).where(Job.id.in_(ids))).all()
    began = _attempts_began(session, ids)
    return {
        job.id: Work(
            id=job.id,
            kind=job.kind,
            name=job.name,
            progress=progress_of(job),
            since=began.get(job.id) or job.started_at or job.created_at,
        )
        for job in found
    }


def _attempts_began(session: Session, ids: Sequence[str]) -> dict[str, float]:
    """When the present attempt of each job was claimed: the first event that carries the job's own fence."""
    own = select(JobEvent.job_id, func.min(JobEvent.at)).join(Job, Job.id == JobEvent.job_id)
    own = own.where(JobEvent.job_id.in_(ids), JobEvent.fence == Job.fence).group_by(JobEvent.job_id)
    return {row[0]: float(row[1]) for row in session.execute(own)}


def _requests(session: Session, rows: Sequence[Row]) -> dict[str, Work]:
    keys = [row.job_id for row in rows if row.job_id is not None]
    query = select(CamRequest, Image.name).join(Image, Image.id == CamRequest.image_id)
    return {
        request.key: Work(id=request.key, kind="cams", name=name, progress=None, since=request.created_at)
        for request, name in session.execute(query.where(CamRequest.key.in_(keys)))
    }
