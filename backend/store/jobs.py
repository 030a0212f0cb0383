"""The job state machine: what clients, workers and the sweep do to a job, one transaction each."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import and_, select, true
from sqlalchemy.orm import Session

from backend.store import pipelines
from backend.store.database import now, take_turns
from backend.store.models import Dataset, Job
from backend.store.outputs import LIVE, final_checkpoint
from backend.store.submission import IdempotencyConflict, NewJob, submit, was_submitted
from backend.store.transitions import TERMINAL, TRANSITIONS, Claim, LeaseLost, fresh, move, move_owned, note
from ssenet.config import CamTrainSettings, EvaluateSettings

__all__ = [
    "TERMINAL",
    "TRANSITIONS",
    "Claim",
    "IdempotencyConflict",
    "LeaseLost",
    "NewJob",
    "NotAllowed",
    "claim",
    "fail",
    "finish",
    "get",
    "give_back",
    "heartbeat",
    "mark_dispatched",
    "release",
    "request_cancel",
    "retry",
    "stop",
    "submit",
    "was_submitted",
]


class NotAllowed(Exception):  # noqa: N818
    """The state of a job or pipeline has no such transition."""

    def __init__(self, what: Literal["job", "pipeline"], state: str, action: str) -> None:
        super().__init__(f"The {what} is {state} and cannot {action}.")
        self.what = what


def get(session: Session, job_id: str) -> Job | None:
    """The job, or None."""
    return session.get(Job, job_id)


def retry(session: Session, job_id: str, max_attempts: int) -> Job:
    """Submit a failed or cancelled job once more, as a new job whose parent it is; it takes its place in pipelines.

    Asked for again while that one waits or runs, it is that one.

    Raises:
        NotAllowed: the job succeeded or is not over yet.
    """
    take_turns(session)
    job = fresh(session, job_id)
    if job.state not in ("failed", "cancelled"):
        raise NotAllowed("job", job.state, "be retried")
    if (earlier := _retried(session, job)) is not None:
        return earlier
    again = NewJob(job.kind, job.settings, job.name, job.id, max_attempts=max_attempts, owner=job.owner)
    made = submit(session, again)[0]
    pipelines.replace(session, job.id, made.id)
    return made


def _retried(session: Session, job: Job) -> Job | None:
    """The job that does another one's work again and is not over."""
    query = select(Job).where(Job.parent_id == job.id, Job.kind == job.kind, Job.state.in_(LIVE))
    return session.scalars(query.where(Job.cancel_requested_at.is_(None)).limit(1)).first()


def request_cancel(session: Session, job_id: str) -> Job:
    """Cancel a queued job at once; ask the owner of a running one to stop.

    Raises:
        NotAllowed: the job is over.
    """
    at = now(session)
    job = move(session, job_id, "cancel", Job.state == "queued", {Job.cancel_requested_at: at})
    if job is not None:
        note(session, job_id, "state", {"state": "cancelled"})
        return fresh(session, job_id)
    job = move(session, job_id, "request_stop", Job.cancel_requested_at.is_(None), {Job.cancel_requested_at: at})
    if job is not None:
        note(session, job_id, "cancel_requested", {})
    job = fresh(session, job_id)
    if job.state in TERMINAL:
        raise NotAllowed("job", job.state, "be cancelled")
    return job


def mark_dispatched(session: Session, job_id: str) -> None:
    """Remember that the job was announced just now, so that the sweep waits before it does so again."""
    fresh(session, job_id).dispatched_at = now(session)


def claim(session: Session, job_id: str, owner: str, ttl: float) -> Claim | None:
    """Take a queued job, or one whose owner's lease expired; None when there is nothing to take.

    Args:
        owner: name of the worker, for people.
        ttl: seconds until the lease expires unless it is renewed.
    """
    at = now(session)
    may = and_(Job.cancel_requested_at.is_(None), Job.attempts < Job.max_attempts)
    values = {
        Job.fence: Job.fence + 1,
        Job.attempts: Job.attempts + 1,
        Job.lease_owner: owner,
        Job.lease_expires_at: at + ttl,
        Job.base_done: None,
        Job.base_at: None,
    }
    job = move(session, job_id, "claim", may, values)
    job = job or move(session, job_id, "take_over", and_(may, Job.lease_expires_at < at), values)
    if job is None:
        return None
    job.started_at = job.started_at or at
    note(session, job_id, "state", {"state": "running", "attempt": job.attempts, "worker": owner})
    return Claim(job_id, job.fence, owner, ttl, job.kind, job.settings, job.attempts, job.max_attempts)


def heartbeat(session: Session, claim: Claim) -> bool:
    """Renew the lease.

    Returns:
        whether the owner shall stop because someone cancelled the job.

    Raises:
        LeaseLost: stop at once and write nothing more.
    """
    job = move_owned(session, claim, "renew", {Job.lease_expires_at: now(session) + claim.ttl})
    return job.cancel_requested_at is not None


def release(session: Session, claim: Claim, reason: str) -> Job:
    """Give the job back to the queue; it does not count as an attempt.

    Returns:
        the job: queued, or cancelled if that was requested in the meantime.

    Raises:
        LeaseLost: it was no longer owned.
    """
    return _queue_again(session, claim, {Job.attempts: Job.attempts - 1}, {"reason": reason})


def give_back(session: Session, claim: Claim, reason: str, message: str) -> Job:
    """The attempt failed, and counts; another one may do better.

    Returns:
        the job: queued, or cancelled if that was requested in the meantime.

    Raises:
        LeaseLost: it was no longer owned.
    """
    return _queue_again(session, claim, {}, {"reason": reason, "message": message})


def _queue_again(session: Session, claim: Claim, values: dict[Any, Any], why: dict[str, str]) -> Job:
    unowned = {Job.lease_owner: None, Job.lease_expires_at: None, Job.dispatched_at: None}
    job = move_owned(session, claim, "release", {**values, **unowned})
    note(session, job.id, "state", {"state": "queued", **why})
    if job.cancel_requested_at is not None and move(session, job.id, "cancel", true(), {}):
        note(session, job.id, "state", {"state": "cancelled"})
    return fresh(session, job.id)


def finish(session: Session, claim: Claim, measured: dict[str, Any] | None = None) -> list[Job]:
    """The job succeeded.

    Args:
        measured: what the run took, such as ``{"images_per_second": 9.5}``, for later estimates.

    Returns:
        the jobs that follow and are submitted in this same transaction: what was waiting for it in pipelines, and
        the evaluation of a training that is not a pipeline's.

    Raises:
        LeaseLost: it was no longer owned.
        ValueError: a training that committed no final checkpoint.
    """
    take_turns(session)  # before the job's row is locked, as whoever cancels a pipeline does
    job = move_owned(session, claim, "finish", {Job.measured: measured})
    note(session, job.id, "state", {"state": "succeeded"})
    following = pipelines.advance_all(session, job)
    if job.kind == "train_cam" and not pipelines.owned(session, job.id):
        following += _submit_evaluation(session, job)
    return following


def fail(session: Session, claim: Claim, kind: str, message: str) -> None:
    """The job failed for good.

    Args:
        kind: a short code such as ``settings`` or ``crash``.
        message: what happened and what to do.

    Raises:
        LeaseLost: it was no longer owned.
    """
    error = {"kind": kind, "message": message}
    move_owned(session, claim, "fail", {Job.error: error})
    note(session, claim.job_id, "state", {"state": "failed", **error})


def stop(session: Session, claim: Claim) -> None:
    """The owner stopped because someone cancelled the job.

    Raises:
        LeaseLost: it was no longer owned.
    """
    move_owned(session, claim, "stop", {})
    note(session, claim.job_id, "state", {"state": "cancelled"})


def _submit_evaluation(session: Session, job: Job) -> list[Job]:
    settings = CamTrainSettings.model_validate(job.settings)
    checkpoint = final_checkpoint(session, job.id)
    if checkpoint is None:
        raise ValueError(f"training {job.id} cannot finish: it committed no final checkpoint")
    dataset = session.get(Dataset, settings.dataset)
    if dataset is None or settings.val_split not in dataset.masked_splits:
        return []  # nothing to score the maps against
    evaluate = EvaluateSettings(
        checkpoint=checkpoint, dataset=settings.dataset, split=settings.val_split, images=settings.val_images
    )
    dumped = evaluate.model_dump(mode="json")
    new = NewJob("evaluate", dumped, job.name, job.id, max_attempts=job.max_attempts, owner=job.owner)
    return [submit(session, new)[0]]
