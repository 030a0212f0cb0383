"""A job that is cancelled at the very moment when it ends: one of the two happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from histories import states

from backend.store import jobs
from backend.store.transitions import TERMINAL
from ssenet.training.notes import STATES
from worker.context import Context
from worker.prepare import attempt_folder
from worker.runner import JobRunner

Submit = Callable[..., str]
Read = Callable[[str], Any]
Wait = Callable[..., Any]
Make = Callable[..., JobRunner]
ROUNDS = 40


def cancel(context: Context, job_id: str) -> bool:
    """What the API does; whether it was not too late."""
    try:
        with context.database.write() as session:
            jobs.request_cancel(session, job_id)
    except jobs.NotAllowed:
        return False
    return True


@pytest.mark.promise("R13")
def test_a_queued_job_that_is_cancelled_never_starts(
    context: Context, runner: Make, submit: Submit, job: Read, events: Read
) -> None:
    job_id = submit()
    assert cancel(context, job_id)
    assert runner("work").run(job_id) is None
    assert (job(job_id).state, job(job_id).attempts) == ("cancelled", 0)
    assert states(events(job_id)) == ["queued", "cancelled"]


@pytest.mark.promise("R13")
@pytest.mark.parametrize("action", ["claim", "finish", "fail", "release"])
def test_cancelling_at_the_same_instant_leaves_one_outcome(
    action: str, context: Context, submit: Submit, job: Read, events: Read, measured: Any
) -> None:
    """Two threads with a connection each meet at a barrier; either may come first."""
    doubled, orders = 0, set()
    with ThreadPoolExecutor(2) as pool:
        for _ in range(ROUNDS):
            job_id, barrier = submit("infer_cam", dataset="demo"), threading.Barrier(2)
            claim = None
            if action != "claim":
                with context.database.write() as session:
                    claim = jobs.claim(session, job_id, "w", 60)

            def act(job_id: str = job_id, barrier: threading.Barrier = barrier, claim: Any = claim) -> None:
                barrier.wait(10)
                with context.database.write() as session:
                    if action == "claim":
                        jobs.claim(session, job_id, "w", 60)
                    elif action == "fail":
                        jobs.fail(session, claim, "crash", "text")
                    elif action == "release":
                        jobs.release(session, claim, "drain")
                    else:
                        jobs.finish(session, claim)

            def stop(job_id: str = job_id, barrier: threading.Barrier = barrier) -> bool:
                barrier.wait(10)
                return cancel(context, job_id)

            acted, stopped = pool.submit(act), pool.submit(stop)
            acted.result(30)
            was_in_time = stopped.result(30)
            history = states(events(job_id))
            ends = [state for state in history if state in TERMINAL]
            orders.add((was_in_time, *history))
            doubled += len(ends) > 1
            asked = job(job_id).cancel_requested_at is not None
            assert ends or (asked and job(job_id).state == "running"), "its owner will stop it"
            assert was_in_time == asked
    measured(f"cancelled and {action} at once, {ROUNDS} times: jobs with two outcomes", doubled, "", limit=0)
    measured(f"cancelled and {action} at once: different histories seen", len(orders), "")


@pytest.mark.promise("R13")
@pytest.mark.slow
def test_a_running_training_stops_in_time_with_a_state(
    context: Context, runner: Make, submit: Submit, job: Read, wait_until: Wait, measured: Any
) -> None:
    job_id = submit()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(runner("steps").run, job_id)
        wait_until(lambda: (job(job_id).progress_done or 0) >= 3, timeout=60)
        asked = time.monotonic()
        assert cancel(context, job_id)
        assert running.result(60) == "cancelled"
    measured("cancelled while running: time until it had stopped", time.monotonic() - asked, "s", limit=35)
    assert job(job_id).state == "cancelled"
    claim = jobs.Claim(job_id, 1, "w", 60, "train_cam", {}, 1, 3)
    assert list((attempt_folder(context.artifacts, claim) / STATES).glob("step-*.json"))
