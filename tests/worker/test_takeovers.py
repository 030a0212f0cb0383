"""A worker, or a part of one, is killed or paused in the middle of a training, and another one goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from celery_workers import CeleryWorker, alive
from histories import files_outside, first_step_of, in_session, states, steps

from backend.store.artifacts import attempt_key, job_folder
from backend.store.models import JobEvent
from worker.context import Context

Submit = Callable[..., str]
Read = Callable[[str], Any]
Wait = Callable[..., Any]
TTL = 3.0
ALL_STEPS = list(range(1, 41))

pytestmark = pytest.mark.slow


@pytest.fixture
def training(
    start: Any, idle: Callable[[CeleryWorker], None], submit: Submit, job: Read, wait_until: Wait
) -> tuple[str, CeleryWorker]:
    """A job at its fifth step or later, and the worker that has it; another one is idle."""
    workers = [start("steps", TTL), start("steps", TTL)]
    for worker in workers:
        idle(worker)
    job_id = submit()
    wait_until(lambda: (job(job_id).progress_done or 0) >= 5, timeout=60, what="five steps")
    [busy] = [worker for worker in workers if job(job_id).lease_owner.endswith(f":{worker.popen.pid}")]
    return job_id, busy


def parts(worker: CeleryWorker) -> tuple[psutil.Process, psutil.Process]:
    """The pool child, and the trainer."""
    [pool_child] = psutil.Process(worker.popen.pid).children()
    [trainer] = pool_child.children()
    return pool_child, trainer


def had_once(events: list[JobEvent]) -> None:
    """Every step is recorded once and in order, and the job succeeded once."""
    assert steps(events) == ALL_STEPS
    assert states(events).count("succeeded") == 1 and states(events)[-1] == "succeeded"


@pytest.mark.parametrize(
    "victim",
    [
        pytest.param("worker", marks=pytest.mark.promise("R1")),
        pytest.param("pool child", marks=pytest.mark.promise("R2")),
        pytest.param("trainer", marks=pytest.mark.promise("R2")),
    ],
)
def test_what_is_killed_is_taken_over_from_the_last_state(
    victim: str, training: Any, job: Read, events: Read, wait_until: Wait, measured: Any
) -> None:
    job_id, worker = training
    pool_child, trainer = parts(worker)
    killed = time.monotonic()
    if victim == "worker":
        os.killpg(worker.popen.pid, signal.SIGKILL)
    else:
        (pool_child if victim == "pool child" else trainer).kill()
    wait_until(lambda: not in_session(trainer.pid), timeout=20, what="the end of the trainer's session")
    measured(f"processes left, {victim} killed: time until none", time.monotonic() - killed, "s", limit=5)
    wait_until(lambda: job(job_id).fence == 2, timeout=60, what="another attempt")
    measured(f"{victim} killed: time until the job was claimed again", time.monotonic() - killed, "s", limit=10)
    wait_until(lambda: job(job_id).state == "succeeded", timeout=90, what="its success")
    assert job(job_id).attempts == 2
    assert first_step_of(events(job_id), 2) > 5, "it went on, and did not begin again"
    had_once(events(job_id))


@pytest.mark.promise("R3")
@pytest.mark.parametrize("who", ["pool child", "worker"])
def test_who_was_paused_for_longer_than_its_lease_commits_nothing(
    who: str, context: Context, training: Any, idle: Any, job: Read, events: Read, wait_until: Wait, measured: Any
) -> None:
    job_id, worker = training
    pool_child, trainer = parts(worker)
    paused = [pool_child] if who == "pool child" else [psutil.Process(worker.popen.pid), pool_child, trainer]
    for process in paused:
        process.suspend()
    began = time.monotonic()
    wait_until(lambda: job(job_id).state == "succeeded", timeout=90, what="the success of another worker")
    wait_until(lambda: time.monotonic() - began > 3 * TTL, timeout=60, what="three times the lease")
    before, known = files_of_others(context, job_id), len(events(job_id))
    for process in paused:
        process.resume()
    wait_until(lambda: not alive([trainer]), timeout=20, what="the end of the replaced trainer")
    idle(worker)
    assert files_of_others(context, job_id) == before, "it writes into its own attempt's folder only"
    measured(f"{who} paused for {3 * TTL:g} s: rows it wrote afterwards", len(events(job_id)) - known, "", limit=0)
    assert (job(job_id).fence, job(job_id).attempts) == (2, 2)
    had_once(events(job_id))


def files_of_others(context: Context, job_id: str) -> dict[str, tuple[int, int]]:
    """All files of the job outside the folder of its first attempt."""
    return files_outside(context.artifacts.path(job_folder(job_id)), context.artifacts.path(attempt_key(job_id, 1)))


@pytest.mark.promise("R3")
def test_a_paused_trainer_keeps_its_owner_and_goes_on(
    training: Any, job: Read, events: Read, wait_until: Wait, measured: Any
) -> None:
    job_id, worker = training
    _, trainer = parts(worker)
    trainer.suspend()
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > 3 * TTL, timeout=60, what="three times the lease")
    assert (job(job_id).state, job(job_id).fence) == ("running", 1), "its worker lives and renews the lease"
    trainer.resume()
    wait_until(lambda: job(job_id).state == "succeeded", timeout=90, what="its success")
    measured("trainer alone paused: attempts in all", job(job_id).attempts, "", limit=1)
    had_once(events(job_id))
