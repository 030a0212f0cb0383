"""Jobs: submit, watch, cancel, retry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Body, Header, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import job_checks, job_estimate, job_stream
from backend.negotiation import choose
from backend.problems import busy, not_found, responses
from backend.schemas.common import Page
from backend.schemas.jobs import Estimate, Event, Events, Job, JobError, JobProgress, JobResult, Submission, stored
from backend.service import Accept, Cursor, Id, Limit, Service, ServiceDep
from backend.store import jobs
from backend.store.database import now
from backend.store.job_records import events_after
from backend.store.job_views import Results, remaining, results_of
from backend.store.models import Job as Row
from backend.store.models import JobState
from backend.store.pages import page
from ssenet.config import JobKind

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
        stored(submission.settings),
        submission.name,
        idempotency_key=idempotency_key,
        max_attempts=service.settings.max_attempts,
    )
    with service.database.write() as session:
        repeated = idempotency_key is not None and jobs.was_submitted(session, new)
        if not repeated:
            job_checks.check(session, submission.settings)
        row, fresh = jobs.submit(session, new)
        answer = _job(session, row)
    return _accepted(service, response, answer, announce=fresh)


@router.post("/estimate", responses=responses(413))
def estimate_job(service: ServiceDep, submission: Annotated[Submission, Body()]) -> Estimate:
    """How long a job would take, without submitting it."""
    with service.database.read() as session:
        job_checks.check(session, submission.settings)
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
        return Page(items=_jobs(session, rows), next=following)


@router.get("/{job_id}", responses=responses(404))
def get_job(service: ServiceDep, job_id: Id) -> Job:
    """A job."""
    with service.database.read() as session:
        return _job(session, _find(session, job_id))


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
        _find(session, job_id)
        return _job(session, jobs.request_cancel(session, job_id))


@router.post("/{job_id}/retry", status_code=202, responses=responses(404, 409))
def retry_job(service: ServiceDep, response: Response, job_id: Id) -> Job:
    """Submit a failed or cancelled job once more, as a new job."""
    with service.database.write() as session:
        _find(session, job_id)
        answer = _job(session, jobs.retry(session, job_id, service.settings.max_attempts))
    return _accepted(service, response, answer, announce=True)


def _accepted(service: Service, response: Response, job: Job, *, announce: bool) -> Job:
    """Announce a job whose row is committed. If that fails, the sweep does it: the client need not know."""
    if announce and service.doorbell.wake(job.id):
        with service.database.write() as session:
            jobs.mark_dispatched(session, job.id)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job


def _find(session: Session, job_id: str) -> Row:
    row = jobs.get(session, job_id)
    if row is None:
        raise not_found("job", job_id)
    return row


def _job(session: Session, row: Row) -> Job:
    return _jobs(session, [row])[0]


def _jobs(session: Session, rows: Sequence[Row]) -> list[Job]:
    results = results_of(session, [row.id for row in rows])
    at = now(session)
    return [_answer(row, results.get(row.id), at) for row in rows]


def _answer(row: Row, results: Results | None, at: float) -> Job:
    progress = None
    if row.progress_total is not None:
        progress = JobProgress(
            done=row.progress_done or 0,
            total=row.progress_total,
            unit=row.progress_unit or "",
            message=row.progress_message or "",
        )
    names = ("id", "kind", "name", "state", "settings", "attempts", "parent_id")
    times = ("created_at", "started_at", "finished_at")
    return Job(
        **{name: getattr(row, name) for name in (*names, *times)},
        progress=progress,
        error=JobError.model_validate(row.error) if row.error else None,
        result=JobResult.model_validate(results) if results else None,
        eta_seconds=remaining(row, at),
        cancel_requested=row.cancel_requested_at is not None,
    )
