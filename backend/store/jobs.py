"""The job state machine: what clients, workers and the sweep do to a job, one transaction each."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.store.database import now
from backend.store.models import Checkpoint, Dataset, Job
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
    "heartbeat",
    "mark_dispatched",
    "release",
    "request_cancel",
    "retry",
    "stop",
    "submit",
    "was_submitted",
]


class IdempotencyConflict(Exception):  # noqa: N818
    """The idempotency key was used before with another payload."""


class NotAllowed(Exception):  # noqa: N818
    """The job's state has no such transition."""

    def __init__(self, job: Job, action: str) -> None:
        super().__init__(f"The job is {job.state} and cannot {action}.")


@dataclass(frozen=True)
class NewJob:
    """What a client asks for; ``settings`` are already validated by the stage's model."""

    kind: str
    settings: dict[str, Any]
    name: str | None = None
    parent_id: str | None = None
    idempotency_key: str | None = None
    max_attempts: int = 3

    @property
    def payload_sha(self) -> str:
        """Hash that two submissions with one idempotency key must share."""
        payload = [self.kind, self.settings, self.name, self.parent_id]
        return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def get(session: Session, job_id: str) -> Job | None:
    """The job, or None."""
    return session.get(Job, job_id)


def submit(session: Session, new: NewJob) -> tuple[Job, bool]:
    """Queue a job.

    Returns:
        the job, and whether it is new: False when the idempotency key was used before.

    Raises:
        IdempotencyConflict: it was used with another payload.
    """
    earlier = _by_idempotency_key(session, new)
    if earlier is not None:
        return earlier, False
    job = _row(new, now(session))
    try:
        with session.begin_nested():
            session.add(job)
    except IntegrityError:  # another client was quicker with the same key
        earlier = _by_idempotency_key(session, new)
        if earlier is None:
            raise
        return earlier, False
    note(session, job.id, "state", {"state": "queued"})
    return fresh(session, job.id), True


def was_submitted(session: Session, new: NewJob) -> bool:
    """Whether the same submission arrived before under its idempotency key.

    Raises:
        IdempotencyConflict: the key was used with another payload.
    """
    return _by_idempotency_key(session, new) is not None


def retry(session: Session, job_id: str, max_attempts: int) -> Job:
    """Submit a failed or cancelled job once more, as a new job whose parent it is.

    Raises:
        NotAllowed: the job succeeded or is not over yet.
    """
    job = fresh(session, job_id)
    if job.state not in ("failed", "cancelled"):
        raise NotAllowed(job, "be retried")
    again = NewJob(job.kind, job.settings, job.name, parent_id=job.id, max_attempts=max_attempts)
    return submit(session, again)[0]


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
        raise NotAllowed(job, "be cancelled")
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
    given_back = {
        Job.attempts: Job.attempts - 1,
        Job.lease_owner: None,
        Job.lease_expires_at: None,
        Job.dispatched_at: None,
    }
    job = move_owned(session, claim, "release", given_back)
    note(session, job.id, "state", {"state": "queued", "reason": reason})
    if job.cancel_requested_at is not None and move(session, job.id, "cancel", true(), {}):
        note(session, job.id, "state", {"state": "cancelled"})
    return fresh(session, job.id)


def finish(session: Session, claim: Claim, measured: dict[str, Any] | None = None) -> Job | None:
    """The job succeeded.

    Args:
        measured: what the run took, such as ``{"images_per_second": 9.5}``, for later estimates.

    Returns:
        the evaluation that a finished training submits in this same transaction; else None.

    Raises:
        LeaseLost: it was no longer owned.
        ValueError: a training that committed no final checkpoint.
    """
    job = move_owned(session, claim, "finish", {Job.measured: measured})
    note(session, job.id, "state", {"state": "succeeded"})
    return _submit_evaluation(session, job) if job.kind == "train_cam" else None


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


def _submit_evaluation(session: Session, job: Job) -> Job | None:
    settings = CamTrainSettings.model_validate(job.settings)
    final = select(Checkpoint.id).where(Checkpoint.job_id == job.id, Checkpoint.final)
    checkpoint = session.scalars(final.order_by(Checkpoint.step.desc())).first()
    if checkpoint is None:
        raise ValueError(f"training {job.id} cannot finish: it committed no final checkpoint")
    dataset = session.get(Dataset, settings.dataset)
    if dataset is None or settings.val_split not in dataset.masked_splits:
        return None  # nothing to score the maps against
    evaluate = EvaluateSettings(
        checkpoint=checkpoint, dataset=settings.dataset, split=settings.val_split, images=settings.val_images
    )
    new = NewJob("evaluate", evaluate.model_dump(mode="json"), job.name, job.id, max_attempts=job.max_attempts)
    return submit(session, new)[0]


def _by_idempotency_key(session: Session, new: NewJob) -> Job | None:
    if new.idempotency_key is None:
        return None
    job = session.scalars(select(Job).where(Job.idempotency_key == new.idempotency_key)).one_or_none()
    if job is not None and job.payload_sha != new.payload_sha:
        raise IdempotencyConflict(new.idempotency_key)
    return job


def _row(new: NewJob, at: float) -> Job:
    return Job(
        id=uuid.uuid4().hex,
        kind=new.kind,
        name=new.name,
        settings=new.settings,
        dataset_id=new.settings.get("dataset"),
        checkpoint_id=new.settings.get("checkpoint"),
        parent_id=new.parent_id,
        state="queued",
        fence=0,
        attempts=0,
        max_attempts=new.max_attempts,
        step=0,
        event_seq=0,
        idempotency_key=new.idempotency_key,
        payload_sha=new.payload_sha,
        created_at=at,
    )
