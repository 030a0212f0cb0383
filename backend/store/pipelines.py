"""Pipelines: graphs of jobs. What is ready is queued in the transaction in which what it waited for ended.

A stage takes the job that did the same work before, or is about to, if there is one. A pipeline in which a stage
failed, or which was cancelled, starts nothing more until it is resumed (``backend.store.pipeline_control``).
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from backend.store.database import now, take_turns
from backend.store.models import Job, Pipeline, PipelineStage
from backend.store.outputs import output_of, same_work
from backend.store.owners import identity
from backend.store.submission import IdempotencyConflict, NewJob, own_key, payload_sha, submit
from ssenet.config import JobKind, PipelineSettings
from ssenet.lineage import stored_settings
from ssenet.pipeline import Stage, graph, ready, stage_settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NewPipeline:
    """What a client asks for."""

    settings: PipelineSettings
    name: str | None = None
    idempotency_key: str | None = None

    @property
    def payload_sha(self) -> str:
        """Hash that two submissions with one idempotency key must share."""
        return payload_sha(stored_settings(self.settings), self.name)


def create(session: Session, new: NewPipeline, *, masked: bool, max_attempts: int) -> tuple[Pipeline, list[Job]]:
    """Keep a pipeline and start its first stages.

    Args:
        masked: whether its split has masks, to score the CAMs against.
        max_attempts: of each job.

    Returns:
        the pipeline, and the jobs that are to be announced: none when the idempotency key was used before.

    Raises:
        IdempotencyConflict: it was used with another payload.
    """
    if (earlier := was_created(session, new)) is not None:
        return earlier, []
    pipeline = _row(session, new)
    try:
        with session.begin_nested():
            session.add(pipeline)
    except IntegrityError:  # another client was quicker with the same key
        if (earlier := was_created(session, new)) is None:
            raise
        return earlier, []
    for position, stage in enumerate(graph(new.settings, masked=masked)):
        session.add(PipelineStage(pipeline_id=pipeline.id, position=position, name=stage.name, reused=False))
    session.flush()
    return pipeline, advance(session, pipeline, max_attempts)


def was_created(session: Session, new: NewPipeline) -> Pipeline | None:
    """The pipeline that the same submission made before under its idempotency key.

    Raises:
        IdempotencyConflict: the key was used with another payload.
    """
    if new.idempotency_key is None:
        return None
    key = own_key(identity(session).user, new.idempotency_key)
    found = session.scalars(select(Pipeline).where(Pipeline.idempotency_key == key)).one_or_none()
    if found is not None and found.payload_sha != new.payload_sha:
        raise IdempotencyConflict(new.idempotency_key)
    return found


def _row(session: Session, new: NewPipeline) -> Pipeline:
    user = identity(session).user
    return Pipeline(
        id=uuid.uuid4().hex,
        name=new.name,
        settings=stored_settings(new.settings),
        dataset_id=new.settings.dataset,
        idempotency_key=own_key(user, new.idempotency_key),
        owner=user,
        payload_sha=new.payload_sha,
        created_at=now(session),
    )


@dataclass(frozen=True)
class Progress:
    """The stages of a pipeline with their rows and jobs, by name."""

    stages: tuple[Stage, ...]
    rows: dict[JobKind, PipelineStage]
    jobs: dict[JobKind, Job]

    @property
    def finished(self) -> list[JobKind]:
        """Stages that succeeded."""
        return [name for name, job in self.jobs.items() if job.state == "succeeded"]

    @property
    def broken(self) -> list[JobKind]:
        """Stages that failed or were cancelled."""
        return [name for name, job in self.jobs.items() if job.state in ("failed", "cancelled")]

    @property
    def needed(self) -> set[JobKind]:
        """Stages whose results a stage takes that has not succeeded."""
        finished = set(self.finished)
        return {source for stage in self.stages if stage.name not in finished for source in stage.inputs.values()}


def progress(session: Session, pipeline: Pipeline) -> Progress:
    """How far a pipeline is, in the present transaction."""
    rows = {row.name: row for row in session.scalars(_stages(pipeline.id))}
    ids = [row.job_id for row in rows.values() if row.job_id is not None]
    query = select(Job).where(Job.id.in_(ids)).execution_options(populate_existing=True)
    jobs = {job.id: job for job in session.scalars(query)}
    settings = PipelineSettings.model_validate(pipeline.settings)
    stages = graph(settings, masked="evaluate" in rows)  # as it was when the rows were made
    return Progress(stages, rows, {name: jobs[row.job_id] for name, row in rows.items() if row.job_id is not None})


def _stages(pipeline_id: str) -> Any:
    query = select(PipelineStage).where(PipelineStage.pipeline_id == pipeline_id).order_by(PipelineStage.position)
    return query.execution_options(populate_existing=True)


def advance_all(session: Session, job: Job) -> list[Job]:
    """Go on with every pipeline that has ``job`` as a stage; returns the jobs that are to be announced.

    One that cannot go on, such as one with settings of another release, keeps neither the job from ending nor the
    others from going on: the log says why, and it is cancelled, so that people see that nothing will follow and can
    resume it once the reason is gone. Its jobs that are at work go on.

    Raises:
        sqlalchemy.exc.OperationalError: the database is away, which is no pipeline's fault.
    """
    with_it = select(PipelineStage.pipeline_id).where(PipelineStage.job_id == job.id)
    found = session.scalars(select(Pipeline).where(Pipeline.id.in_(with_it)).order_by(Pipeline.created_at)).all()
    return [new for pipeline in found for new in _advance_or_cancel(session, pipeline, job.max_attempts)]


def _advance_or_cancel(session: Session, pipeline: Pipeline, max_attempts: int) -> list[Job]:
    pipeline_id = pipeline.id
    try:
        with session.begin_nested():
            return advance(session, pipeline, max_attempts)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        _log.exception("pipeline %s cannot go on and is cancelled", pipeline_id)
    pipeline.cancel_requested_at = pipeline.cancel_requested_at or now(session)
    session.flush()
    return []


def advance(session: Session, pipeline: Pipeline, max_attempts: int) -> list[Job]:
    """Start what is ready, until nothing more is.

    Returns:
        the new jobs, which are to be announced; stages that take an earlier job need none.
    """
    take_turns(session)
    new: list[Job] = []
    while not ((found := progress(session, pipeline)).broken or pipeline.cancel_requested_at):
        results = {name: output_of(session, found.jobs[name]) for name in found.finished}
        if _undo_lost(session, found, results):
            continue
        made = {name: output for name, output in results.items() if output is not None}
        waiting = ready(found.stages, list(made), list(found.jobs))
        if not waiting:
            break
        for stage in waiting:
            job, is_new = _start(session, pipeline, stage, made, max_attempts)
            row = found.rows[stage.name]
            row.job_id, row.reused = job.id, not is_new
            new += [job] if is_new else []
        session.flush()
    return new


def _undo_lost(session: Session, found: Progress, results: dict[JobKind, str | None]) -> bool:
    """Undo finished stages whose result was deleted although another stage still needs it; whether there were any."""
    lost = [name for name, output in results.items() if output is None and name in found.needed]
    for name in lost:
        found.rows[name].job_id = None
    session.flush()
    return bool(lost)


def _start(
    session: Session, pipeline: Pipeline, stage: Stage, results: dict[JobKind, str], max_attempts: int
) -> tuple[Job, bool]:
    """The job that does a stage, and whether it is new."""
    settings = stored_settings(stage_settings(stage, results))
    earlier = same_work(session, stage.name, settings, pipeline.owner)
    if earlier is not None:
        return earlier, False
    new = NewJob(stage.name, settings, pipeline.name, max_attempts=max_attempts, owner=pipeline.owner)
    return submit(session, new)[0], True


def replace(session: Session, old_id: str, new_id: str) -> None:
    """Let a job that does another one's work again take its place in pipelines, which go on with it."""
    of_old = select(PipelineStage.pipeline_id).where(PipelineStage.job_id == old_id)
    going_on = update(Pipeline).where(Pipeline.id.in_(of_old)).values({Pipeline.cancel_requested_at: None})
    session.execute(going_on.execution_options(synchronize_session="fetch"))
    moved = update(PipelineStage).where(PipelineStage.job_id == old_id).values({PipelineStage.job_id: new_id})
    session.execute(moved.execution_options(synchronize_session="fetch"))


def owned(session: Session, job_id: str) -> bool:
    """Whether a job was submitted for a pipeline."""
    stage = select(PipelineStage.position).where(PipelineStage.job_id == job_id, PipelineStage.reused.is_(False))
    return session.scalars(stage.limit(1)).first() is not None
