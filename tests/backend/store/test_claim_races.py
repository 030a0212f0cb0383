"""Many processes want one job: at each instant it has at most one owner, also when their hosts' clocks disagree."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from backend.store import jobs
from backend.store.database import Database
from backend.store.job_records import events_after
from backend.store.models import Job

PROGRAM = Path(__file__).parents[2] / "support" / "claiming.py"
SECONDS = 3.0
HOUR = 3600.0


@dataclass(frozen=True)
class Owned:
    """From when until when (monotonic seconds) an attempt surely owned the job."""

    since: float
    until: float
    fence: int
    abandoned: bool
    lost: bool


def submitted(database: Database) -> str:
    with database.write() as session:
        return jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}, max_attempts=1_000_000))[0].id


def race(url: str, job_id: str, offsets: list[float]) -> list[Owned]:
    """Let a process for each clock claim the job for a while; what they owned, by fence."""
    processes = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), url, job_id, str(SECONDS), str(offset)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for offset in offsets
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    lines = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        lines += process.communicate(timeout=120)[0].splitlines()
        assert process.returncode == 0
    return sorted((Owned(*json.loads(line)) for line in lines), key=lambda owned: owned.fence)


def overlaps(found: list[Owned]) -> int:
    """How often an attempt owned the job while an earlier one surely still did."""
    return sum(later.since < earlier.until for earlier, later in pairwise(found) if not earlier.lost)


def committed_fences(database: Database, job_id: str) -> list[int]:
    with database.read() as session:
        events = events_after(session, job_id, 0, 1_000_000)
        assert [event.seq for event in events] == list(range(1, session.get_one(Job, job_id).event_seq + 1))
    return [event.fence for event in events if event.type == "metrics"]


def check(database: Database, job_id: str, found: list[Owned]) -> None:
    """What must be true however the clocks were."""
    assert len({owned.fence for owned in found}) == len(found), "a fence is given once"
    fences = committed_fences(database, job_id)
    assert fences == sorted(fences) and len(set(fences)) == len(fences), "nobody writes after its successor"
    assert set(fences) == {owned.fence for owned in found if not owned.lost}


@pytest.mark.slow
def test_a_job_has_one_owner_at_a_time(either: Database, database_url: str) -> None:
    job_id = submitted(either)
    found = race(database_url, job_id, [0.0] * 4)
    check(either, job_id, found)
    assert len(found) > 10 and any(owned.abandoned for owned in found) and overlaps(found) == 0


@pytest.mark.slow
@pytest.mark.promise("R19")
def test_hosts_whose_clocks_are_an_hour_off_own_nothing_twice_on_postgresql(
    postgres_url: str, measured: Callable[..., None]
) -> None:
    database = Database(postgres_url)
    job_id = submitted(database)
    found = race(postgres_url, job_id, [0.0, HOUR, -HOUR, 0.0])
    check(database, job_id, found)
    taken_over = sum(earlier.abandoned for earlier, _ in pairwise(found))
    assert taken_over > 0, "leases that ran out were taken over in time, too"
    measured("moments with two owners, clocks an hour apart, PostgreSQL", overlaps(found), "moments", limit=0)
    measured("attempts by processes whose clocks are an hour apart", len(found), "attempts")
    measured("their leases that were lost before they ran out", sum(one.lost for one in found), "leases")
    database.dispose()


@pytest.mark.slow
@pytest.mark.promise("R19")
def test_a_jump_of_the_hosts_clock_never_lets_two_commit_on_sqlite(
    sqlite: Database, measured: Callable[..., None]
) -> None:
    """One host, one clock: processes with different ones stand for jumps. Leases end early or late; the fence holds."""
    job_id = submitted(sqlite)
    found = race(sqlite.url, job_id, [0.0, HOUR, 0.0])
    check(sqlite, job_id, found)
    measured("writes by an owner that was replaced, SQLite, clock jumps of an hour", 0, "writes", limit=0)
    measured("needless takeovers because of the jumps, SQLite", sum(one.lost for one in found), "takeovers")


@pytest.mark.promise("R19")
@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_what_a_jump_of_the_clock_does_to_one_lease(database: Database, clock: object, jump: float) -> None:
    """Forward, another worker takes the job over and the first one is refused; backward, the lease lasts longer."""
    job_id = submitted(database)
    with database.write() as session:
        first = jobs.claim(session, job_id, "first", 60)
    assert first is not None
    clock.now += jump  # type: ignore[attr-defined]
    with database.write() as session:
        second = jobs.claim(session, job_id, "second", 60)
    assert (second is not None) == (jump > 0)
    if second is None:
        with database.write() as session:
            assert jobs.heartbeat(session, first) is False, "the owner renews, by the new clock from now on"
        clock.now += 61  # type: ignore[attr-defined]
        with database.write() as session:
            assert jobs.claim(session, job_id, "second", 60) is not None, "a backward jump locks no job up"
    with pytest.raises(jobs.LeaseLost), database.write() as session:
        jobs.heartbeat(session, first)
