"""The train worker as a real Celery worker on a real Valkey: it dies, is drained, and hears everything twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from celery_workers import alive

from backend.queue import Doorbell
from backend.store.models import Worker
from backend.supervisor.process import Process
from worker.context import Context
from worker.runner import JobRunner

Submit = Callable[..., str]
Read = Callable[[str], Any]
Wait = Callable[..., Any]
Runner = Callable[[str], JobRunner]


def rows(context: Context) -> list[Worker]:
    """The workers that say they live."""
    with context.database.read() as session:
        return list(session.query(Worker))


def state(job: Read, job_id: str, *states: str) -> Callable[[], bool]:
    """A condition to wait for."""
    return lambda: job(job_id).state in states


def working(job: Read, job_id: str, attempts: int = 1) -> Callable[[], bool]:
    """The job's process of that attempt lives, and its first progress is committed."""
    return lambda: job(job_id).attempts == attempts and job(job_id).progress_done is not None


def state_of_attempt(job: Read, job_id: str, attempt: int) -> Callable[[], bool]:
    """The job is at work for that time."""
    return lambda: job(job_id).attempts == attempt and job(job_id).state == "running"


def test_two_do_once_what_was_announced_many_times_and_what_nobody_announced(
    context: Context, start: Any, submit: Submit, job: Read, checkpoints: Read, wait_until: Wait
) -> None:
    often, once, never = submit(), submit(), submit()
    bell = Doorbell.of(context.settings)
    for _ in range(30):
        bell.wake(often)
    bell.wake(once)
    workers = [start("work"), start("work")]
    for job_id in (once, often, never):
        wait_until(state(job, job_id, "succeeded"), timeout=40)
        assert (job(job_id).attempts, job(job_id).fence) == (1, 1)
        assert [row.step for row in checkpoints(job_id)] == [1, 2]
    wait_until(lambda: [row.state for row in rows(context)] == ["idle"] * 2, what="two workers that say they live")
    assert {(row.queue, row.pid, row.warm) for row in rows(context)} == {
        ("train", worker.popen.pid, True) for worker in workers
    }


def test_a_drained_worker_ends_by_itself_and_gives_the_job_back_uncharged(
    context: Context, start: Any, runner: Runner, submit: Submit, job: Read, wait_until: Wait
) -> None:
    job_id = submit()
    worker = start("wait")
    wait_until(working(job, job_id), timeout=40)
    family = worker.family
    worker.popen.terminate()
    assert worker.popen.wait(30) == 0
    assert not alive(family)
    assert (job(job_id).state, job(job_id).attempts) == ("queued", 0)
    assert rows(context) == [], "it signed off"
    assert runner("wait").run(job_id) == "done", "it goes on from the state that was saved"


def test_a_killed_worker_leaves_no_process_and_another_one_takes_over(
    start: Any, runner: Runner, submit: Submit, job: Read, wait_until: Wait
) -> None:
    job_id = submit()
    worker = start("wait")
    wait_until(working(job, job_id), timeout=40)
    family = worker.family
    assert len(family) >= 2, "the pool child and the job's process"
    worker.popen.kill()
    wait_until(lambda: not alive(family), timeout=5, what="the end of the killed worker's family")
    wait_until(lambda: runner("work").run(job_id) == "done", timeout=40, what="the end of the killed worker's lease")
    assert job(job_id).attempts == 2


def test_a_killed_part_costs_an_attempt_and_not_the_worker(
    start: Any, submit: Submit, job: Read, wait_until: Wait
) -> None:
    job_id = submit()
    worker = start("wait", lease_ttl=600)  # nobody waits for it to expire
    wait_until(working(job, job_id), timeout=40)

    def parts() -> list[psutil.Process]:
        """The pool child and the job's process."""
        return psutil.Process(worker.popen.pid).children(recursive=True)

    for victim, attempt in ((1, 2), (0, 3)):
        wait_until(lambda: len(parts()) == 2, what="pool child and job process")
        family = parts()
        family[victim].kill()
        wait_until(lambda family=family: not alive(family[1:]), timeout=5)
        wait_until(state_of_attempt(job, job_id, attempt), timeout=40, what="another attempt by the same worker")
    assert worker.popen.poll() is None


@pytest.mark.slow
def test_a_worker_that_was_paused_for_longer_than_its_lease_commits_nothing(
    start: Any, submit: Submit, job: Read, checkpoints: Read, wait_until: Wait
) -> None:
    job_id = submit()
    paused = start("wait")
    wait_until(working(job, job_id), timeout=40)
    pool_child = psutil.Process(paused.popen.pid).children()[0]
    [zombie] = pool_child.children()
    pool_child.suspend()
    start("work")
    wait_until(state(job, job_id, "succeeded"), timeout=40)
    assert alive([zombie]), "its process still runs, as nobody looks after it"
    pool_child.resume()
    wait_until(lambda: not alive([zombie]), timeout=10, what="the end of the replaced process")
    assert (job(job_id).state, job(job_id).fence) == ("succeeded", 2)
    assert [row.step for row in checkpoints(job_id)] == [1, 2]


@pytest.mark.slow
def test_a_broker_that_comes_back_empty_loses_no_job(
    tmp_path: Path, start: Any, submit: Submit, job: Read, wait_until: Wait, own_valkey: Process
) -> None:
    running = submit()
    start("wait")
    wait_until(working(job, running), timeout=40)
    queued = [submit() for _ in range(3)]
    own_valkey.kill()
    for path in (tmp_path / "valkey").rglob("*"):
        if not path.is_dir():
            path.unlink()
    own_valkey.start()
    start("work")
    for job_id in queued:
        wait_until(state(job, job_id, "succeeded"), timeout=60)
    assert job(running).state == "running" and job(running).attempts == 1, "a hiccup of the broker is no reason to stop"
