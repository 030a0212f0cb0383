"""Workers that are asked to leave, jobs that kill whoever works on them, and a hundred jobs in one pool child."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from celery_workers import alive
from histories import first_step_of, states, steps

from backend.queue import Doorbell
from backend.supervisor.process import Process
from worker.context import Context

Submit = Callable[..., str]
Read = Callable[[str], Any]
Wait = Callable[..., Any]

pytestmark = pytest.mark.slow


@pytest.mark.promise("R14")
@pytest.mark.parametrize("asked", ["the worker", "its whole process group", "every process of it"])
def test_a_worker_that_is_asked_to_leave_gives_its_job_back_uncharged_and_another_goes_on(
    asked: str, start: Any, idle: Any, submit: Submit, job: Read, events: Read, wait_until: Wait, measured: Any
) -> None:
    worker = start("steps")
    idle(worker)
    job_id = submit()
    wait_until(lambda: (job(job_id).progress_done or 0) >= 5, timeout=60, what="five steps")
    family, began = worker.family, time.monotonic()
    if asked == "the worker":
        worker.popen.terminate()
    elif asked == "its whole process group":
        os.killpg(worker.popen.pid, signal.SIGTERM)
    else:
        for process in [*reversed(family), psutil.Process(worker.popen.pid)]:
            process.terminate()
    assert worker.popen.wait(90) == 0
    measured(f"{asked} asked to leave: time until it had left", time.monotonic() - began, "s", limit=60)
    assert not alive(family)
    assert (job(job_id).state, job(job_id).attempts) == ("queued", 0), [e.data for e in events(job_id)][-3:]
    assert submit() and job(job_id).state == "queued", "nobody is left who could claim anything"
    start("steps")
    wait_until(lambda: job(job_id).state == "succeeded", timeout=90, what="its success")
    measured(f"{asked} asked to leave: attempts charged for it", job(job_id).attempts - 1, "", limit=0)
    assert first_step_of(events(job_id), 2) > 5
    assert steps(events(job_id)) == list(range(1, 41)) and states(events(job_id)).count("succeeded") == 1


@pytest.mark.promise("R14")
def test_a_worker_leaves_while_the_broker_is_away(
    own_valkey: Process, start: Any, idle: Any, submit: Submit, job: Read, wait_until: Wait, measured: Any
) -> None:
    worker = start("steps")
    idle(worker)
    job_id = submit()
    wait_until(lambda: (job(job_id).progress_done or 0) >= 5, timeout=60, what="five steps")
    own_valkey.kill()
    began = time.monotonic()
    worker.popen.terminate()
    assert worker.popen.wait(90) == 0
    measured("asked to leave without a broker: time until it had left", time.monotonic() - began, "s", limit=60)
    assert (job(job_id).state, job(job_id).attempts) == ("queued", 0)


@pytest.mark.promise("R11")
@pytest.mark.parametrize(("victim", "kind"), [("trainer", "crash"), ("pool child", "worker_lost")])
def test_a_job_that_kills_whoever_works_on_it_fails_and_the_others_go_on(
    victim: str, kind: str, start: Any, idle: Any, submit: Submit, job: Read, wait_until: Wait, measured: Any
) -> None:
    worker = start(f"poisoned:{victim}")
    idle(worker)
    poison = submit(dataset="demo", seed=13)
    others = [submit(dataset="demo", seed=seed) for seed in range(3)]
    wait_until(lambda: job(poison).state == "failed", timeout=120, what="its failure")
    measured(f"attempts of a job that kills its {victim}", job(poison).attempts, "", limit=3)
    assert job(poison).error["kind"] == kind
    for other in others:
        wait_until(lambda other=other: job(other).state == "succeeded", timeout=90, what="another job's success")
        assert job(other).attempts == 1
    assert worker.popen.poll() is None
    idle(worker)


@pytest.mark.promise("L4")
def test_a_hundred_jobs_leave_no_descriptor_and_no_process(
    context: Context, start: Any, idle: Any, submit: Submit, job: Read, wait_until: Wait, measured: Any
) -> None:
    worker = start("work")
    idle(worker)
    bell = Doorbell.of(context.settings)

    def do(count: int) -> None:
        ids = [submit(dataset="demo", seed=seed, val_split="train") for seed in range(count)]  # without evaluations
        for job_id in ids:
            assert bell.wake(job_id)
        wait_until(lambda: all(job(i).finished_at for i in ids), timeout=300, what=f"the end of {count} jobs")

    def open_now() -> tuple[int, int, int]:
        [pool_child] = psutil.Process(worker.popen.pid).children()
        return pool_child.num_fds(), pool_child.num_threads(), len(pool_child.children())

    do(2)
    idle(worker)
    before, pool = open_now(), [process.pid for process in worker.family]
    do(100)
    idle(worker)
    assert [process.pid for process in worker.family] == pool
    wait_until(lambda: open_now()[1:] == before[1:], timeout=20, what="no more threads and processes than before")
    measured("descriptors of a pool child after 100 jobs, beyond those before", open_now()[0] - before[0], "", limit=0)
