"""Jobs that nobody works on: announce them again, or end them.

Every step is a compare-and-swap, so the API and all workers may sweep at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from backend.store.database import now
from backend.store.models import CamRequest, Job, Worker
from backend.store.transitions import Action, move, note

WORKER_LOST = {
    "kind": "worker_lost",
    "message": "Every worker that tried this job died or stopped answering. Look at the worker's log, "
    "perhaps for a lack of memory, and retry with smaller settings.",
}
_PATIENCE_WHILE_NOBODY_IS_FREE = 20
_FORGET_REQUESTS_AFTER = 3600.0
_FORGET_WORKERS_AFTER = 600.0


@dataclass
class Swept:
    """What a sweep did: ``wake`` must now be announced on the queue."""

    wake: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)


def sweep(session: Session, redispatch_after: float, worker_timeout: float = 30.0) -> Swept:
    """Find jobs that nobody works on and that were not announced for ``redispatch_after`` seconds.

    While all workers are busy, or there is none, nobody could take them up, so they are announced much less often:
    the queue would fill with repetitions. A worker that is silent for ``worker_timeout`` seconds is gone. Jobs with
    an expired lease are cancelled if that was requested, and fail if their attempts are used up.
    """
    at = now(session)
    unowned = or_(Job.state == "queued", and_(Job.state == "running", Job.lease_expires_at < at))
    free = _somebody_is_free(session, at - worker_timeout)
    patience = redispatch_after * (1 if free else _PATIENCE_WHILE_NOBODY_IS_FREE)
    quiet = or_(Job.dispatched_at.is_(None), Job.dispatched_at < at - patience)
    over = or_(Job.cancel_requested_at.is_not(None), Job.attempts >= Job.max_attempts)
    result = Swept()
    for job in session.scalars(select(Job).where(unowned, or_(quiet, over)).order_by(Job.created_at)).all():
        same = and_(unowned, Job.fence == job.fence)
        if job.cancel_requested_at is not None:
            _end(session, job, "cancel", same, result.cancelled)
        elif job.attempts >= job.max_attempts:
            _end(session, job, "give_up", same, result.failed)
        elif _announced(session, job, and_(same, quiet), at):
            result.wake.append(job.id)
    return result


def _somebody_is_free(session: Session, since: float) -> bool:
    """Whether a worker for jobs waits for one, and gave a sign of life after that time."""
    idle = select(Worker.id).where(Worker.queue == "train", Worker.state == "idle", Worker.heartbeat_at > since)
    return session.scalars(idle.limit(1)).first() is not None


def tidy(session: Session) -> None:
    """Forget CAM requests and workers that are long over."""
    at = now(session)
    session.execute(delete(CamRequest).where(CamRequest.expires_at < at - _FORGET_REQUESTS_AFTER))
    session.execute(delete(Worker).where(Worker.heartbeat_at < at - _FORGET_WORKERS_AFTER))


def _end(session: Session, job: Job, action: Action, condition: ColumnElement[bool], ended: list[str]) -> None:
    error = WORKER_LOST if action == "give_up" else None
    moved = move(session, job.id, action, condition, {Job.error: error})
    if moved is not None:
        note(session, job.id, "state", {"state": moved.state, **(error or {})})
        ended.append(job.id)


def _announced(session: Session, job: Job, condition: ColumnElement[bool], at: float) -> bool:
    """Whether this sweep, and no other one, is to announce the job."""
    statement = update(Job).where(Job.id == job.id, condition).values({Job.dispatched_at: at}).returning(Job.id)
    return session.execute(statement.execution_options(synchronize_session=False)).first() is not None
