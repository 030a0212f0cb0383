"""Random histories of jobs against the table of transitions and a model of leases."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from postgres_server import Cluster

from backend.store import job_records, jobs
from backend.store.database import Database
from backend.store.migrate import upgrade
from backend.store.models import Job
from backend.store.orphans import end_leases
from backend.store.sweep import sweep
from backend.store.transitions import TERMINAL, TRANSITIONS

TTL = 10.0
ATTEMPTS = 3
LEGAL = {(source, step.target) for step in TRANSITIONS.values() for source in step.sources}


class Machine(RuleBasedStateMachine):
    """Several workers, one job, and a clock that jumps.

    The model keeps who holds the lease until when; the database must agree about every attempted write.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.database = self.opened()
        self.claims: list[jobs.Claim] = []
        self.lease: tuple[int, float] | None = None
        self.seen = self.fence = 0
        self.state = "queued"

    def opened(self) -> Database:
        self.folder = tempfile.TemporaryDirectory()
        made = Database(f"sqlite:///{Path(self.folder.name) / 'jobs.db'}", lambda: self.now)
        upgrade(made.engine)
        return made

    def closed(self) -> None:
        self.folder.cleanup()

    def teardown(self) -> None:
        self.database.dispose()
        self.closed()

    @initialize()
    def submit(self) -> None:
        with self.database.write() as session:
            new = jobs.NewJob("infer_cam", {"dataset": "demo"}, max_attempts=ATTEMPTS)
            self.job_id = jobs.submit(session, new)[0].id

    def owns(self, claim: jobs.Claim) -> bool:
        if self.state != "running" or self.lease is None:
            return False
        fence, until = self.lease
        return claim.fence == fence and until > self.now

    @rule(seconds=st.floats(0.5, 25))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def claim(self) -> None:
        free = self.state == "queued" or (
            self.state == "running" and self.lease is not None and self.lease[1] < self.now
        )
        job = self.job()
        expected = free and job.attempts < ATTEMPTS and job.cancel_requested_at is None
        with self.database.write() as session:
            claim = jobs.claim(session, self.job_id, "w", TTL)
        assert (claim is not None) == expected
        if claim is not None:
            assert claim.fence > self.fence
            self.claims.append(claim)
            self.lease, self.fence = (claim.fence, self.now + TTL), claim.fence

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), action=st.sampled_from(["heartbeat", "progress", "release", "finish", "fail", "stop"]))
    def write(self, data: st.DataObject, action: str) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        if not self.owns(claim):
            with pytest.raises(jobs.LeaseLost):
                self.act(claim, action)
            return
        self.act(claim, action)
        if action == "heartbeat":
            self.lease = (claim.fence, self.now + TTL)
        elif action != "progress":
            self.lease = None

    def act(self, claim: jobs.Claim, action: str) -> None:
        with self.database.write() as session:
            {
                "heartbeat": lambda: jobs.heartbeat(session, claim),
                "progress": lambda: job_records.progress(session, claim, 1, 2, "steps"),
                "release": lambda: jobs.release(session, claim, "drain"),
                "finish": lambda: jobs.finish(session, claim),
                "fail": lambda: jobs.fail(session, claim, "crash", "text"),
                "stop": lambda: jobs.stop(session, claim),
            }[action]()

    @rule()
    def cancel(self) -> None:
        over = self.state in TERMINAL
        try:
            with self.database.write() as session:
                jobs.request_cancel(session, self.job_id)
            assert not over
        except jobs.NotAllowed:
            assert over

    @rule()
    def sweep(self) -> None:
        job = self.job()
        with self.database.write() as session:
            swept = sweep(session, 15)
        expired = self.lease is not None and self.lease[1] < self.now
        unowned = self.state == "queued" or (self.state == "running" and expired)
        assert unowned or swept.wake == swept.failed == swept.cancelled == []
        assert bool(swept.failed) == (unowned and job.attempts >= ATTEMPTS and job.cancel_requested_at is None)
        assert bool(swept.cancelled) == (unowned and job.cancel_requested_at is not None)

    def job(self) -> Job:
        with self.database.read() as session:
            job = session.get(Job, self.job_id)
        assert job is not None
        return job

    @invariant()
    def history_is_legal(self) -> None:
        if not hasattr(self, "job_id"):
            return
        job = self.job()
        with self.database.read() as session:
            events = job_records.events_after(session, self.job_id, 0, 10_000)
        assert [event.seq for event in events] == list(range(1, job.event_seq + 1))
        states = [event.data["state"] for event in events if event.type == "state"]
        assert all(pair in LEGAL for pair in pairwise(states))
        assert states[-1] == job.state
        assert sum(state in TERMINAL for state in states) <= 1
        assert [event.fence for event in events] == sorted(event.fence for event in events)
        assert (job.finished_at is not None) == (job.state in TERMINAL)
        assert job.attempts <= ATTEMPTS
        self.state = job.state


Machine.TestCase.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestJobHistories = Machine.TestCase


@pytest.mark.slow
def test_histories_on_postgresql(postgres: Cluster, migrated: str) -> None:
    class OnPostgres(Machine):
        def opened(self) -> Database:
            self.name = postgres.create(template=migrated)
            return Database(postgres.url(self.name), lambda: self.now)

        def closed(self) -> None:
            postgres.drop(self.name)

    run_state_machine_as_test(OnPostgres, settings=Machine.TestCase.settings)


class Crowd(RuleBasedStateMachine):
    """Several jobs, several workers and two sweepers that only do what real ones do, retries, and a clock that jumps.

    There is no model here: what must always hold is said of the rows and their events.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now = 1000.0
        address = f"sqlite:///{Path(self.folder.name) / 'jobs.db'}"
        self.databases = [Database(address, lambda: self.now) for _ in range(2)]
        upgrade(self.databases[0].engine)
        self.claims: list[jobs.Claim] = []
        self.ids: list[str] = []
        self.ended: dict[str, str] = {}

    def teardown(self) -> None:
        for database in self.databases:
            database.dispose()
        self.folder.cleanup()

    @initialize()
    def first(self) -> None:
        self.submit()

    @rule()
    def submit(self) -> None:
        with self.databases[0].write() as session:
            new = jobs.NewJob("infer_cam", {"dataset": "demo"}, max_attempts=ATTEMPTS)
            self.ids.append(jobs.submit(session, new)[0].id)

    @rule(seconds=st.floats(0.5, 25))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(data=st.data(), worker=st.integers(0, 2))
    def claim(self, data: st.DataObject, worker: int) -> None:
        with self.databases[worker % 2].write() as session:
            claim = jobs.claim(session, data.draw(st.sampled_from(self.ids)), f"w{worker}", TTL)
        if claim is not None:
            self.claims.append(claim)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), action=st.sampled_from(["heartbeat", "finish", "fail", "stop", "release", "give_back"]))
    def act(self, data: st.DataObject, action: str) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        before = self.job(claim.job_id)
        owns = before.state == "running" and before.fence == claim.fence and (before.lease_expires_at or 0) > self.now
        try:
            with self.databases[1].write() as session:
                getattr(jobs, action)(session, claim, *WORDS.get(action, ()))
        except jobs.LeaseLost:
            assert not owns, "an owner was refused"
            return
        assert owns, "somebody wrote who did not own the job"
        if action == "release":
            assert self.job(claim.job_id).attempts == before.attempts - 1

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        with suppress(jobs.NotAllowed), self.databases[0].write() as session:
            jobs.request_cancel(session, data.draw(st.sampled_from(self.ids)))

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.ids))
        with suppress(jobs.NotAllowed), self.databases[1].write() as session:
            again = jobs.retry(session, job_id, ATTEMPTS).id
            assert again != job_id
            self.ids += [again] if again not in self.ids else []

    @rule(data=st.data())
    def worker_dies(self, data: st.DataObject) -> None:
        with self.databases[0].write() as session:
            end_leases(session, [f"w{data.draw(st.integers(0, 2))}"])

    @rule()
    def two_sweep(self) -> None:
        swept = []
        for database in self.databases:
            with database.write() as session:
                swept.append(sweep(session, 15))
        first, second = swept
        assert not {*second.wake, *second.failed, *second.cancelled}, "what one has done is not done again"
        assert set(first.wake).isdisjoint(first.failed + first.cancelled)

    def job(self, job_id: str) -> Job:
        with self.databases[0].read() as session:
            return session.get_one(Job, job_id)

    @invariant()
    def histories_are_legal(self) -> None:
        with self.databases[0].read() as session:
            for job_id in self.ids:
                job, events = session.get_one(Job, job_id), job_records.events_after(session, job_id, 0, 10_000)
                states = [event.data["state"] for event in events if event.type == "state"]
                assert [event.seq for event in events] == list(range(1, job.event_seq + 1))
                assert all(pair in LEGAL for pair in pairwise(states)) and states[-1] == job.state
                assert sum(state in TERMINAL for state in states) <= 1
                assert self.ended.setdefault(job_id, job.state) == job.state or self.ended[job_id] not in TERMINAL
                self.ended[job_id] = job.state
                assert job.attempts <= ATTEMPTS and job.fence >= job.attempts >= 0
                assert (job.lease_owner is not None) == (job.state == "running")
                fences = [event.fence for event in events]
                assert fences == sorted(fences) and fences[-1] <= job.fence


WORDS = {"fail": ("crash", "text"), "release": ("drain",), "give_back": ("crashed", "text")}
Crowd.TestCase.settings = settings(
    max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCrowdHistories = Crowd.TestCase
