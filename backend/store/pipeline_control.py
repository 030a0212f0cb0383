"""What people do to a pipeline, and the state that follows from its jobs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.store import jobs
from backend.store.content import content_of
from backend.store.database import now, take_turns
from backend.store.models import Job, Pipeline, PipelineStage
from backend.store.outputs import LIVE, same_work
from backend.store.pipelines import advance, progress
from ssenet.config import JobKind

PipelineState = Literal["queued", "running", "succeeded", "failed", "cancelled"]


def state_of(pipeline: Pipeline, rows: Collection[tuple[PipelineStage, Job | None]]) -> PipelineState:
    """The state of a pipeline with these stages and their jobs."""
    states = [job.state if job is not None else "waiting" for _, job in rows]
    if "failed" in states:
        return "failed"
    if all(state == "succeeded" for state in states):
        return "succeeded"
    if any(state in LIVE for state in states):
        own = [job.state for row, job in rows if job is not None and not row.reused]
        return "running" if any(state != "queued" for state in own) or "running" in states else "queued"
    if "cancelled" in states or pipeline.cancel_requested_at is not None:
        return "cancelled"
    return "queued"


def _state(session: Session, pipeline: Pipeline) -> PipelineState:
    found = progress(session, pipeline)
    return state_of(pipeline, [(row, found.jobs.get(name)) for name, row in found.rows.items()])


def cancel(session: Session, pipeline: Pipeline) -> None:
    """Start nothing more, and cancel the jobs that only this pipeline waits for.

    Raises:
        NotAllowed: the pipeline is over.
    """
    take_turns(session)
    found = progress(session, pipeline)
    # Beside a stage that failed another one may still run.
    going_on = any(job.state in LIVE for job in found.jobs.values())
    if (state := _state(session, pipeline)) not in LIVE and not going_on:
        raise jobs.NotAllowed("pipeline", state, "be cancelled")
    pipeline.cancel_requested_at = now(session)
    for name, job in found.jobs.items():
        if job.state in LIVE:
            _leave(session, pipeline, found.rows[name], job)
    session.flush()


def _leave(session: Session, pipeline: Pipeline, row: PipelineStage, job: Job) -> None:
    """Cancel a job, unless someone else wants it: then it is theirs from now on. A shared job is the operator's."""
    own = job.owner == pipeline.owner and not row.reused
    if own and not _hand_over(session, row, job):
        jobs.request_cancel(session, job.id)
    else:
        row.job_id, row.reused = None, False


def _hand_over(session: Session, row: PipelineStage, job: Job) -> bool:
    """Let another pipeline that waits for a job have it as its own; whether there is one."""
    heirs = _others(session, row, job)
    if heirs:
        heirs[0].reused = False
    return bool(heirs)


def _others(session: Session, row: PipelineStage, job: Job) -> list[PipelineStage]:
    """Stages of other pipelines that wait for a job."""
    query = select(PipelineStage).join(Pipeline).where(Pipeline.cancel_requested_at.is_(None))
    query = query.where(PipelineStage.job_id == job.id, PipelineStage.pipeline_id != row.pipeline_id)
    return list(session.scalars(query.order_by(Pipeline.created_at)))


def resume(session: Session, pipeline: Pipeline, max_attempts: int) -> list[Job]:
    """Do what failed or was cancelled once more, and go on from there; what succeeded stays.

    Returns:
        the new jobs, which are to be announced.

    Raises:
        NotAllowed: the pipeline is neither failed nor cancelled.
    """
    take_turns(session)
    if (state := _state(session, pipeline)) not in ("failed", "cancelled"):
        raise jobs.NotAllowed("pipeline", state, "be resumed")
    pipeline.cancel_requested_at = None
    found = progress(session, pipeline)
    new = [_again(session, pipeline, found.rows[name], found.jobs[name], max_attempts) for name in found.broken]
    session.flush()
    return [job for job in new if job is not None] + advance(session, pipeline, max_attempts)


def _again(session: Session, pipeline: Pipeline, row: PipelineStage, job: Job, max_attempts: int) -> Job | None:
    """The job that takes a broken one's place; None when one is there already or its inputs have to be made first."""
    # A shared job is the operator's to retry: a user's pipeline goes on with one of its own.
    if job.owner != pipeline.owner or content_of(session, job.kind, job.settings).key is None:
        row.job_id = None
        return None
    other = same_work(session, job.kind, job.settings, pipeline.owner)
    if other is not None:
        row.job_id, row.reused = other.id, True
        return None
    row.reused = False
    return jobs.retry(session, job.id, max_attempts)


def forget(session: Session, pipeline: Pipeline) -> None:
    """Delete a pipeline; its jobs and what they made stay.

    Raises:
        NotAllowed: it is not over.
    """
    take_turns(session)
    if (state := _state(session, pipeline)) in LIVE:
        raise jobs.NotAllowed("pipeline", state, "be deleted")
    found = progress(session, pipeline)
    for name, job in found.jobs.items():  # of one that failed, a job beside the failed one may still be at work
        if job.state in LIVE and not found.rows[name].reused:
            _hand_over(session, found.rows[name], job)
    session.delete(pipeline)


def finished_at(pipeline: Pipeline, state: PipelineState, found: Collection[Job]) -> float | None:
    """When a pipeline that is over ended; its jobs may have ended before it began."""
    if state in LIVE:
        return None
    return max([pipeline.created_at, pipeline.cancel_requested_at or 0.0, *(job.finished_at or 0.0 for job in found)])


def failed_stage(rows: Collection[tuple[PipelineStage, Job | None]]) -> JobKind | None:
    """The first stage whose job failed."""
    return next((row.name for row, job in rows if job is not None and job.state == "failed"), None)
