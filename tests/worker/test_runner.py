"""A job from claim to conclusion, with real processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.store import jobs
from backend.store.artifacts import attempt_key
from backend.store.models import Evaluation, Job
from worker.context import Context
from worker.runner import JobRunner
from worker.supervise import Outcome

Make = Callable[..., JobRunner]
Submit = Callable[..., str]
Read = Callable[[str], Any]
Wait = Callable[..., Any]


@pytest.fixture
def in_background() -> Any:
    """Run a job in a thread while the test acts on it. (A real worker runs it in its main thread.)"""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit


def progressed(job: Read, job_id: str) -> Callable[[], bool]:
    """The barrier of most tests: the child lives and its first event is committed."""
    return lambda: job(job_id).progress_done is not None


def folder(context: Context, job_id: str, fence: int) -> Path:
    """Where an attempt writes."""
    return context.artifacts.path(attempt_key(job_id, fence))


def test_a_training_commits_its_checkpoints_and_submits_its_evaluation(
    context: Context, runner: Make, submit: Submit, job: Read, events: Read, checkpoints: Read
) -> None:
    job_id = submit()
    assert runner("work").run(job_id) == "done"

    assert job(job_id).state == "succeeded"
    assert [(row.step, row.final) for row in checkpoints(job_id)] == [(1, False), (2, True)]
    assert all(context.artifacts.exists(row.weights_key) for row in checkpoints(job_id))
    kinds = [event.type for event in events(job_id)]
    assert kinds.count("metrics") == 2 and kinds.count("epoch") == 2
    with context.database.read() as session:
        follow_up = session.query(Job).filter_by(parent_id=job_id).one()
    assert follow_up.kind == "evaluate" and follow_up.state == "queued"
    assert follow_up.settings["checkpoint"] == checkpoints(job_id)[-1].id

    assert runner("work").run(follow_up.id) == "done"
    with context.database.read() as session:
        evaluation = session.query(Evaluation).filter_by(job_id=follow_up.id).one()
    assert context.artifacts.exists(evaluation.histograms_key)


def test_states_are_discarded_after_success_and_the_log_is_kept(context: Context, runner: Make, submit: Submit) -> None:
    job_id = submit()
    runner("work").run(job_id)
    assert {path.name for path in folder(context, job_id, 1).iterdir()} == {"log.txt", "run.json"}


def test_a_job_is_claimed_once_however_often_it_is_announced(
    runner: Make, submit: Submit, job: Read, in_background: Any, wait_until: Wait
) -> None:
    job_id = submit()
    stop = threading.Event()
    first = in_background(runner("wait", draining=stop.is_set).run, job_id)
    wait_until(progressed(job, job_id))
    assert [runner("work").run(job_id) for _ in range(20)] == [None] * 20
    assert job(job_id).attempts == 1
    stop.set()
    assert first.result(20) == "drained"


def test_an_unknown_job_is_no_job(runner: Make) -> None:
    assert runner("work").run("0" * 32) is None


def test_what_the_user_gave_fails_the_job_at_once_with_its_message(runner: Make, submit: Submit, job: Read) -> None:
    job_id = submit()
    assert runner("refuse").run(job_id) == "user_error"
    assert job(job_id).state == "failed"
    assert job(job_id).error == {
        "kind": "settings",
        "message": "The data set has no split named 'val'. Choose another.",
    }


def test_a_data_set_that_is_gone_fails_the_job(runner: Make, submit: Submit, job: Read) -> None:
    job_id = submit("train_cam", dataset="gone")
    assert runner("work").run(job_id) == "user_error"
    assert "gone is not registered any more" in job(job_id).error["message"]


def test_a_crash_is_tried_again_from_where_it_was(
    runner: Make, submit: Submit, job: Read, events: Read, checkpoints: Read
) -> None:
    job_id = submit()
    assert runner("crash-once").run(job_id) == "crashed"
    assert (job(job_id).state, job(job_id).attempts) == ("queued", 1)
    assert "the reason of the crash" in events(job_id)[-1].data["message"]

    assert runner("crash-once").run(job_id) == "done"
    assert (job(job_id).state, job(job_id).attempts, job(job_id).fence) == ("succeeded", 2, 2)
    assert [row.step for row in checkpoints(job_id)] == [1, 2]


@pytest.mark.parametrize(("mode", "text"), [("crash", "the reason of the crash"), ("poison", "killed by signal 9")])
def test_a_job_that_always_crashes_fails_after_its_attempts_with_the_end_of_its_log(
    mode: str, text: str, runner: Make, submit: Submit, job: Read
) -> None:
    job_id = submit()
    assert [runner(mode).run(job_id) for _ in range(4)] == ["crashed", "crashed", "crashed", None]
    assert job(job_id).state == "failed" and job(job_id).error["kind"] == "crash"
    assert text in job(job_id).error["message"]


def test_a_child_that_announces_a_foreign_file_is_stopped(runner: Make, submit: Submit, job: Read) -> None:
    job_id = submit()
    assert runner("lie").run(job_id) == "crashed"
    assert job(job_id).state == "queued"


def cancel(context: Context, job_id: str) -> None:
    """What the API does."""
    with context.database.write() as session:
        jobs.request_cancel(session, job_id)


def test_cancelling_lets_the_child_save_and_stop(
    context: Context, runner: Make, submit: Submit, job: Read, events: Read, in_background: Any, wait_until: Wait
) -> None:
    job_id = submit()
    running: Future[Outcome | None] = in_background(runner("wait").run, job_id)
    wait_until(progressed(job, job_id))
    cancel(context, job_id)
    assert running.result(20) == "cancelled"
    assert job(job_id).state == "cancelled"
    assert [event.type for event in events(job_id)].count("state") >= 3  # queued, running, saved, cancelled


def test_a_child_that_does_not_stop_is_killed(
    context: Context, runner: Make, submit: Submit, job: Read, in_background: Any, wait_until: Wait
) -> None:
    job_id = submit()
    running = in_background(runner("stubborn", stop_seconds=0.5).run, job_id)
    wait_until(progressed(job, job_id))
    cancel(context, job_id)
    assert running.result(20) == "cancelled"
    assert job(job_id).state == "cancelled"


def test_draining_gives_the_job_back_uncharged_and_the_next_worker_goes_on(
    runner: Make, submit: Submit, job: Read, in_background: Any, wait_until: Wait
) -> None:
    job_id = submit()
    stop = threading.Event()
    running = in_background(runner("wait", draining=stop.is_set).run, job_id)
    wait_until(progressed(job, job_id))
    stop.set()
    assert running.result(20) == "drained"
    assert (job(job_id).state, job(job_id).attempts) == ("queued", 0)
    assert runner("wait").run(job_id) == "done"  # it found the state that the first one saved
    assert job(job_id).state == "succeeded"


def test_an_attempt_that_died_before_it_saved_hides_nothing(
    context: Context, runner: Make, submit: Submit, job: Read, in_background: Any, wait_until: Wait
) -> None:
    job_id = submit()
    stop = threading.Event()
    running = in_background(runner("wait", draining=stop.is_set).run, job_id)
    wait_until(progressed(job, job_id))
    stop.set()
    assert running.result(20) == "drained"
    assert runner("poison").run(job_id) == "crashed"
    assert folder(context, job_id, 2).is_dir()
    assert runner("wait").run(job_id) == "done"  # from the first attempt's state, past the empty second one


def test_a_retry_of_a_cancelled_job_goes_on_from_what_it_saved(
    context: Context, runner: Make, submit: Submit, job: Read, in_background: Any, wait_until: Wait
) -> None:
    job_id = submit()
    running = in_background(runner("wait").run, job_id)
    wait_until(progressed(job, job_id))
    cancel(context, job_id)
    assert running.result(20) == "cancelled"
    with context.database.write() as session:
        again = jobs.retry(session, job_id, 3).id
    assert runner("wait").run(again) == "done"
    assert job(again).state == "succeeded"


def test_a_draining_worker_claims_nothing(runner: Make, submit: Submit, job: Read) -> None:
    job_id = submit()
    assert runner("work", draining=lambda: True).run(job_id) is None
    assert job(job_id).state == "queued"


def test_who_was_replaced_commits_nothing_and_its_child_dies(
    context: Context, runner: Make, submit: Submit, job: Read, in_background: Any, wait_until: Wait
) -> None:
    job_id = submit()
    running = in_background(runner("parent").run, job_id)
    grandchild = folder(context, job_id, 1) / "grandchild"
    wait_until(progressed(job, job_id))
    with context.database.write() as session:  # as after a pause for longer than the lease
        session.query(Job).filter_by(id=job_id).update({"lease_expires_at": time.time() - 1})
    with context.database.write() as session:
        assert jobs.claim(session, job_id, "someone else", 60) is not None
    cancel(context, job_id)  # wakes the first owner early; it may not act on it
    assert running.result(30) is None
    assert (job(job_id).state, job(job_id).fence, job(job_id).lease_owner) == ("running", 2, "someone else")
    wait_until(lambda: not alive(int(grandchild.read_text())), what="the end of the child's own child")


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
