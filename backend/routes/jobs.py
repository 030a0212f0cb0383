"""Jobs: submit, watch, cancel, retry."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Body, Header, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import job_checks, job_estimate, job_stream
from backend.access.quotas import check_jobs
from backend.announce import announce
from backend.job_answers import job_answer, job_answers
from backend.negotiation import choose
from backend.problems import busy, not_found, responses
from backend.schemas.common import Page
from backend.schemas.jobs import Estimate, Event, Events, Job, Submission
from backend.service import Accept, Cursor, Id, Limit, Service, ServiceDep
from backend.store import jobs
from backend.store.job_records import events_after
from backend.store.models import Job as Row
from backend.store.models import JobState
from backend.store.owners import check_change
from backend.store.pages import page
from ssenet.config import JobKind
from ssenet.lineage import stored_settings

router = APIRouter(prefix="/jobs", tags=["jobs"])
IdempotencyKey = Annotated[
    str | None,
    Header(pattern=r"^[\x21-\x7e]{1,200}$", description="Repeating a request with the same key changes nothing more."),
]
EVENTS = {"content": {job_stream.MEDIA_TYPE: {"schema": {"type": "string"}}}, "description": "Events."}


@router.post("", status_code=202, responses=responses(413))
def submit_job(
    service: ServiceDep,
    response: Response,
    submission: Annotated[Submission, Body()],
    idempotency_key: IdempotencyKey = None,
) -> Job:
    """Submit a job. It is safe once this has answered, also when the queue is away just now."""
    new = jobs.NewJob(
        submission.kind,
        stored_settings(submission.settings),
        submission.name,
        idempotency_key=idempotency_key,
        max_attempts=service.settings.max_attempts,
    )
    with service.database.write() as session:
        repeated = idempotency_key is not None and jobs.was_submitted(session, new)
        if not repeated:
            check_jobs(session, service.settings)
            job_checks.check(session, submission.kind, submission.settings)
        row, fresh = jobs.submit(session, new)
        answer = job_answer(session, row)
    announce(service, [row] if fresh else [])
    response.headers["Location"] = f"/api/v1/jobs/{row.id}"
    return answer


@router.post("/estimate", responses=responses(413))
def estimate_job(service: ServiceDep, submission: Annotated[Submission, Body()]) -> Estimate:
    """How long a job would take, without submitting it."""
    with service.database.read() as session:
        job_checks.check(session, submission.kind, submission.settings)
        return job_estimate.estimate(session, submission.kind, submission.settings)


@router.get("", responses=responses(422))
def list_jobs(
    service: ServiceDep,
    state: Annotated[list[JobState] | None, Query(description="Only jobs in these states.")] = None,
    kind: Annotated[list[JobKind] | None, Query(description="Only jobs of these kinds.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Job]:
    """Jobs, newest first."""
    query = select(Row)
    query = query.where(Row.state.in_(state)) if state else query
    query = query.where(Row.kind.in_(kind)) if kind else query
    with service.database.read() as session:
        rows, following = page(session, query, Row, limit, cursor)
        return Page(items=job_answers(session, rows), next=following)


@router.get("/{job_id}", responses=responses(404))
def get_job(service: ServiceDep, job_id: Id) -> Job:
    """A job."""
    with service.database.read() as session:
        return job_answer(session, _find(session, job_id))


@router.get("/{job_id}/events", response_model=Events, responses={200: EVENTS, **responses(404, 406)})
async def list_job_events(
    service: ServiceDep,
    job_id: Id,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Number of the last event that is known.")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    accept: Accept = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**31 - 1)] = None,
) -> Response | Events:
    """Events after the given one: as JSON, or as a stream (text/event-stream) that goes on until the job is over."""
    chosen = choose(accept, ("application/json", job_stream.MEDIA_TYPE))
    seq = max(after, last_event_id or 0)
    items = await to_thread.run_sync(_events, service, job_id, seq, limit)
    if chosen == "application/json":
        return Events(items=items, next=items[-1].seq if items else seq)
    if not service.streams.available_tokens:
        raise busy("Too many event streams are open.", 10)
    return job_stream.response(service, job_id, seq)


def _events(service: Service, job_id: str, seq: int, limit: int) -> list[Event]:
    with service.database.read() as session:
        _find(session, job_id)
        return [Event.model_validate(row) for row in events_after(session, job_id, seq, limit)]


@router.post("/{job_id}/cancel", status_code=202, responses=responses(404, 409))
def cancel_job(service: ServiceDep, job_id: Id) -> Job:
    """Cancel a job: at once while it waits; a running one saves its state and stops within seconds."""
    with service.database.write() as session:
        check_change(session, _find(session, job_id))
        return job_answer(session, jobs.request_cancel(session, job_id))


@router.post("/{job_id}/retry", status_code=202, responses=responses(404, 409))
def retry_job(service: ServiceDep, response: Response, job_id: Id) -> Job:
    """Submit a failed or cancelled job once more, as a new job; a pipeline that it is a stage of goes on with it."""
    with service.database.write() as session:
        check_change(session, _find(session, job_id))
        check_jobs(session, service.settings)
        row = jobs.retry(session, job_id, service.settings.max_attempts)
        answer = job_answer(session, row)
    announce(service, [row])
    response.headers["Location"] = f"/api/v1/jobs/{row.id}"
    return answer


def _find(session: Session, job_id: str) -> Row:
    row = jobs.get(session, job_id)
    if row is None:
        raise not_found("job", job_id)
    return row
