"""What clients see of jobs besides their rows: results and remaining time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.store.models import (
    Checkpoint,
    Evaluation,
    ImageSet,
    Job,
    JobEvent,
    Pipeline,
    PipelineStage,
    Ranking,
    Score,
)


@dataclass
class Results:
    """What a job made."""

    checkpoints: list[str] = field(default_factory=list)
    evaluation: str | None = None
    set: str | None = None
    score: str | None = None
    ranking: str | None = None


def results_of(session: Session, job_ids: Sequence[str]) -> dict[str, Results]:
    """Results of several jobs by id, in five queries; an evaluation also counts for the job that trained."""
    results: dict[str, Results] = defaultdict(Results)
    made = select(Checkpoint.job_id, Checkpoint.id).where(Checkpoint.job_id.in_(job_ids)).order_by(Checkpoint.step)
    for job_id, checkpoint in session.execute(made):
        results[str(job_id)].checkpoints.append(checkpoint)
    scored = (
        select(Evaluation.id, Evaluation.job_id, Checkpoint.job_id)
        .join(Checkpoint, Evaluation.checkpoint_id == Checkpoint.id)
        .where(or_(Evaluation.job_id.in_(job_ids), Checkpoint.job_id.in_(job_ids)))
        .order_by(Evaluation.created_at)
    )
    for evaluation, *owners in session.execute(scored):
        for owner in owners:
            results[str(owner)].evaluation = evaluation
    for job_id, set_id in session.execute(select(ImageSet.job_id, ImageSet.id).where(ImageSet.job_id.in_(job_ids))):
        results[job_id].set = set_id
    for job_id, score in session.execute(select(Score.job_id, Score.id).where(Score.job_id.in_(job_ids))):
        results[job_id].score = score
    for job_id, ranking in session.execute(select(Ranking.job_id, Ranking.id).where(Ranking.job_id.in_(job_ids))):
        results[job_id].ranking = ranking
    return results


def pipelines_of(session: Session, job_ids: Sequence[str]) -> dict[str, str]:
    """The pipeline that each job was submitted for, or else the first that took it up."""
    query = select(PipelineStage.job_id, PipelineStage.pipeline_id).join(Pipeline)
    query = query.where(PipelineStage.job_id.in_(job_ids))
    found: dict[str, str] = {}
    for job_id, pipeline_id in session.execute(query.order_by(PipelineStage.reused, Pipeline.created_at)):
        found.setdefault(str(job_id), pipeline_id)
    return found


def request_of(session: Session, job_id: str) -> str | None:
    """Id of the request that submitted a job; None for jobs that other jobs or the command line made."""
    data = session.scalars(select(JobEvent.data).where(JobEvent.job_id == job_id, JobEvent.seq == 1)).first()
    return str(data["request_id"]) if data and data.get("request_id") else None


def remaining(job: Job, at: float) -> float | None:
    """Seconds until a running job is done, at the pace of its present attempt; None when too little is known."""
    if job.state != "running" or None in (job.progress_done, job.progress_at, job.base_done, job.base_at):
        return None
    done, since = (job.progress_done or 0) - (job.base_done or 0), (job.progress_at or 0) - (job.base_at or 0)
    if done <= 0 or since <= 0:
        return None
    left = ((job.progress_total or 0) - (job.progress_done or 0)) * since / done
    return max(0.0, left - (at - (job.progress_at or at)))


@dataclass(frozen=True)
class Run:
    """A finished job that ran in one go.

    Attributes:
        seconds: of work proper.
        startup: seconds until work began, and after it ended.
    """

    job: Job
    seconds: float
    startup: float


def earlier_runs(session: Session, kind: str, limit: int = 20) -> list[Run]:
    """The latest jobs of a kind that succeeded at the first attempt, newest first."""
    query = select(Job).where(Job.kind == kind, Job.state == "succeeded", Job.attempts == 1)
    return [_run(job) for job in session.scalars(query.order_by(Job.finished_at.desc()).limit(limit))]


def _run(job: Job) -> Run:
    """What the owner measured tells work from startup; otherwise all of it counts as work."""
    measured = job.measured or {}
    whole = float(measured.get("seconds") or (job.finished_at or 0) - (job.started_at or 0))
    pace = float(measured.get("per_second") or 0)
    working = (job.progress_total or 0) / pace if pace > 0 and job.progress_total else whole
    return Run(job, min(working, whole), max(0.0, whole - working))
