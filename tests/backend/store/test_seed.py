"""What every installation starts with."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.settings import Settings
from backend.store import seed as seeding
from backend.store.artifacts import ArtifactStore, image_key
from backend.store.database import Database
from backend.store.migrate import upgrade
from backend.store.models import Checkpoint, Dataset, Evaluation, Image
from ssenet.data.gallery import gallery
from ssenet.errors import DatasetError
from ssenet.histograms import load_histograms
from ssenet.weights.builtin import builtin_checkpoints


def fresh(tmp_path: Path) -> tuple[Database, Settings]:
    settings = Settings(data_dir=tmp_path / "data")
    database = Database(settings.database)
    upgrade(database.engine)
    return database, settings


def everything(database: Database) -> dict[str, list[Any]]:
    with database.read() as session:
        return {
            table.__tablename__: sorted(session.scalars(select(table.id)))
            for table in (Image, Dataset, Checkpoint, Evaluation)
        }


def test_the_real_installation(tmp_path: Path) -> None:
    """The photographs, the demo set and the built-in checkpoints that the product ships."""
    database, settings = fresh(tmp_path)
    assert seeding.seed(database, settings) == []
    first = everything(database)
    assert len(first["image"]) == len(gallery())
    assert first["dataset"] == ["demo"]
    assert first["checkpoint"] == sorted(b.id for b in builtin_checkpoints())
    assert len(first["evaluation"]) == sum(len(b.evaluations) for b in builtin_checkpoints()) >= 2
    assert seeding.seed(database, settings) == []
    assert everything(database) == first
    database.dispose()


def test_what_was_lost_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, settings = fresh(tmp_path)
    artifacts = ArtifactStore(settings.artifacts)
    photographs = gallery()[:1]
    seeding.seed_gallery(database, artifacts, photographs)
    with database.read() as session:
        [image] = session.scalars(select(Image))
    artifacts.delete(image_key(image.sha))
    seeding.seed_gallery(database, artifacts, photographs)
    assert artifacts.exists(image_key(image.sha))

    def no_decoding(*_: Any, **__: Any) -> None:
        raise AssertionError("what is there already is not read again")

    monkeypatch.setattr(seeding, "decode_image", no_decoding)
    seeding.seed_gallery(database, artifacts, photographs)
    database.dispose()


def test_a_moved_installation_is_followed(tmp_path: Path, make: Any) -> None:
    database, _ = fresh(tmp_path)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        seeding.seed_checkpoints(database, make.builtins(tmp_path / name))
    with database.read() as session:
        row = session.get(Checkpoint, "demo-ssenet")
        evaluation = session.get(Evaluation, "demo-ssenet-0")
    assert row is not None and row.weights_path == str(tmp_path / "new" / "demo.safetensors")
    assert evaluation is not None and evaluation.histograms_path == str(tmp_path / "new" / "demo.evaluation.npz")
    database.dispose()


def test_a_missing_part_is_told_and_the_rest_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise DatasetError("The sample photographs are not installed.")

    monkeypatch.setattr(seeding, "gallery", missing)
    monkeypatch.setattr(seeding, "builtin_checkpoints", list)
    database, settings = fresh(tmp_path)
    assert seeding.seed(database, settings) == ["the sample photographs: The sample photographs are not installed."]
    assert everything(database)["dataset"] == ["demo"]
    database.dispose()


def test_figures_are_computed_while_others_may_write(
    tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, settings = fresh(tmp_path)
    seen: list[int] = []

    def load(data: bytes) -> Any:
        other = sqlite3.connect(settings.data_dir / "ssenet.db", isolation_level=None, timeout=0)
        other.execute("BEGIN IMMEDIATE")
        other.close()
        seen.append(len(data))
        return load_histograms(data)

    monkeypatch.setattr(seeding, "load_histograms", load)
    seeding.seed_checkpoints(database, make.builtins(tmp_path))
    assert seen and everything(database)["evaluation"]
    database.dispose()
