"""What the operator does beside ``up``."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from backend.importing import import_run
from backend.lab_data import spec
from backend.store.artifacts import ArtifactStore
from backend.store.database import Database
from backend.store.migrate import upgrade
from backend.store.models import Checkpoint, Dataset, Evaluation
from ssenet.data.images import encode_png
from ssenet.errors import CheckpointError, DatasetError
from ssenet.histograms import AlphaHistogram, load_histograms, save_histograms
from ssenet.results import CheckpointCard, EvaluationRecord, ProtocolCard


def lab(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``ssenet-lab`` on a data folder of its own."""
    environment = {**os.environ, "SSENET_DATA_DIR": str(data), "COLUMNS": "200"}
    command = [sys.executable, "-m", "backend.lab", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def csv_set(folder: Path) -> Path:
    """Two images and a list that names them."""
    folder.mkdir()
    for index in range(2):
        (folder / f"{index}.png").write_bytes(encode_png(np.full((8, 8, 3), 100 * index, np.uint8)))
    (folder / "list.csv").write_text("image,labels,split\n0.png,cat,train\n1.png,dog,val\n")
    return folder / "list.csv"


def test_a_data_set_is_added_listed_and_checked(tmp_path: Path) -> None:
    listing = csv_set(tmp_path / "set")
    added = lab(tmp_path / "lab", "data", "add", "mine", str(listing))
    assert added.returncode == 0, added.stderr
    assert "mine: 2 classes" in added.stdout
    listed = lab(tmp_path / "lab", "data", "list")
    assert "mine" in listed.stdout and str(listing) in listed.stdout
    assert "mine is fine" in lab(tmp_path / "lab", "data", "check", "mine").stdout
    (tmp_path / "set" / "1.png").write_bytes(b"no image")
    broken = lab(tmp_path / "lab", "data", "check", "mine")
    assert broken.returncode == 1 and "1.png" in broken.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data", "check", "nothing"], "No data set 'nothing' is registered"),
        (["data", "add", "../up", "."], "name: String should match pattern"),
        (["data", "add", "empty", "."], "is not a VOC folder"),
        (["import", "."], "No card.json in"),
    ],
)
def test_mistakes_are_answered_without_a_traceback(tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "here").mkdir()
    arguments = [str(tmp_path / "here") if word == "." else word for word in arguments]
    done = lab(tmp_path / "lab", *arguments)
    assert done.returncode != 0 and words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_a_file_is_a_list_and_a_folder_is_voc(tmp_path: Path) -> None:
    (tmp_path / "list.csv").touch()
    (tmp_path / "classes.txt").write_text("cat\n\n dog \n")
    assert spec("a", tmp_path / "list.csv", None, "masks").kind == "csv"
    voc = spec("a", tmp_path, tmp_path / "classes.txt", "xml")
    assert (voc.kind, voc.classes, voc.labels) == ("voc", ("cat", "dog"), "xml")
    with pytest.raises(DatasetError, match="name"):
        spec("a/b", tmp_path, None, "masks")


def test_doctor_says_what_works(tmp_path: Path) -> None:
    done = lab(tmp_path / "lab", "doctor")
    for subject in ("python", "device", "broker", "database", "disk", "dense CRF"):
        assert subject in done.stdout
    assert done.returncode == 0, done.stdout


def test_help_answers_without_loading_the_service() -> None:
    code = (
        "import sys, backend.lab; print(*{'torch', 'sqlalchemy', 'celery', 'fastapi', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.fixture
def database(tmp_path: Path) -> Any:
    """An empty installation that knows a data set ``demo``."""
    opened = Database(f"sqlite:///{tmp_path}/ssenet.db")
    upgrade(opened.engine)
    with opened.write() as session:
        session.add(
            Dataset(
                id="demo", spec={"name": "demo", "kind": "demo"}, classes=["cat"], splits={}, fingerprint="f",
                label_source="masks", has_masks=True, masked_splits=["val"], created_at=0.0,
            )
        )  # fmt: skip
    yield opened
    opened.dispose()


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactStore:
    """Its artifacts."""
    return ArtifactStore(tmp_path / "artifacts")


def publish(folder: Path, step: int, method: Any = "ssenet") -> CheckpointCard:
    """Weights and card, as a training leaves them."""
    folder.mkdir(parents=True)
    save_file({"classifier.weight": np.full((1, 3), step, np.float32)}, folder / "weights.safetensors")
    card = CheckpointCard(
        name=f"run, step {step}", method=method, backbone="tf_efficientnet_lite0", stride=16, classes=("cat",),
        mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), epoch=step, step=step, code_version="0",
        weights_sha256=hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest(),
    )  # fmt: skip
    (folder / "card.json").write_text(card.model_dump_json())
    return card


def evaluate(folder: Path, card: CheckpointCard, dataset: str = "demo", fingerprint: str = "f") -> None:
    """An evaluation, as ``ssenet eval`` leaves it."""
    folder.mkdir(parents=True)
    one = np.ones((2, 2))
    histogram = AlphaHistogram.of_image(one.astype(np.uint8), one.astype(np.int64), one.astype(np.float32) / 2, 1)
    protocol = ProtocolCard(
        dataset=dataset, dataset_fingerprint=fingerprint, split="val", images=1, label_source="given", scales=(1.0,),
        flip=False, relu_order="fast", alpha_rule="fixed 0.2", weights_sha256=card.weights_sha256, code_version="0",
    )  # fmt: skip
    record = EvaluationRecord(checkpoint=card.name, classes=("cat",), image_ids=("a",), rows=("1",), protocol=protocol)
    (folder / "evaluation.json").write_text(record.model_dump_json())
    (folder / "histograms.npz").write_bytes(save_histograms({"1": histogram}))


def test_the_last_checkpoint_of_a_run_comes_in_with_its_evaluation(
    database: Database, artifacts: ArtifactStore, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    first, last = publish(run / "epoch-001", 10), publish(run / "epoch-002", 20)
    evaluate(run / "evaluation", last)
    evaluate(run / "evaluation of another", first)
    [imported] = import_run(database, artifacts, run)
    assert (imported.name, imported.new, imported.evaluations) == ("run, step 20", True, 1)
    with database.read() as session:
        [row] = session.query(Checkpoint)
        [evaluation] = session.query(Evaluation)
    assert row.final and not row.builtin and artifacts.exists(str(row.weights_key))
    assert evaluation.checkpoint_id == row.id and artifacts.exists(str(evaluation.histograms_key))


def test_of_a_pipelines_folder_every_training_comes_in(
    database: Database, artifacts: ArtifactStore, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for step in (10, 20):
        card = publish(run / "train_cam" / f"epoch-{step}", step)
        publish(run / "train_affinity" / f"epoch-{step}", step + 5, "affinity")
    evaluate(run / "evaluate", card)
    imported = import_run(database, artifacts, run)
    assert {(item.name, item.evaluations) for item in imported} == {("run, step 20", 1), ("run, step 25", 0)}
    assert all(item.skipped == () for item in imported)
    with database.read() as session:
        assert {row.role for row in session.query(Checkpoint)} == {"cam", "affinity"}


def test_bringing_it_in_again_changes_nothing(database: Database, artifacts: ArtifactStore, tmp_path: Path) -> None:
    evaluate(tmp_path / "run" / "evaluation", publish(tmp_path / "run" / "epoch-001", 10))
    import_run(database, artifacts, tmp_path / "run")
    [again] = import_run(database, artifacts, tmp_path / "run")
    assert (again.new, again.evaluations) == (False, 0)
    assert len(again.skipped) == 1 and again.skipped[0].endswith("it was there already.")


def test_an_evaluation_belongs_to_the_data_set_of_its_content_whatever_its_name(
    database: Database, artifacts: ArtifactStore, tmp_path: Path
) -> None:
    card = publish(tmp_path / "run" / "epoch-001", 10)
    evaluate(tmp_path / "run" / "by content", card, dataset="Demo folder", fingerprint="f")
    evaluate(tmp_path / "run" / "by name", card, dataset="demo", fingerprint="changed since")
    [imported] = import_run(database, artifacts, tmp_path / "run")
    assert (imported.evaluations, imported.skipped) == (2, ())
    with database.read() as session:
        assert [row.dataset_id for row in session.query(Evaluation)] == ["demo", "demo"]


def test_evaluations_that_stay_out_are_told_with_the_reason(
    database: Database, artifacts: ArtifactStore, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    first, last = publish(run / "epoch-001", 10), publish(run / "epoch-002", 20)
    evaluate(run / "a", last, dataset="elsewhere", fingerprint="x")
    evaluate(run / "b", first)
    evaluate(run / "c", last)
    (run / "c" / "histograms.npz").write_bytes(b"no arrays")
    evaluate(run / "d", last)
    (run / "d" / "evaluation.json").write_text("{}")
    [imported] = import_run(database, artifacts, run)
    assert imported.evaluations == 0
    reasons = sorted(imported.skipped)
    assert [Path(text.partition(":")[0]).parent.name for text in reasons] == ["a", "b", "c", "d"]
    for text, reason in zip(
        reasons, ("'elsewhere' is not registered", "other weights", "cannot be read", "not an evaluation"), strict=True
    ):
        assert reason in text


def test_figures_are_computed_while_others_may_write(
    database: Database, artifacts: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate(tmp_path / "run" / "evaluation", publish(tmp_path / "run" / "epoch-001", 10))

    def load(data: bytes) -> Any:
        other = sqlite3.connect(tmp_path / "ssenet.db", isolation_level=None, timeout=0)
        other.execute("BEGIN IMMEDIATE")
        other.close()
        return load_histograms(data)

    monkeypatch.setattr("backend.importing.load_histograms", load)
    [imported] = import_run(database, artifacts, tmp_path / "run")
    assert (imported.evaluations, imported.skipped) == (1, ())


def test_weights_are_copied_to_the_disk_while_others_may_write(
    database: Database, artifacts: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path / "run" / "epoch-001", 10)
    size, real = (tmp_path / "run" / "epoch-001" / "weights.safetensors").stat().st_size, os.fsync
    copied: list[bool] = []

    def fsync(descriptor: int) -> None:
        if os.fstat(descriptor).st_size == size:
            with closing(sqlite3.connect(tmp_path / "ssenet.db", isolation_level=None, timeout=0)) as other:
                copied.append(not copied)
                if copied[-1]:  # the first time; to take up what is on the disk costs nothing
                    other.execute("BEGIN IMMEDIATE")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    [imported] = import_run(database, artifacts, tmp_path / "run")
    assert imported.new and copied == [True, False]


def test_all_epochs_on_demand(database: Database, artifacts: ArtifactStore, tmp_path: Path) -> None:
    for step in (10, 20, 30):
        publish(tmp_path / "run" / f"epoch-{step}", step)
    assert [item.name for item in import_run(database, artifacts, tmp_path / "run", every=True)] == [
        "run, step 10", "run, step 20", "run, step 30",
    ]  # fmt: skip


@pytest.mark.parametrize("harm", ["other bytes", "no safetensors", "missing", "bad card"])
def test_what_does_not_match_its_card_stays_out(
    database: Database, artifacts: ArtifactStore, tmp_path: Path, harm: str
) -> None:
    folder = tmp_path / "run"
    publish(folder, 10)
    if harm == "other bytes":
        save_file({"classifier.weight": np.zeros((1, 3), np.float32)}, folder / "weights.safetensors")
    elif harm == "no safetensors":
        (folder / "weights.safetensors").write_bytes(b"\x80\x04cposix\nsystem\n.")
    elif harm == "missing":
        (folder / "weights.safetensors").unlink()
    else:
        (folder / "card.json").write_text("{}")
    with pytest.raises(CheckpointError):
        import_run(database, artifacts, folder)
    with database.read() as session:
        assert session.query(Checkpoint).count() == 0
    assert not list(artifacts.root.rglob("*.safetensors"))
