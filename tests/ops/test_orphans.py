"""What a killed worker of this host held is free at once."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.store import jobs
from backend.store.database import Database
from backend.store.migrate import upgrade
from backend.store.models import Worker
from backend.store.orphans import forget_dead_workers
from backend.store.transitions import LeaseLost


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty installation."""
    opened = Database(f"sqlite:///{tmp_path}/ssenet.db")
    upgrade(opened.engine)
    yield opened
    opened.dispose()


def worker(name: str, pid: int, host: str) -> Worker:
    """A worker that said it lives."""
    return Worker(id=name, queue="train", pid=pid, host=host, state="busy", warm=True, started_at=0.0, heartbeat_at=0.0)


def test_only_dead_workers_of_this_host_lose_their_jobs(database: Database) -> None:
    here = socket.gethostname()
    with database.write() as session:
        session.add_all([worker("dead", 2**22 + 1, here), worker("alive", os.getpid(), here)])
        session.add(worker("elsewhere", 2**22 + 1, "another host"))
        held = {}
        for name in ("dead", "alive", "elsewhere"):
            job, _ = jobs.submit(session, jobs.NewJob("evaluate", {}))
            held[name] = jobs.claim(session, job.id, name, 600)
    with database.write() as session:
        assert forget_dead_workers(session) == ["dead"]
        assert {row.id for row in session.query(Worker)} == {"alive", "elsewhere"}
    for name in ("alive", "elsewhere"):
        with database.write() as session:
            assert jobs.heartbeat(session, held[name]) is False
            assert jobs.claim(session, held[name].job_id, "another", 600) is None
    with database.write() as session, pytest.raises(LeaseLost):
        jobs.heartbeat(session, held["dead"])
    with database.write() as session:
        again = jobs.claim(session, held["dead"].job_id, "another", 600)
    assert again is not None and again.fence == 2
