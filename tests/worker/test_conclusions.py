"""Jobs end although what follows from their end fails: a pipeline that cannot be read, or the end's own record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from backend.store import jobs, pipelines
from backend.store.models import Job, Pipeline, PipelineStage
from ssenet.config import pipeline_preset
from worker.context import Context
from worker.runner import JobRunner

Make = Callable[..., JobRunner]
Submit = Callable[..., str]
Read = Callable[[str], Any]


@pytest.fixture
def pair(context: Context) -> tuple[str, str]:
    """Two pipelines that wait for the same training."""
    made = []
    for _ in range(2):
        new = pipelines.NewPipeline(pipeline_preset("quick", last="infer_cam"))
        with context.database.write() as session:
            made.append(pipelines.create(session, new, masked=False, max_attempts=3)[0].id)
    return made[0], made[1]


def waiting(context: Context) -> list[Job]:
    with context.database.read() as session:
        return list(session.scalars(select(Job).where(Job.state == "queued")))


def unreadable(context: Context, pipeline_id: str) -> None:
    """As a newer release left it, or an older one."""
    with context.database.write() as session:
        session.get_one(Pipeline, pipeline_id).settings = {"of": "another release"}


def fail_after_submitting(monkeypatch: pytest.MonkeyPatch, pipeline_id: str, error: Exception) -> None:
    """Let a pipeline fail when it has started its next job already."""
    start = pipelines._start

    def dying(session: Any, pipeline: Pipeline, *rest: Any) -> Any:
        made = start(session, pipeline, *rest)
        if pipeline.id == pipeline_id:
            raise error
        return made

    monkeypatch.setattr(pipelines, "_start", dying)


@pytest.mark.parametrize("how", ["unreadable", "half way"])
def test_a_broken_pipeline_keeps_neither_its_job_from_ending_nor_another_pipeline_from_going_on(
    how: str,
    context: Context,
    runner: Make,
    pair: tuple[str, str],
    job: Read,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, sound = pair
    [training] = waiting(context)
    if how == "unreadable":
        unreadable(context, broken)
    else:
        fail_after_submitting(monkeypatch, broken, KeyError("x"))
    assert runner("work").run(training.id) == "done"
    assert (job(training.id).state, job(training.id).attempts) == ("succeeded", 1)
    [following] = waiting(context)
    with context.database.read() as session:
        stages = {row.pipeline_id: row.job_id for row in session.query(PipelineStage).filter_by(position=1)}
        stopped = {row.id: row.cancel_requested_at is not None for row in session.query(Pipeline)}
    assert following.kind == "infer_cam" and stages == {broken: None, sound: following.id}
    assert stopped == {broken: True, sound: False}
    assert any(broken in record.getMessage() for record in caplog.records)


def test_a_database_that_goes_away_breaks_no_pipeline(
    context: Context, runner: Make, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [training] = waiting(context)
    away = OperationalError("SELECT 1", {}, Exception("database is locked"))
    with monkeypatch.context() as patched:
        fail_after_submitting(patched, pair[0], away)
        with context.database.write() as session:
            claim = jobs.claim(session, training.id, "test", 60)
        assert claim is not None
        with pytest.raises(OperationalError), context.database.write() as session:
            jobs.finish(session, claim)
    with context.database.write() as session:
        jobs.release(session, claim, "test")
    assert runner("work").run(training.id) == "done"
    with context.database.read() as session:
        assert session.scalars(select(Pipeline.cancel_requested_at)).all() == [None, None]


def test_an_end_that_cannot_be_recorded_is_said_and_tried_again(
    runner: Make, submit: Submit, job: Read, events: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit()
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "finish", lambda *_: 1 / 0)
        assert runner("work").run(job_id) == "crashed"
    assert (job(job_id).state, job(job_id).attempts, job(job_id).lease_owner) == ("queued", 1, None)
    assert "ZeroDivisionError" in events(job_id)[-1].data["message"]
    assert runner("work").run(job_id) == "done"
    assert job(job_id).state == "succeeded"


def test_an_end_that_can_never_be_recorded_fails_the_job_with_its_reason(
    runner: Make, submit: Submit, job: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "finish", lambda *_: 1 / 0)
    job_id = submit()
    assert [runner("work").run(job_id) for _ in range(4)] == ["crashed", "crashed", "crashed", None]
    assert job(job_id).state == "failed"
    assert "ZeroDivisionError" in job(job_id).error["message"]
