"""Pipelines: submit, watch, cancel, resume."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import pipeline_checks, pipeline_estimate
from backend.access.quotas import check_jobs
from backend.announce import announce
from backend.pipeline_answers import pipeline_answer, pipeline_answers
from backend.problems import not_found, responses
from backend.routes.jobs import IdempotencyKey
from backend.schemas.common import Page
from backend.schemas.pipelines import EstimatePipeline, Pipeline, PipelineEstimate, SubmitPipeline
from backend.service import Cursor, Id, Limit, ServiceDep
from backend.store import pipeline_control, pipelines
from backend.store.database import take_turns
from backend.store.models import Job
from backend.store.models import Pipeline as Row
from backend.store.owners import check_change
from backend.store.pages import page

router = APIRouter(prefix="/pipelines", tags=["pipelines"])


@router.post("", status_code=202, responses=responses(413))
def submit_pipeline(
    service: ServiceDep,
    response: Response,
    submission: Annotated[SubmitPipeline, Body()],
    idempotency_key: IdempotencyKey = None,
) -> Pipeline:
    """Run a pipeline. What was done before with the same settings is taken as it is."""
    asked = pipelines.NewPipeline(submission.settings, submission.name, idempotency_key)
    with service.database.write() as session:
        take_turns(session)  # before the checkpoint's row is locked, as whoever deletes it does
        row, new = pipelines.was_created(session, asked), list[Job]()
        if row is None:
            check_jobs(session, service.settings)
            masked = pipeline_checks.check(session, submission.settings)
            row, new = pipelines.create(session, asked, masked=masked, max_attempts=service.settings.max_attempts)
        answer = pipeline_answer(session, row)
    announce(service, new)
    response.headers["Location"] = f"/api/v1/pipelines/{answer.id}"
    return answer


@router.post("/estimate", responses=responses(413))
def estimate_pipeline(service: ServiceDep, submission: Annotated[EstimatePipeline, Body()]) -> PipelineEstimate:
    """How long a pipeline would take, stage by stage, without submitting it."""
    with service.database.read() as session:
        masked = pipeline_checks.check(session, submission.settings)
        return pipeline_estimate.estimate(session, submission.settings, masked=masked)


@router.get("", responses=responses(422))
def list_pipelines(service: ServiceDep, limit: Limit = 20, cursor: Cursor = None) -> Page[Pipeline]:
    """Pipelines, newest first."""
    with service.database.read() as session:
        rows, following = page(session, select(Row), Row, limit, cursor)
        return Page(items=pipeline_answers(session, rows), next=following)


@router.get("/{pipeline_id}", responses=responses(404))
def get_pipeline(service: ServiceDep, pipeline_id: Id) -> Pipeline:
    """A pipeline."""
    with service.database.read() as session:
        return pipeline_answer(session, _find(session, pipeline_id))


@router.post("/{pipeline_id}/cancel", status_code=202, responses=responses(404, 409))
def cancel_pipeline(service: ServiceDep, pipeline_id: Id) -> Pipeline:
    """Start nothing more, and cancel the jobs that only this pipeline waits for. What is done stays."""
    with service.database.write() as session:
        row = _in_turn(session, pipeline_id)
        pipeline_control.cancel(session, row)
        return pipeline_answer(session, row)


@router.post("/{pipeline_id}/resume", status_code=202, responses=responses(404, 409))
def resume_pipeline(service: ServiceDep, pipeline_id: Id) -> Pipeline:
    """Do what failed or was cancelled once more, and go on from there."""
    with service.database.write() as session:
        row = _in_turn(session, pipeline_id)
        check_jobs(session, service.settings)
        new = pipeline_control.resume(session, row, service.settings.max_attempts)
        answer = pipeline_answer(session, row)
    announce(service, new)
    return answer


@router.delete("/{pipeline_id}", status_code=204, responses=responses(404, 409))
def delete_pipeline(service: ServiceDep, pipeline_id: Id) -> None:
    """Forget a pipeline that is over. Its jobs, and what they made, stay."""
    with service.database.write() as session:
        pipeline_control.forget(session, _in_turn(session, pipeline_id))


def _in_turn(session: Session, pipeline_id: str) -> Row:
    """The row as whoever was before in turn left it, to be changed."""
    take_turns(session)
    row = _find(session, pipeline_id)
    check_change(session, row)
    return row


def _find(session: Session, pipeline_id: str) -> Row:
    row = session.get(Row, pipeline_id)
    if row is None:
        raise not_found("pipeline", pipeline_id)
    return row
