"""Real Celery workers, a real broker and PostgreSQL: takeover after a kill, and an outage of the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery_workers import workers_of
from postgres_server import Cluster, running_cluster
from stage_results import dataset_row

from backend.settings import Settings
from backend.store import jobs
from backend.store.job_records import events_after
from backend.store.migrate import upgrade
from backend.store.models import Checkpoint, Job
from ssenet.config import CamTrainSettings
from worker.context import Context

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server that this module may stop."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def lab(server: Cluster, tmp_path: Path, broker: str) -> Iterator[Context]:
    """An installation on that server."""
    url = server.url(server.create())
    opened = Context.open(Settings(data_dir=tmp_path, database_url=url, redis_url=broker, train_threads=1))
    upgrade(opened.database.engine)
    with opened.database.write() as session:
        session.add(dataset_row())
    yield opened
    opened.close()


def submit(lab: Context, epochs: int = 2) -> str:
    settings = CamTrainSettings(dataset="demo", epochs=epochs).model_dump(mode="json")
    with lab.database.write() as session:
        job_id = jobs.submit(session, jobs.NewJob("train_cam", settings))[0].id
    lab.doorbell.wake(job_id)
    return job_id


def row(lab: Context, job_id: str) -> Job:
    with lab.database.read() as session:
        return session.get_one(Job, job_id)


def check_history(lab: Context, job_id: str) -> None:
    """One end, no gap, no step twice, fences that only grow."""
    with lab.database.read() as session:
        events = events_after(session, job_id, 0, 10_000)
        steps = [one.step for one in session.query(Checkpoint).filter_by(job_id=job_id).order_by(Checkpoint.step)]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.fence for event in events] == sorted(event.fence for event in events)
    assert sum(event.data.get("state") == "succeeded" for event in events if event.type == "state") == 1
    assert steps == sorted(set(steps)) and steps


@pytest.mark.promise("R1")
def test_a_killed_workers_job_is_taken_over(
    lab: Context, wait_until: Callable[..., object], measured: Callable[..., None]
) -> None:
    with workers_of(lab.settings) as start:
        first = start("wait", lease_ttl=3)
        job_id = submit(lab)
        wait_until(lambda: row(lab, job_id).progress_message == "waiting", timeout=90, what="the first attempt")
        second = start("work", lease_ttl=3)
        wait_until(lambda: "ready" in second.log.read_text(), timeout=90, what="the second worker")
        killed = time.monotonic()
        first.end()
        wait_until(lambda: row(lab, job_id).fence == 2, timeout=60, what="the takeover")
        taken = time.monotonic() - killed
        wait_until(lambda: row(lab, job_id).state == "succeeded", timeout=60, what="the job")
    measured("time until another worker had the job, PostgreSQL", taken, "s", limit=10)
    assert row(lab, job_id).attempts == 2
    check_history(lab, job_id)


@pytest.mark.promise("R16")
def test_a_worker_survives_a_short_outage_of_the_database(
    lab: Context, server: Cluster, wait_until: Callable[..., object], measured: Callable[..., None]
) -> None:
    """The server is gone, connections and all, while a job runs: the same attempt goes on and ends well."""
    with workers_of(lab.settings) as start:
        start("steps:0.4", lease_ttl=20)
        job_id = submit(lab, epochs=20)
        wait_until(lambda: (row(lab, job_id).progress_done or 0) >= 1, timeout=90, what="the job's first step")
        server.stop()
        began = time.monotonic()
        time.sleep(3)  # the outage itself
        server.start()
        outage = time.monotonic() - began
        wait_until(lambda: row(lab, job_id).state == "succeeded", timeout=90, what="the job")
    measured("attempts at a job that ran through an outage of the database", row(lab, job_id).attempts, "", limit=1)
    measured("that outage", outage, "s")
    check_history(lab, job_id)
