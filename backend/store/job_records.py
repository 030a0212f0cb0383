"""What the owner of a job records while it works. Every write is guarded by its fence."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from backend.store.database import now
from backend.store.models import Checkpoint, Evaluation, ImageSet, Job, JobEvent, Ranking, Score
from backend.store.transitions import Claim, move_owned, note
from ssenet.analysis.triage_record import TriageSummary
from ssenet.results import CheckpointCard, EvaluationRecord
from ssenet.scores import SegmentationRecord
from ssenet.sets import SetManifest


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
    job = move_owned(session, claim, "renew", {Job.step: case((Job.step < step, step), else_=Job.step)})
    job.content_key = card.lineage[-1].key if card.lineage else job.content_key  # of the data that were really there
    earlier = select(Checkpoint.id).where(Checkpoint.job_id == claim.job_id, Checkpoint.step == step)
    existing = session.scalars(earlier).one_or_none()
    if existing is not None:
        return existing
    row = checkpoint_row(card, now(session), weights_key=weights_key, size=size)
    row.job_id, row.epoch, row.step, row.final = claim.job_id, epoch, step, final
    row.name = job.name or card.name  # people know the run by the name they gave it
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
) -> bool:
    """Make an evaluation visible whose histograms are already in the artifact store; a repeat changes nothing.

    Args:
        evaluation_id: a new id, which ``histograms_key`` is made from.
        summary: ``backend.store.evaluations.summarise`` of the histograms.

    Returns:
        whether it is new; the histograms of a repeat belong to no row.

    Raises:
        LeaseLost: the job is no longer owned.
    """
    job = move_owned(session, claim, "renew", {})
    if session.scalars(select(Evaluation.id).where(Evaluation.job_id == job.id)).one_or_none() is not None:
        return False
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
    return True


def commit_set(session: Session, claim: Claim, manifest: SetManifest, *, folder: str, size: int) -> str:
    """Make a set visible that lies complete in the artifact store.

    A repeated commit, by an attempt that came after one which died, keeps the row and names the new folder.

    Returns:
        the set's id.

    Raises:
        LeaseLost: the job is no longer owned.
    """
    job = move_owned(session, claim, "renew", {})
    job.content_key = manifest.key  # of the data that were really there, not of those when it was queued
    row = session.scalars(select(ImageSet).where(ImageSet.job_id == job.id)).one_or_none()
    if row is not None:
        row.folder, row.size, row.images, row.key = folder, size, len(manifest.image_ids), manifest.key
        row.manifest = manifest.model_dump(mode="json")
        return row.id
    row = ImageSet(
        id=uuid.uuid4().hex,
        kind=manifest.kind,
        name=job.name or f"{manifest.dataset}/{manifest.split}",
        job_id=job.id,
        dataset_id=job.dataset_id or manifest.dataset,
        split=manifest.split,
        images=len(manifest.image_ids),
        key=manifest.key,
        folder=folder,
        manifest=manifest.model_dump(mode="json"),
        size=size,
        created_at=now(session),
    )
    session.add(row)
    note(session, job.id, "set", {"set": row.id, "kind": row.kind, "images": row.images})
    return row.id


def commit_score(session: Session, claim: Claim, record: SegmentationRecord, *, score_id: str, counts_key: str) -> bool:
    """Make a score visible whose counts are already in the artifact store; a repeat changes nothing.

    Args:
        score_id: a new id, which ``counts_key`` is made from.

    Returns:
        whether it is new; the counts of a repeat belong to no row.

    Raises:
        LeaseLost: the job is no longer owned.
    """
    job = move_owned(session, claim, "renew", {})
    if session.scalars(select(Score.id).where(Score.job_id == job.id)).one_or_none() is not None:
        return False
    row = Score(
        id=score_id,
        subject=record.subject,
        job_id=job.id,
        dataset_id=job.dataset_id or record.protocol.dataset,
        checkpoint_id=claim.settings.get("checkpoint"),
        set_id=session.scalars(select(ImageSet.id).where(ImageSet.job_id == job.id)).one_or_none(),
        record=record.model_dump(mode="json"),
        counts_key=counts_key,
        created_at=now(session),
    )
    session.add(row)
    note(session, job.id, "scores", {"score": row.id, "miou": record.miou})
    return True


def commit_ranking(session: Session, claim: Claim, record: TriageSummary, *, ranking_id: str, rows_key: str) -> bool:
    """Make a ranking visible whose rows are already in the artifact store; a repeat changes nothing.

    Args:
        ranking_id: a new id, which ``rows_key`` is made from.

    Returns:
        whether it is new; the rows of a repeat belong to no ranking.

    Raises:
        LeaseLost: the job is no longer owned.
    """
    job = move_owned(session, claim, "renew", {})
    job.content_key = record.lineage[-1].key if record.lineage else job.content_key  # of the data that were there
    if session.scalars(select(Ranking.id).where(Ranking.job_id == job.id)).one_or_none() is not None:
        return False
    row = Ranking(
        id=ranking_id,
        checkpoint_id=claim.settings["checkpoint"],
        other_id=claim.settings.get("other"),
        dataset_id=claim.settings["dataset"],
        job_id=job.id,
        record=record.model_dump(mode="json"),
        rows_key=rows_key,
        created_at=now(session),
    )
    session.add(row)
    note(session, job.id, "ranking", {"ranking": row.id, "images": record.images})
    return True
