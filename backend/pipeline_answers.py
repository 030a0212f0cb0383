"""What clients see of pipelines: their stages with jobs and results, and the state that follows from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.job_answers import job_answers
from backend.schemas.jobs import Job
from backend.schemas.pipelines import Pipeline, PipelineStage, StageResult
from backend.store.models import Job as JobRow
from backend.store.models import Pipeline as Row
from backend.store.models import PipelineStage as StageRow
from backend.store.pipeline_control import failed_stage, finished_at, state_of

Stages = list[tuple[StageRow, JobRow | None]]


def pipeline_answer(session: Session, row: Row) -> Pipeline:
    """A pipeline."""
    return pipeline_answers(session, [row])[0]


def pipeline_answers(session: Session, rows: Sequence[Row]) -> list[Pipeline]:
    """Several pipelines, in the same order, in a fixed number of queries."""
    stages: dict[str, Stages] = defaultdict(list)
    query = select(StageRow, JobRow).outerjoin(JobRow, StageRow.job_id == JobRow.id)
    query = query.where(StageRow.pipeline_id.in_([row.id for row in rows])).order_by(StageRow.position)
    for stage, job in session.execute(query.execution_options(populate_existing=True)):
        stages[stage.pipeline_id].append((stage, job))
    jobs = {job.id: job for listed in stages.values() for _, job in listed if job is not None}
    answers = {answer.id: answer for answer in job_answers(session, list(jobs.values()))}
    return [_answer(row, stages[row.id], answers) for row in rows]


def _answer(row: Row, stages: Stages, answers: dict[str, Job]) -> Pipeline:
    state = state_of(row, stages)
    return Pipeline(
        id=row.id,
        name=row.name,
        settings=row.settings,
        dataset=row.dataset_id,
        state=state,
        stages=[_stage(stage, answers.get(stage.job_id or "")) for stage, _ in stages],
        failed_stage=failed_stage(stages),
        created_at=row.created_at,
        finished_at=finished_at(row, state, [job for _, job in stages if job is not None]),
    )


def _stage(row: StageRow, job: Job | None) -> PipelineStage:
    return PipelineStage(
        name=row.name,
        state=job.state if job is not None else "waiting",
        reused=row.reused,
        job=job,
        result=_result(job) if job is not None else None,
    )


def _result(job: Job) -> StageResult | None:
    if job.state != "succeeded" or job.result is None:
        return None
    made = job.result
    network = made.checkpoints[-1] if made.checkpoints else None
    evaluation = made.evaluation if job.kind == "evaluate" else None
    return StageResult(checkpoint=network, set=made.set, evaluation=evaluation, score=made.score)
