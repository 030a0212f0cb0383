"""Who needs a result at work: what they need cannot be deleted."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.store.content import Input, named
from backend.store.models import Job, Pipeline, PipelineStage
from backend.store.outputs import LIVE
from backend.store.owners import everyone


def live_jobs(session: Session, row: Input) -> list[str]:
    """Ids of waiting and running jobs that take a result, or that made it and are not over."""
    with everyone(session):  # a job of an administrator may take another one's result; the answer is a number
        jobs = session.scalars(select(Job).where(Job.state.in_(LIVE))).all()
    return [job.id for job in jobs if job.id == row.job_id or _takes(job, row)]


def _takes(job: Job, row: Input) -> bool:
    return any(isinstance(row, table) and row_id == row.id for _, table, row_id in named(job.kind, job.settings))


def live_pipelines(session: Session, row: Input) -> list[str]:
    """Ids of the pipelines at work that start from a result, or in which the job that made it is a stage."""
    at_work = select(PipelineStage.pipeline_id).join(Job, PipelineStage.job_id == Job.id).where(Job.state.in_(LIVE))
    with everyone(session):  # as above
        found = session.scalars(select(Pipeline).where(Pipeline.id.in_(at_work))).all()
    makers = _with_job(session, row.job_id)
    return [one.id for one in found if one.id in makers or one.settings.get("checkpoint") == row.id]


def _with_job(session: Session, job_id: str | None) -> set[str]:
    """Ids of the pipelines in which a job is a stage; stages that wait have none."""
    if job_id is None:
        return set()
    return set(session.scalars(select(PipelineStage.pipeline_id).where(PipelineStage.job_id == job_id)))


def in_use(session: Session, row: Input) -> bool:
    """Whether a job or a pipeline at work needs a result."""
    return bool(live_jobs(session, row) or live_pipelines(session, row))
