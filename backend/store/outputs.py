"""What a finished job left for later ones, as long as nobody deleted it."""

from __future__ import annotations

from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.store.content import content_of
from backend.store.models import Checkpoint, Evaluation, ImageSet, Job, Ranking
from backend.store.owners import usable
from ssenet.config import NETWORKS, OUTPUTS, JobKind

LIVE = ("queued", "running")


def final_checkpoint(session: Session, job_id: str) -> str | None:
    """Id of the network that a training ended with."""
    final = select(Checkpoint.id).where(Checkpoint.job_id == job_id, Checkpoint.final)
    return session.scalars(final.order_by(Checkpoint.step.desc())).first()


def set_of(session: Session, job_id: str) -> str | None:
    """Id of the set that a job made."""
    return session.scalars(select(ImageSet.id).where(ImageSet.job_id == job_id)).first()


def evaluation_of(session: Session, job_id: str) -> str | None:
    """Id of the evaluation that a job made."""
    return session.scalars(select(Evaluation.id).where(Evaluation.job_id == job_id)).first()


def ranking_of(session: Session, job_id: str) -> str | None:
    """Id of the ranking that a job made."""
    return session.scalars(select(Ranking.id).where(Ranking.job_id == job_id)).first()


def output_of(session: Session, job: Job) -> str | None:
    """Id of what later stages can use of a job, or of its evaluation or ranking; None when it is not there."""
    output = OUTPUTS[cast(JobKind, job.kind)]
    if output is None:
        return ranking_of(session, job.id) if job.kind == "triage" else evaluation_of(session, job.id)
    return final_checkpoint(session, job.id) if output in NETWORKS else set_of(session, job.id)


def same_work(session: Session, kind: str, settings: dict[str, object], owner: str) -> Job | None:
    """A job of ``owner``, or a shared one, that has done the same, its result still there, or is about to do it."""
    key = content_of(session, kind, settings).key
    if key is None:
        return None
    query = select(Job).where(Job.content_key == key, Job.kind == kind, Job.cancel_requested_at.is_(None))
    query = query.where(usable(session, Job, owner))  # also where the session sees all, as in a worker
    query = query.where(Job.state.in_(("succeeded", *LIVE))).execution_options(populate_existing=True)
    found = session.scalars(query.order_by(Job.created_at.desc())).all()
    finished = [job for job in found if job.state == "succeeded" and output_of(session, job) is not None]
    return next(iter(finished), None) or next((job for job in found if job.state in LIVE), None)
