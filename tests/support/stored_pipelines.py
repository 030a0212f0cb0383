"""Pipelines in a database of the test's own, and what tests ask about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from stage_results import claimed

from backend.store import jobs, pipeline_control, pipelines
from backend.store.database import Database
from backend.store.models import Job, Pipeline, PipelineStage
from ssenet.config import PipelineSettings, pipeline_preset


def settings(**changes: Any) -> PipelineSettings:
    """Of the quick preset, up to pseudo-labels."""
    return pipeline_preset("quick", **{"last": "pseudo_labels", **changes})


def create(database: Database, masked: bool = True, key: str | None = None, **changes: Any) -> str:
    """Submit a pipeline; returns its id."""
    new = pipelines.NewPipeline(settings(**changes), "mine", key)
    with database.write() as session:
        return pipelines.create(session, new, masked=masked, max_attempts=3)[0].id


def stages(database: Database, pipeline_id: str) -> dict[str, tuple[str, bool]]:
    """State and reuse of each stage."""
    with database.read() as session:
        found = pipelines.progress(session, session.get_one(Pipeline, pipeline_id))
    return {
        name: (found.jobs[name].state if name in found.jobs else "waiting", row.reused)
        for name, row in found.rows.items()
    }


def job_ids(database: Database, pipeline_id: str) -> dict[str, str]:
    """The job of each stage that has one."""
    with database.read() as session:
        rows = session.scalars(select(PipelineStage).where(PipelineStage.pipeline_id == pipeline_id))
        return {row.name: row.job_id for row in rows if row.job_id is not None}


def state(database: Database, pipeline_id: str) -> str:
    """State of the whole pipeline."""
    with database.read() as session:
        pipeline = session.get_one(Pipeline, pipeline_id)
        found = pipelines.progress(session, pipeline)
        return pipeline_control.state_of(pipeline, [(row, found.jobs.get(name)) for name, row in found.rows.items()])


def jobs_in_all(database: Database) -> int:
    """How many jobs there are."""
    with database.read() as session:
        return session.scalars(select(func.count()).select_from(Job)).one()


def fail(database: Database, job_id: str) -> None:
    """Let a queued job be taken up, and fail."""
    claim = claimed(database, job_id)
    with database.write() as session:
        jobs.fail(session, claim, "crash", "It crashed.")


def control(database: Database, pipeline_id: str, action: Callable[..., Any], *more: Any) -> Any:
    """Do something to a pipeline in a transaction."""
    with database.write() as session:
        return action(session, session.get_one(Pipeline, pipeline_id), *more)
