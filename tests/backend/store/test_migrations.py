"""Steps from before the first release that left a dump (those are in ``test_older_releases``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select, text

from backend.store import job_records
from backend.store.database import Database
from backend.store.migrate import _config, is_current, upgrade
from backend.store.models import Checkpoint, Evaluation, Job

JOB = "id, settings, dataset_id, fence, attempts, max_attempts, step, created_at"
FILLED = [
    """INSERT INTO dataset VALUES
        ('demo', '{"name": "demo", "kind": "demo"}', '["cat", "dog"]', '{"train": 4, "val": 2}', 'f', 'masks', 1,
         '["train", "val"]', 0)""",
    f"""INSERT INTO job ({JOB}, kind, state, event_seq) VALUES
        ('old', '{{"epochs": 1}}', 'demo', 0, 0, 3, 0, 1.0, 'train_cam', 'queued', 1)""",
    f"""INSERT INTO job ({JOB}, kind, state, event_seq, parent_id) VALUES
        ('child', '{{}}', 'demo', 1, 1, 3, 0, 2.0, 'evaluate', 'succeeded', 0, 'old')""",
    """INSERT INTO job_event VALUES ('old', 1, 0, 'state', '{"state": "queued"}', 1.0)""",
    """INSERT INTO checkpoint
        (id, name, builtin, final, job_id, method, card, content_sha, weights_key, size, created_at)
        VALUES ('c', 'c', 0, 1, 'old', 'ssenet', '{}', 's', 'weights/w.safetensors', 1, 1.0)""",
    """INSERT INTO evaluation (id, checkpoint_id, dataset_id, job_id, record, summary, histograms_key, created_at)
        VALUES ('e', 'c', 'demo', 'child', '{}', '[]', 'evaluations/e.npz', 1.0)""",
]


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[Database]:
    """A database of version 0002 with one row of everything."""
    made = Database(f"sqlite:///{tmp_path / 'old.db'}")
    with made.engine.connect() as connection:
        command.upgrade(_config(connection), "0002")
        for statement in FILLED:
            connection.execute(text(statement.replace(":", r"\:")))
        connection.commit()
    yield made
    made.dispose()


def test_everything_is_still_there(earlier: Database) -> None:
    upgrade(earlier.engine)
    assert is_current(earlier.engine)
    with earlier.read() as session:
        old = session.get_one(Job, "old")
        assert (old.state, old.content_key, old.settings) == ("queued", None, {"epochs": 1})
        assert session.get_one(Job, "child").parent_id == "old"
        assert [event.type for event in job_records.events_after(session, "old", 0, 9)] == ["state"]
        assert session.scalars(select(Checkpoint.job_id)).one() == "old"
        assert session.scalars(select(Evaluation.checkpoint_id)).one() == "c"


def test_going_back_leaves_the_jobs(earlier: Database) -> None:
    upgrade(earlier.engine)
    with earlier.engine.connect() as connection:
        command.downgrade(_config(connection), "0002")
        connection.commit()
        assert connection.execute(text("SELECT count(*) FROM job_event")).scalar_one() == 1
        assert connection.execute(text("SELECT count(*) FROM job")).scalar_one() == 2
