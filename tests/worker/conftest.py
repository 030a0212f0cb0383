"""A real database, artifact store and broker, and jobs done by a stand-in child."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery_workers import CeleryWorker, broker_process, workers_of

from backend.queue import redis_client
from backend.settings import Settings
from backend.store import jobs
from backend.store.migrate import upgrade
from backend.store.models import Checkpoint, Dataset, Job, JobEvent, Worker
from backend.supervisor import valkey
from backend.supervisor.process import Process, Service
from ssenet.config import CamTrainSettings
from worker.context import Context
from worker.runner import JobRunner
from worker.trainer import Launch

FAKE_CHILD = Path(__file__).with_name("fake_child.py")


@pytest.fixture(scope="session")
def shared_broker() -> Iterator[str]:
    """A real Valkey on a private socket."""
    with tempfile.TemporaryDirectory(prefix="ssenet-") as name:
        socket = Path(name) / "v.sock"
        command = valkey.command(valkey.find_server(), socket, Path(name))
        server = Process(Service("valkey", command, lambda: valkey.answers(socket)), Path(name) / "valkey.log")
        server.start()
        while not valkey.answers(socket):
            assert server.alive, (Path(name) / "valkey.log").read_text()
        yield f"redis+socket://{socket}"
        server.kill()


@pytest.fixture
def broker(request: pytest.FixtureRequest, tmp_path: Path, shared_broker: str) -> str:
    """The session's broker, emptied where workers listen to it (its messages name jobs of other databases), or the
    test's own."""
    if "own_valkey" in request.fixturenames:
        return f"redis+socket://{tmp_path / 'v.sock'}"
    if "start" in request.fixturenames:
        with redis_client(shared_broker) as client:
            client.flushall()
    return shared_broker


@pytest.fixture
def start(context: Context) -> Iterator[Callable[..., CeleryWorker]]:
    """``start(mode)``: a running worker, killed with all its family after the test."""
    with workers_of(context.settings) as launch:
        yield launch


@pytest.fixture
def idle(context: Context, wait_until: Callable[..., object]) -> Callable[[CeleryWorker], None]:
    """``idle(worker)``: wait until it says that it waits for work."""

    def wait(worker: CeleryWorker) -> None:
        def ready() -> bool:
            with context.database.read() as session:
                return session.query(Worker).filter_by(pid=worker.popen.pid, state="idle", warm=True).count() == 1

        wait_until(ready, timeout=90, what="an idle worker")

    return wait


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Process]:
    """A broker of the test's own, to be killed; the installation uses it when the test asks for it."""
    server = broker_process(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def context(tmp_path: Path, broker: str) -> Iterator[Context]:
    """An installation with a registered demo set; leases last long enough not to matter."""
    settings = Settings(data_dir=tmp_path, redis_url=broker, train_threads=1)
    opened = Context.open(settings)
    upgrade(opened.database.engine)
    with opened.database.write() as session:
        session.add(
            Dataset(
                id="demo",
                spec={"name": "demo", "kind": "demo"},
                classes=["cat", "dog"],
                splits={"train": 4, "val": 2},
                fingerprint="f",
                label_source="masks",
                has_masks=True,
                masked_splits=["val"],
                created_at=0.0,
            )
        )
    yield opened
    opened.close()


@pytest.fixture
def runner(context: Context) -> Callable[..., JobRunner]:
    """``runner(mode)``: does jobs with the stand-in child in that mode."""

    def make(mode: str, *, draining: Callable[[], bool] = lambda: False, stop_seconds: float = 20.0) -> JobRunner:
        launch = Launch([sys.executable, str(FAKE_CHILD), mode], stop_seconds)
        return JobRunner(context, f"test {mode}", draining, launch)

    return make


@pytest.fixture
def submit(context: Context) -> Callable[..., str]:
    """``submit()``: queue a training, return its id."""

    def queue(kind: str = "train_cam", **settings: Any) -> str:
        values = settings or CamTrainSettings(dataset="demo").model_dump(mode="json")
        with context.database.write() as session:
            return jobs.submit(session, jobs.NewJob(kind, values))[0].id

    return queue


@pytest.fixture
def job(context: Context) -> Callable[[str], Job]:
    """``job(id)``: its row as it is now."""

    def read(job_id: str) -> Job:
        with context.database.read() as session:
            row = jobs.get(session, job_id)
        assert row is not None
        return row

    return read


@pytest.fixture
def events(context: Context) -> Callable[[str], list[JobEvent]]:
    """``events(id)``: everything that happened, in order."""

    def read(job_id: str) -> list[JobEvent]:
        with context.database.read() as session:
            return list(session.query(JobEvent).filter_by(job_id=job_id).order_by(JobEvent.seq))

    return read


@pytest.fixture
def checkpoints(context: Context) -> Callable[[str], list[Checkpoint]]:
    """``checkpoints(id)``: what a job committed, by step."""

    def read(job_id: str) -> list[Checkpoint]:
        with context.database.read() as session:
            return list(session.query(Checkpoint).filter_by(job_id=job_id).order_by(Checkpoint.step))

    return read
