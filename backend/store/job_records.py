"""What the owner of a job records while it works. Every write is guarded by its fence."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from backend.store.database import now
from backend.store.models import Checkpoint, Evaluation, Job, JobEvent
from backend.store.transitions import Claim, move_owned, note
from ssenet.results import CheckpointCard, EvaluationRecord


def progress(session: Session, claim: Claim, done: int, total: int, unit: str, message: str = "") -> None:
    """Set how far the job is; at most about once a second.

    Raises:
        LeaseLost: the job is no longer owned.
    """
    at = now(session)
    values = {
        Job.progress_done: done,
        Job.progress_total: total,
        Job.progress_unit: unit,
        Job.progress_message: message,
        Job.progress_at: at,
        # Where this attempt began: a resumed one has not done the earlier steps in its own time.
        Job.base_done: func.coalesce(Job.base_done, done),
        Job.base_at: func.coalesce(Job.base_at, at),
    }
    move_owned(session, claim, "renew", values)


def add_events(session: Session, claim: Claim, events: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Append events (type, data), all or none.

    Raises:
        LeaseLost: the job is no longer owned.
    """
    move_owned(session, claim, "renew", {})
    for kind, data in events:
        note(session, claim.job_id, kind, data)


def events_after(session: Session, job_id: str, seq: int, limit: int) -> list[JobEvent]:
    """Up to ``limit`` events whose number is greater than ``seq``, in order."""
    query = select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.seq > seq)
    return list(session.scalars(query.order_by(JobEvent.seq).limit(limit)))


def commit_checkpoint(
    session: Session,
    claim: Claim,
    card: CheckpointCard,
    *,
    weights_key: str,
    size: int,
    epoch: int,
    step: int,
    final: bool,
) -> str:
    """Make a checkpoint visible whose weights are already in the artifact store.

    A repeated commit of the same step, by an attempt that resumed before it, changes nothing.

    Returns:
        the checkpoint's id.

    Raises:
        LeaseLost: the job is no longer owned.
    """
    move_owned(session, claim, "renew", {Job.step: case((Job.step < step, step), else_=Job.step)})
    earlier = select(Checkpoint.id).where(Checkpoint.job_id == claim.job_id, Checkpoint.step == step)
    existing = session.scalars(earlier).one_or_none()
    if existing is not None:
        return existing
    row = checkpoint_row(card, now(session), weights_key=weights_key, size=size)
    row.job_id, row.epoch, row.step, row.final = claim.job_id, epoch, step, final
    row.name = session.get_one(Job, claim.job_id).name or card.name  # people know the run by the name they gave it
    session.add(row)
    data = {"checkpoint": row.id, "epoch": epoch, "step": step, "final": final}
    note(session, claim.job_id, "checkpoint", data)
    return row.id


def checkpoint_row(
    card: CheckpointCard, at: float, *, size: int, weights_key: str | None = None, weights_path: str | None = None
) -> Checkpoint:
    """A row, final and with a new id, that is not in the session yet."""
    return Checkpoint(
        id=uuid.uuid4().hex,
        name=card.name,
        builtin=False,
        final=True,
        epoch=card.epoch,
        step=card.step,
        method=card.method,
        dataset=card.dataset,
        card=card.model_dump(mode="json"),
        content_sha=card.content_sha,
        weights_key=weights_key,
        weights_path=weights_path,
        size=size,
        created_at=at,
    )


def commit_evaluation(
    session: Session,
    claim: Claim,
    record: EvaluationRecord,
    *,
    evaluation_id: str,
    histograms_key: str,
    summary: list[dict[str, Any]],
) -> None:
    """Make an evaluation visible whose histograms are already in the artifact store; a repeat changes nothing.

    Args:
        evaluation_id: a new id, which ``histograms_key`` is made from.
        summary: ``backend.store.evaluations.summarise`` of the histograms.

    Raises:
        LeaseLost: the job is no longer owned.
    """
    job = move_owned(session, claim, "renew", {})
    if session.scalars(select(Evaluation.id).where(Evaluation.job_id == job.id)).one_or_none() is not None:
        return
    row = Evaluation(
        id=evaluation_id,
        checkpoint_id=claim.settings["checkpoint"],
        dataset_id=claim.settings["dataset"],
        job_id=job.id,
        record=record.model_dump(mode="json"),
        summary=summary,
        histograms_key=histograms_key,
        created_at=now(session),
    )
    session.add(row)
    note(session, job.id, "evaluation", {"evaluation": row.id})
