"""Databases as earlier releases left them, in the middle of work: brought up to date, nothing is lost.

The dumps are made by ``tests/support/older_release.py`` with the code of each release.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from older_release import OLDER
from postgres_server import Cluster
from sqlalchemy import Engine, MetaData, func, select
from sqlalchemy.orm import Session
from stage_results import claimed, leave_results

from backend.store import jobs, pipelines
from backend.store.database import Database, now
from backend.store.migrate import _config, is_current, upgrade
from backend.store.models import Base, Job, JobEvent, Pipeline
from backend.store.pipeline_control import state_of
from backend.store.sweep import sweep
from ssenet.config import pipeline_preset

Rows = dict[str, list[dict[str, Any]]]
DUMPS = sorted(OLDER.glob("*.sql"))
LOST_BY_DESIGN: dict[str, set[str]] = {}
"""Columns that a later revision drops, by table: each with its reason beside the revision."""

pytestmark = pytest.mark.promise("R20")


def loaded_sqlite(dump: Path, folder: Path) -> str:
    """Address of the file that a dump describes."""
    connection = sqlite3.connect(folder / "older.db")
    connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()
    return f"sqlite:///{folder / 'older.db'}"


def loaded_postgres(dump: Path, cluster: Cluster) -> str:
    """The same on a server."""
    name = cluster.create()
    cluster.run(name, dump.read_text(encoding="utf-8"))
    return cluster.url(name)


def on(dump: Path) -> Any:
    marks = [pytest.mark.slow] if "postgresql" in dump.name else []
    return pytest.param(dump, id=dump.name.removesuffix(".sql"), marks=marks)


@pytest.fixture(params=[on(dump) for dump in DUMPS])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database as an earlier release left it."""
    dump: Path = request.param
    if "postgresql" in dump.name:
        url = loaded_postgres(dump, request.getfixturevalue("postgres"))
    else:
        url = loaded_sqlite(dump, tmp_path)
    made = Database(url)
    yield made
    made.dispose()


def rows_of(engine: Engine, like: Rows | None = None) -> Rows:
    """Every row of every table, ordered; only the columns of ``like`` where that is given."""
    metadata = MetaData()
    metadata.reflect(engine)
    found: Rows = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            if table.name == "alembic_version" or (like is not None and table.name not in like):
                continue
            rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            kept = set(like[table.name][0]) if like is not None and like[table.name] else set(table.columns.keys())
            found[table.name] = [{key: row[key] for key in sorted(kept)} for row in rows]
    return found


def without(rows: Rows, dropped: dict[str, set[str]]) -> Rows:
    """Rows without the columns that went for a reason."""
    return {
        table: [{key: value for key, value in row.items() if key not in dropped.get(table, set())} for row in listed]
        for table, listed in rows.items()
    }


def revision_of(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(MigrationContext.configure(connection).get_current_revision())


def differences(engine: Engine) -> list[Any]:
    """How the schema differs from the models."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def test_the_last_release_left_a_dump_for_either_database() -> None:
    assert {dump.name.split(".")[1] for dump in DUMPS} == {"sqlite", "postgresql"}
    assert len({dump.name.split(".")[0] for dump in DUMPS}) * 2 == len(DUMPS)


def test_a_dump_shows_an_installation_in_the_middle_of_work(older: Database) -> None:
    rows = rows_of(older.engine)
    assert all(rows[table] for table in rows), "a table without rows shows nothing about its rows"
    assert {row["state"] for row in rows["job"]} == {"queued", "running", "succeeded", "failed", "cancelled"}
    assert any(row["state"] == "running" and row["cancel_requested_at"] for row in rows["job"])
    assert {row["state"] for row in rows["cam_request"]} == {"pending", "done", "failed"}
    assert any("猫\nsecond line" in (row["name"] or "") for row in rows["job"])


def test_every_row_is_kept_with_its_values(older: Database, measured: Callable[..., None]) -> None:
    before = rows_of(older.engine)
    upgrade(older.engine)
    after = rows_of(older.engine, like=without(before, LOST_BY_DESIGN))
    expected = without(before, LOST_BY_DESIGN)
    lost = {table: len(expected[table]) - len(after.get(table, [])) for table in expected}
    assert after == expected
    measured("rows of an older installation that were lost or changed", sum(map(abs, lost.values())), "rows", limit=0)
    measured("rows of an older installation that were kept", sum(map(len, after.values())), "rows")


def test_the_schema_is_that_of_the_models_and_a_second_upgrade_changes_nothing(older: Database) -> None:
    upgrade(older.engine)
    assert is_current(older.engine) and differences(older.engine) == []
    once = rows_of(older.engine)
    upgrade(older.engine)
    assert rows_of(older.engine) == once and differences(older.engine) == []


def test_what_waited_and_what_ran_is_finished_by_the_new_release(older: Database) -> None:
    """The one that ran is taken over as its second attempt would have been: its lease is over, its fence goes on."""
    upgrade(older.engine)
    with older.write() as session:
        swept = sweep(session, 15)
        waiting, running = _named(session, "waiting"), _named(session, "running")
        stopping = session.scalars(select(Job.id).where(Job.id.in_(swept.cancelled))).one()
    assert {waiting.id, running.id} <= set(swept.wake)
    for job in (waiting, running):
        claim = claimed(older, job.id)
        assert (claim.fence, claim.attempts) == (job.fence + 1, job.attempts + 1)
        with older.write() as session:
            leave_results(session, claim)
            following = jobs.finish(session, claim)
        assert [new.kind for new in following] == ["evaluate"]
    with older.read() as session:
        assert [session.get_one(Job, one.id).state for one in (waiting, running)] == ["succeeded"] * 2
        assert session.get_one(Job, stopping).state == "cancelled"
        assert all(_gapless(session, one.id) for one in (waiting, running))


def _named(session: Session, name: str) -> Job:
    return session.scalars(select(Job).where(Job.name == name, Job.state.in_(("queued", "running")))).one()


def _gapless(session: Session, job_id: str) -> bool:
    numbers = session.scalars(select(JobEvent.seq).where(JobEvent.job_id == job_id).order_by(JobEvent.seq)).all()
    return list(numbers) == list(range(1, session.get_one(Job, job_id).event_seq + 1))


def test_a_pipeline_under_way_goes_on_and_a_new_one_can_be_made(older: Database) -> None:
    upgrade(older.engine)
    with older.read() as session:
        under_way = session.scalars(select(Pipeline.id).where(Pipeline.name == "under way")).one()
    while waiting := _stages_that_wait(older, under_way):
        claim = claimed(older, waiting[0])
        with older.write() as session:
            leave_results(session, claim)
            jobs.finish(session, claim)
    with older.write() as session:
        pipeline = session.get_one(Pipeline, under_way)
        found = pipelines.progress(session, pipeline)
        assert state_of(pipeline, [(row, found.jobs.get(name)) for name, row in found.rows.items()]) == "succeeded"
        new = pipelines.NewPipeline(pipeline_preset("quick", images=33))
        assert len(pipelines.create(session, new, masked=True, max_attempts=3)[1]) == 1


def _stages_that_wait(database: Database, pipeline_id: str) -> list[str]:
    with database.read() as session:
        found = pipelines.progress(session, session.get_one(Pipeline, pipeline_id))
    return [job.id for job in found.jobs.values() if job.state == "queued"]


def test_a_repeated_submission_is_still_known(older: Database) -> None:
    upgrade(older.engine)
    with older.write() as session:
        job = session.scalars(select(Job).where(Job.idempotency_key == "job-key")).one()
        again = jobs.NewJob(job.kind, job.settings, job.name, job.parent_id, "job-key")
        assert jobs.submit(session, again)[1] is False
        count = session.scalars(select(func.count()).select_from(Job).where(Job.idempotency_key == "job-key")).one()
        assert count == 1 and now(session) > job.created_at


def test_going_back_leaves_every_row_or_is_refused(older: Database) -> None:
    revision, before = revision_of(older.engine), rows_of(older.engine)
    upgrade(older.engine)
    with older.engine.connect() as connection:
        try:
            command.downgrade(_config(connection), revision)
            connection.commit()
        except (CommandError, NotImplementedError):
            connection.rollback()
    assert rows_of(older.engine, like=before) == before


def test_a_job_with_settings_of_an_earlier_release_can_be_retried(older: Database) -> None:
    upgrade(older.engine)
    with older.write() as session:
        job = _named(session, "waiting")
        job.state, job.settings = "failed", {"dataset": "demo", "a_setting": "that is gone"}
    with older.write() as session:
        again = jobs.retry(session, job.id, 3)
    assert (again.content_key, again.dataset_id) == (None, "demo")
