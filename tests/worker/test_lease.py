"""Keeping a job, and letting it go in time, by a clock that the test owns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.store import jobs
from backend.store.database import Database
from backend.store.transitions import Claim, LeaseLost
from worker.context import Context
from worker.lease import Lease

TTL = 60.0


class Clock:
    """Seconds that pass when the test says so; the database's leases go by it as well."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    """The clock of a test."""
    return Clock()


@pytest.fixture
def database(context: Context, clock: Clock) -> Any:
    """The installation's database, on the test's clock, which does not wait for a locked file."""
    opened = Database(context.settings.database, clock)
    yield opened
    opened.dispose()


@pytest.fixture
def claim(database: Database, submit: Callable[..., str]) -> Claim:
    """A claimed job."""
    job_id = submit()
    with database.write() as session:
        claimed = jobs.claim(session, job_id, "me", TTL)
    assert claimed is not None
    return claimed


def test_a_lease_that_is_kept_lasts(database: Database, claim: Claim, clock: Clock) -> None:
    lease = Lease(database, claim, clock)
    for _ in range(100):
        clock.at += 10
        lease.keep()
    with database.read() as session:
        job = jobs.get(session, claim.job_id)
    assert job is not None and job.lease_expires_at is not None
    assert clock.at + TTL / 3 < job.lease_expires_at <= clock.at + TTL


def test_it_is_not_renewed_more_often_than_needed(database: Database, claim: Claim, clock: Clock) -> None:
    lease = Lease(database, claim, clock)
    expiries = set()
    for _ in range(600):  # a minute at ten calls a second
        clock.at += 0.1
        lease.keep()
        with database.read() as session:
            job = jobs.get(session, claim.job_id)
        assert job is not None
        expiries.add(job.lease_expires_at)
    assert 3 <= len(expiries) <= 4


def test_cancellation_is_seen_within_two_seconds(database: Database, claim: Claim, clock: Clock) -> None:
    lease = Lease(database, claim, clock)
    lease.keep()
    assert not lease.cancelled
    with database.write() as session:
        jobs.request_cancel(session, claim.job_id)
    clock.at += 2
    lease.keep()
    assert lease.cancelled


def test_a_lease_that_was_not_kept_in_time_is_given_up(database: Database, claim: Claim, clock: Clock) -> None:
    lease = Lease(database, claim, clock)
    clock.at += TTL + 1
    with pytest.raises(LeaseLost):
        lease.keep()


def test_without_a_database_it_gives_up_before_another_may_take_over(tmp_path: Any, claim: Claim, clock: Clock) -> None:
    away = Database(f"sqlite:///{tmp_path}/no/such/folder/ssenet.db", clock)
    lease = Lease(away, claim, clock)
    with pytest.raises(LeaseLost, match="no renewal"):
        while True:
            clock.at += 1
            lease.keep()
    assert 0.75 * TTL < clock.at - 1000.0 < TTL
    away.dispose()


def test_a_database_that_comes_back_in_time_costs_nothing(
    database: Database, claim: Claim, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = Lease(database, claim, clock)
    monkeypatch.setattr("worker.lease._RETRY_SECONDS", 0.01)
    tries: list[int] = []

    def action(session: Any) -> str:
        tries.append(1)
        if len(tries) < 3:
            session.connection().exec_driver_sql("SELECT * FROM a_table_that_is_not_there")
        return "written"

    assert lease.write(action) == "written" and len(tries) == 3
