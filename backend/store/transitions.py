"""The table of legal steps of a job, and the compare-and-swap that every one of them goes through.

SQL owns a job and a queue message only wakes a worker. A worker that claims a job gets a *lease*, which it
renews, and a *fence*, a number that grows with every claim. Each write of a worker is a compare-and-swap on
(id, fence, state = running, lease not expired): whoever was paused or cut off for longer than its lease
changes no row and learns with ``LeaseLost`` that it was replaced. So nothing is done twice, although a
message may be delivered twice, late or never.

With PostgreSQL a transaction may read the clock and then wait for a row lock. That is safe: a claim that
took place in between has raised the fence, and a claim that judges by an earlier time only waits longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, CursorResult, and_, select, update
from sqlalchemy.orm import Session

from backend.store.database import now
from backend.store.models import Job, JobEvent, JobState

Action = Literal[
    "claim", "take_over", "renew", "release", "finish", "fail", "stop", "cancel", "request_stop", "give_up"
]


@dataclass(frozen=True)
class Transition:
    """From which states an action is legal, and where it leads."""

    sources: frozenset[JobState]
    target: JobState


def _transition(target: JobState, *sources: JobState) -> Transition:
    return Transition(frozenset(sources), target)


TRANSITIONS: dict[Action, Transition] = {
    "claim": _transition("running", "queued"),
    "take_over": _transition("running", "running"),  # the lease expired and another worker claims the job
    "renew": _transition("running", "running"),  # the owner goes on: heartbeat, progress, results
    "release": _transition("queued", "running"),  # the owner gives it back, for example to let its host restart
    "finish": _transition("succeeded", "running"),
    "fail": _transition("failed", "running"),
    "stop": _transition("cancelled", "running"),  # the owner stopped as it was asked to
    "request_stop": _transition("running", "running"),  # someone asks the owner to stop
    "cancel": _transition("cancelled", "queued", "running"),  # nobody works on it, or its owner's lease expired
    "give_up": _transition("failed", "queued", "running"),  # the same, and the attempts are used up
}
"""Every legal step. A terminal state is the source of none."""

TERMINAL: frozenset[JobState] = frozenset({"succeeded", "failed", "cancelled"})


class LeaseLost(Exception):  # noqa: N818  (a worker's cue to stop, not a fault)
    """This attempt no longer owns the job: its lease expired, or the job was cancelled or taken over."""


@dataclass(frozen=True)
class Claim:
    """The right to work on a job until the lease expires."""

    job_id: str
    fence: int
    owner: str
    ttl: float
    kind: str
    settings: dict[str, Any]
    attempts: int
    max_attempts: int


def move(
    session: Session, job_id: str, action: Action, condition: ColumnElement[bool], values: dict[Any, Any]
) -> Job | None:
    """Take one step of the table if the job is in a legal state and ``condition`` holds; else None."""
    step = TRANSITIONS[action]
    legal = and_(Job.id == job_id, Job.state.in_(sorted(step.sources)), condition)
    if step.target in TERMINAL:
        values = {**values, Job.finished_at: now(session), Job.lease_owner: None, Job.lease_expires_at: None}
    statement = update(Job).where(legal).values({**values, Job.state: step.target})
    result = session.execute(statement.execution_options(synchronize_session=False))
    return fresh(session, job_id) if cast(CursorResult[Any], result).rowcount == 1 else None


def move_owned(session: Session, claim: Claim, action: Action, values: dict[Any, Any]) -> Job:
    """Take one step of the table as the owner.

    Raises:
        LeaseLost: ``claim`` does not own the job any more; nothing was changed.
    """
    owned = and_(Job.fence == claim.fence, Job.lease_expires_at > now(session))
    job = move(session, claim.job_id, action, owned, values)
    if job is None:
        raise LeaseLost(f"attempt {claim.fence} no longer owns job {claim.job_id}")
    return job


def fresh(session: Session, job_id: str) -> Job:
    """The row as it is now in this transaction."""
    return session.scalars(select(Job).where(Job.id == job_id).execution_options(populate_existing=True)).one()


def note(session: Session, job_id: str, kind: str, data: dict[str, Any]) -> int:
    """Add an event within the transaction that just changed the row, whose lock leaves ``seq`` without gaps."""
    statement = update(Job).where(Job.id == job_id).values({Job.event_seq: Job.event_seq + 1})
    returning = statement.returning(Job.event_seq, Job.fence).execution_options(synchronize_session=False)
    seq, fence = session.execute(returning).one()
    session.add(JobEvent(job_id=job_id, seq=seq, fence=fence, type=kind, data=data, at=now(session)))
    session.flush()
    return int(seq)
