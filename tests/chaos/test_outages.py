"""The broker or the database is away for a while: nothing is lost, nobody is told a lie."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from celery_workers import alive
from run import Run

Wait = Callable[..., Any]
Measured = Callable[..., None]
BUSY_SECONDS = 10.0
"""How long SQLite waits for a lock before it says that it is busy."""


def at_work(run: Run) -> list[psutil.Process]:
    """The job's process, once it has committed a step."""
    return [trainer for slot in run.installation.slots for trainer in slot.trainers if run.evidence.checkpoints]


@pytest.mark.slow
@pytest.mark.promise("R5")
def test_a_broker_that_was_killed_and_comes_back_empty_loses_no_job(
    tmp_path: Path, wait_until: Wait, measured: Measured
) -> None:
    with Run(tmp_path, 1, wait_until, workers=1) as run:
        run.clients.submit(50)
        [trainer] = wait_until(lambda: at_work(run), timeout=60, what="the first step of a job")
        for _ in range(5):
            run.clients.submit(2)
        wait_until(lambda: len(run.clients.accepted) == 6)
        run.installation.broker.kill()
        away = time.monotonic()
        # The job's process goes on all the time: nobody who trains needs the broker.
        wait_until(lambda: not alive([trainer]) or time.monotonic() - away >= 10, timeout=30)
        assert alive([trainer]), "the running job was disturbed"
        run.installation.start_broker(empty=True)
        verdict = run.conclude()
    assert not verdict.violations, verdict.report
    trainings = [job for job in verdict.evidence.jobs if job.steps is not None]
    succeeded = [job for job in trainings if job.state == "succeeded"]
    measured("jobs lost of 6", 6 - len(succeeded), "", limit=0)
    [running] = [job for job in trainings if job.steps == 50]
    assert (running.attempts, running.fence) == (1, 1), "it did not notice"
    measured("time until all were done after the broker came back", verdict.peace_seconds, "s", limit=90)


@pytest.mark.slow
@pytest.mark.promise("R6")
def test_jobs_are_accepted_while_the_broker_is_away_and_start_when_it_is_back(
    tmp_path: Path, wait_until: Wait, measured: Measured
) -> None:
    with Run(tmp_path, 1, wait_until, workers=1) as run, httpx.Client(base_url=run.installation.address) as http:
        run.installation.broker.kill()
        began = time.monotonic()
        answer = http.post("/jobs", json={"kind": "train_cam", "settings": {"epochs": 2}}, timeout=30)
        measured("answer 202 without a broker", time.monotonic() - began, "s", limit=3)
        assert answer.status_code == 202, answer.text
        ready = http.get("/readyz", timeout=30)
        assert ready.status_code == 503 and ready.json()["broker"] == "away" and ready.json()["database"] == "ok"
        path = f"/jobs/{answer.json()['id']}"
        run.installation.start_broker(empty=True)
        back = time.monotonic()
        wait_until(lambda: http.get(path).json()["state"] != "queued", timeout=60, what="the start of the job")
        measured("time until the job started after the broker came back", time.monotonic() - back, "s")
        wait_until(lambda: http.get(path).json()["state"] == "succeeded", timeout=60, what="the end of the job")
        assert http.get(path).json()["attempts"] == 1
        assert http.get("/readyz").json()["broker"] == "ok"


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Nobody else writes to a SQLite file meanwhile."""
    holder = sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.rollback()
        holder.close()


def statuses_of_writers(address: str, job_id: str) -> list[httpx.Response]:
    """What those get who want to write, several at once."""

    def ask(path: str) -> httpx.Response:
        body = {"kind": "train_cam", "settings": {"epochs": 2}} if path == "/jobs" else None
        return httpx.post(address + path, timeout=60, json=body)

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(ask, ["/jobs", f"/jobs/{job_id}/cancel"] * 4))


@pytest.mark.slow
@pytest.mark.promise("R16")
def test_a_locked_database_costs_a_trainer_nothing_at_first_and_then_its_lease(
    tmp_path: Path, wait_until: Wait, measured: Measured
) -> None:
    lease, short, long = 20.0, 4.0, 30.0
    with Run(tmp_path, 0, wait_until, workers=1, lease=lease) as run:
        place = run.installation
        run.clients.submit(90)
        [trainer] = wait_until(lambda: at_work(run), timeout=60, what="the first step of a job")
        with locked(tmp_path / "ssenet.db"):
            time.sleep(short)
        committed = len(run.evidence.checkpoints)
        wait_until(lambda: len(run.evidence.checkpoints) > committed + 2, what="steps after the outage")
        assert alive([trainer]) and run.highest_fence == 1, "an outage that is shorter than 0.8 leases costs nothing"

        [job_id] = run.clients.accepted.values()
        with locked(tmp_path / "ssenet.db"):
            began = time.monotonic()
            answers = statuses_of_writers(place.address, job_id)
            assert httpx.get(f"{place.address}/jobs/{job_id}").status_code == 200, "readers do not wait for writers"
            wait_until(lambda: not alive([trainer]), timeout=long, what="the end of the job's process")
            measured(
                "time until a trainer cut off stopped itself (lease 20 s)",
                time.monotonic() - began,
                "s",
                0.8 * lease + 2,
            )
            time.sleep(max(0.0, long - (time.monotonic() - began)))
        verdict = run.conclude()
    assert {answer.status_code for answer in answers} == {503}, [answer.text for answer in answers]
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
    assert all("retry-after" in answer.headers for answer in answers)
    measured("answers 500 of 8 while the database was locked", sum(a.status_code == 500 for a in answers), "", limit=0)
    assert not verdict.violations and not verdict.unexpected, verdict.report
    assert [job.state for job in verdict.evidence.jobs if job.steps] == ["succeeded"], "and another attempt ends it"
    assert max(job.fence for job in verdict.evidence.jobs) == 2, "one attempt more"
