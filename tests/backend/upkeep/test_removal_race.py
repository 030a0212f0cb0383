"""Bytes are removed while equal bytes are committed: in either order the row that comes to be has its bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.settings import Settings
from backend.store import jobs
from backend.store.artifacts import ArtifactStore, weights_key
from backend.store.database import Database
from backend.store.migrate import upgrade
from backend.store.models import Checkpoint
from backend.upkeep import bytes as bytes_module
from backend.upkeep.keep import keep_house
from worker.results import Results

ROUNDS = 5


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    made = Database(url if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    upgrade(made.engine)
    yield made
    made.dispose()


def training(database: Database, artifacts: ArtifactStore, make: Any, folder: Path) -> tuple[Results, dict[str, Any]]:
    """A claimed training that is about to announce weights; each one's are equal."""
    with database.write() as session:
        job_id = jobs.submit(session, jobs.NewJob("train_cam", {"dataset": "demo"}))[0].id
        claim = jobs.claim(session, job_id, "w", 60)
    assert claim is not None
    weights = make.weights_of(len(make.classes))
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(weights)
    (folder / "card.json").write_text(make.card_of(weights).model_dump_json())
    event = {"type": "checkpoint", "weights": "weights.safetensors", "card": "card.json", "epoch": 1, "step": 1}
    return Results(database, artifacts, claim, folder), {**event, "final": True}


@pytest.mark.promise("R18")
def test_weights_are_removed_while_a_training_commits_equal_ones(
    database: Database, tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch, measured: Callable[..., None]
) -> None:
    settings = Settings(data_dir=tmp_path, orphan_hours=0)
    artifacts = ArtifactStore(settings.artifacts)
    key = weights_key(make.card_of(make.weights_of(len(make.classes))).weights_sha256)
    deciding, decided = Event(), bytes_module._unnamed

    def slowly(column: Any, name: str) -> Callable[[Session], bool]:
        def unnamed(session: Session) -> bool:
            found = decided(column, name)(session)
            deciding.set()  # the training may commit now, between the decision and the removal
            Event().wait(0.3)
            return found

        return unnamed

    monkeypatch.setattr(bytes_module, "_unnamed", slowly)
    broken = 0
    with ThreadPoolExecutor(1) as pool:
        for index in range(ROUNDS):
            with database.write() as session:  # as whoever deletes a checkpoint does: its bytes are left to upkeep
                session.query(Checkpoint).delete()
            orphan = artifacts.put_bytes(key, make.weights_of(len(make.classes)))
            os.utime(orphan, (0, 0))
            results, event = training(database, artifacts, make, tmp_path / f"attempt-{index}")
            deciding.clear()
            removal = pool.submit(keep_house, database, artifacts, settings)
            assert deciding.wait(30)
            results.commit(event)
            assert removal.result(30).shares["orphaned weights"].number == 1, "it was removed, and brought in anew"
            with database.read() as session:
                assert session.query(Checkpoint).one().weights_key == key
            broken += not artifacts.exists(key)
    measured(f"rows without their weights after {ROUNDS} removals at the worst moment", broken, "rows", limit=0)


@pytest.mark.promise("R18")
def test_weights_whose_row_came_first_are_not_removed(database: Database, tmp_path: Path, make: Any) -> None:
    settings = Settings(data_dir=tmp_path, orphan_hours=0)
    artifacts = ArtifactStore(settings.artifacts)
    results, event = training(database, artifacts, make, tmp_path / "attempt")
    results.commit(event)
    with database.read() as session:
        key = str(session.query(Checkpoint).one().weights_key)
    os.utime(artifacts.path(key), (0, 0))
    keep_house(database, artifacts, settings)
    assert artifacts.exists(key)
