"""Transactions and migrations on real databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from stage_results import claimed, dataset_row, do_all, leave_results, queued

from backend.store import cams, job_records, jobs, pipelines
from backend.store.database import Database, now
from backend.store.migrate import is_current, upgrade
from backend.store.models import Base, Checkpoint, Job, Pipeline
from backend.store.pages import page
from backend.store.sweep import sweep
from ssenet.config import pipeline_preset
from ssenet.results import View


def test_migrations_make_what_the_models_say(either: Database) -> None:
    with either.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert is_current(either.engine)
    upgrade(either.engine)  # once more changes nothing


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database that has no tables yet."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("empty_postgres_url"))
    return f"sqlite:///{tmp_path / 'new' / 'test.db'}"


def test_two_starts_at_the_same_time_migrate_once(empty_url: str) -> None:
    barrier = Barrier(4)

    def start(_: int) -> bool:
        made = Database(empty_url)
        barrier.wait(30)
        upgrade(made.engine)
        current = is_current(made.engine)
        made.dispose()
        return current

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [True] * 4


def test_sqlite_is_set_up_to_survive_power_loss(sqlite: Database) -> None:
    with sqlite.read() as session:
        values = {
            name: session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_writer_holds_the_lock_from_the_start(sqlite: Database) -> None:
    """Read first and write then: with a deferred transaction the second of two would fail at once."""
    barrier, reading = Barrier(2), Event()
    with sqlite.write() as session:
        job_id = jobs.submit(session, jobs.NewJob("infer_cam", {}))[0].id

    def count_up(_: int) -> None:
        barrier.wait(30)
        for _ in range(20):
            with sqlite.write() as session:
                job = session.get(Job, job_id)
                assert job is not None
                reading.wait(0.001)
                job.step += 1

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(count_up, range(2)))
    with sqlite.read() as session:
        job = session.get(Job, job_id)
        assert job is not None and job.step == 40


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.write() as session:
        jobs.submit(session, jobs.NewJob("infer_cam", {}))
        with database.read() as other:
            assert other.query(Job).count() == 0


def test_a_checkpoint_lies_in_exactly_one_place(either: Database, make: type) -> None:
    for places in ({}, {"weights_key": "weights/a.safetensors", "weights_path": "/a"}):
        with pytest.raises(IntegrityError), either.write() as session:
            session.add(job_records.checkpoint_row(make.card_of(b"w"), 0.0, size=1, **places))  # type: ignore[attr-defined]
    with either.read() as session:
        assert session.query(Checkpoint).count() == 0


def test_the_life_of_a_job_on_either_database(either: Database) -> None:
    with either.write() as session:
        job_id = jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}, idempotency_key="k"))[0].id
    with either.write() as session:
        assert sweep(session, 15).wake == [job_id]
        assert sweep(session, 15).wake == []
    with either.write() as session:
        claim = jobs.claim(session, job_id, "w", 60)
    assert claim is not None
    with either.write() as session:
        assert jobs.claim(session, job_id, "v", 60) is None
        job_records.progress(session, claim, 1, 2, "images")
        job_records.add_events(session, claim, [("metrics", {"a": 1.5})])
        assert jobs.heartbeat(session, claim) is False
    with either.write() as session:
        jobs.finish(session, claim, {"seconds": 1.0})
    with pytest.raises(jobs.LeaseLost), either.write() as session:
        jobs.heartbeat(session, claim)
    with either.read() as session:
        job = jobs.get(session, job_id)
        assert job is not None and (job.state, job.event_seq, job.progress_done) == ("succeeded", 4, 1)
        assert abs(now(session) - job.created_at) < 60
        assert [e.seq for e in job_records.events_after(session, job_id, 0, 9)] == [1, 2, 3, 4]


def test_races_on_either_database(either: Database) -> None:
    barrier = Barrier(6)

    def submit_and_claim(owner: int) -> tuple[str, bool, bool, str]:
        barrier.wait(30)
        with either.write() as session:
            job, new = jobs.submit(session, jobs.NewJob("infer_cam", {}, idempotency_key="same"))
        barrier.wait(30)
        with either.write() as session:
            won = jobs.claim(session, job.id, str(owner), 60) is not None
        barrier.wait(30)
        with either.write() as session:
            wish = cams.Wish("c", "i", (View(scale=1),), ("a",))
            standing = cams.request(session, wish, room=9, deadline=60).state
        return job.id, new, won, standing

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(submit_and_claim, range(6)))
    assert len({job_id for job_id, *_ in answers}) == 1
    assert sum(new for _, new, *_ in answers) == sum(won for *_, won, _ in answers) == 1
    assert sorted(standing for *_, standing in answers) == ["new"] + ["pending"] * 5


def test_pipelines_on_either_database(either: Database) -> None:
    """Two at the same time, whose stages end at the same time: every stage has one job, and none is left out."""
    with either.write() as session:
        session.add(dataset_row())
    barrier = Barrier(2)

    def create(_: int) -> str:
        barrier.wait(30)
        new = pipelines.NewPipeline(pipeline_preset("quick"))
        with either.write() as session:
            return pipelines.create(session, new, masked=True, max_attempts=3)[0].id

    def finish(job_id: str) -> None:
        claim = claimed(either, job_id)
        with either.write() as session:
            leave_results(session, claim)
        barrier.wait(30)
        with either.write() as session:
            jobs.finish(session, claim)

    with ThreadPoolExecutor(2) as pool:
        ids = set(pool.map(create, range(2)))
        do_all(either, until="evaluate")  # and all the rest: only the scoring of CAMs waits
        with either.write() as session:
            other = jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}))[0].id
        list(pool.map(finish, [other, *(job.id for job in queued(either) if job.id != other)]))
    with either.read() as session:
        found = [pipelines.progress(session, session.get_one(Pipeline, pipeline_id)) for pipeline_id in ids]
        assert len(found) == 2 and all(len(one.finished) == 9 for one in found)
        assert session.query(Job).count() == 10


def test_pages_on_either_database(either: Database) -> None:
    with either.write() as session:
        made = [jobs.submit(session, jobs.NewJob("infer_cam", {}))[0].id for _ in range(5)]
        session.execute(text("UPDATE job SET created_at = 1"))  # equal times are told apart by id
    seen: list[str] = []
    cursor = None
    with either.read() as session:
        while True:
            rows, cursor = page(session, select(Job), Job, 2, cursor)
            seen += [row.id for row in rows]
            if cursor is None:
                break
    assert sorted(seen) == sorted(made) and len(seen) == 5


@pytest.mark.promise("R17")
def test_twenty_submissions_with_one_key_are_one_job(either: Database, measured: Callable[..., None]) -> None:
    barrier = Barrier(20)

    def submit(_: int) -> tuple[str, bool]:
        barrier.wait(60)
        with either.write() as session:
            job, new = jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}, idempotency_key="one"))
        return job.id, new

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(submit, range(20)))
    assert sum(new for _, new in answers) == 1
    name = either.engine.dialect.name
    measured(f"jobs of 20 equal submissions at once, {name}", len({job_id for job_id, _ in answers}), "jobs", limit=1)
    with pytest.raises(jobs.IdempotencyConflict), either.write() as session:
        jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "other"}, idempotency_key="one"))
