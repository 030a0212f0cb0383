"""The stages ``train_affinity`` and ``random_walk`` on small sets."""

from typing import Any

import numpy as np
import pytest
from tiny_sets import tiny_set
from tiny_training import SPEC, Recorder, weights_at

from ssenet.affinity.background import background_first
from ssenet.affinity.figures import walk_figure, walk_labels
from ssenet.affinity.grid import WalkGrid
from ssenet.affinity.inference import load_affinity
from ssenet.affinity.stages import walked_scores
from ssenet.affinity.walk import random_walk
from ssenet.config import WalkOptions
from ssenet.data import open_dataset
from ssenet.errors import CheckpointError, DatasetError, SettingsError
from ssenet.events import Stopped
from ssenet.local import final_checkpoint
from ssenet.refine.maps import cam_maps, walk_maps
from ssenet.refine.photographs import Photographs
from ssenet.sets import ImageSet
from ssenet.stages import CheckpointFiles, RunSpec, run_stage
from ssenet.weights.loading import read_weights

WALK = {"checkpoint": "affinity-1", "cams": "cams-1", "radius": 2, "log_steps": 4}


def stop_after(calls: int):
    """A ``stop`` that says yes when asked for the ``calls``-th time."""
    asked = iter(range(10**6))
    return lambda: next(asked) >= calls - 1


def walk_spec(small, cams, files, output, **changes: Any) -> RunSpec:
    resume_from = changes.pop("resume_from", None)
    return RunSpec(
        kind="random_walk",
        settings=WALK | changes,
        dataset=small,
        sets={"cams": cams.folder},
        checkpoints={"checkpoint": files},
        output=output,
        resume_from=resume_from,
    )


def test_training_reports_its_terms_and_publishes_epochs(trained, crf) -> None:
    files, recorder = trained
    steps = recorder.of("metrics")
    assert [e["step"] for e in steps] == [1, 2, 3, 4]
    assert all(set(e["values"]) == {"loss", "bg", "fg", "neg", "lr"} for e in steps)
    values = steps[0]["values"]
    assert values["loss"] == pytest.approx(values["bg"] / 4 + values["fg"] / 4 + values["neg"] / 2, rel=1e-5)
    assert [e["final"] for e in recorder.of("checkpoint")] == [False, True]
    card = files.card
    assert card.method == "affinity" and card.role == "affinity"
    assert card.classes == crf.manifest.classes
    assert [s.kind for s in card.lineage] == ["train_cam", "infer_cam", "crf", "train_affinity"]
    assert card.lineage[-1].weights_sha256 == card.weights_sha256
    assert "ImageNet" in (card.parent or "")
    assert 0 <= card.metrics["pair_accuracy"] <= 1 and card.metrics["train_loss"] > 0


def test_a_stopped_training_goes_on_as_if_it_had_not(trained, train_spec, tmp_path) -> None:
    first = tmp_path / "first"
    with pytest.raises(Stopped):
        run_stage(train_spec(first), Recorder(), stop_after(1))
    again = Recorder()
    run_stage(train_spec(tmp_path / "second", resume_from=first), again)
    assert [e["step"] for e in again.of("metrics")] == [2, 3, 4]
    assert weights_at(tmp_path / "second", 2) == trained[0].weights.read_bytes()
    assert again.of("epoch")[-1]["values"] == trained[0].card.metrics


def test_the_backbone_can_start_from_a_checkpoint(trained, train_spec, tmp_path) -> None:
    files: CheckpointFiles = trained[0]
    spec = train_spec(tmp_path, checkpoints={"start": files}, start="affinity-0", epochs=1, lr=1e-12)
    run_stage(spec, Recorder())
    before = read_weights(files.weights, files.card)
    after = final_checkpoint(tmp_path)
    now = read_weights(after.weights, after.card)
    weights = [k for k in before if k.startswith("backbone.") and k.endswith("weight")]
    assert all(np.allclose(before[k], now[k], atol=1e-6) for k in weights)
    assert not np.allclose(before["f9.weight"], now["f9.weight"], atol=1e-3)
    assert after.card.parent == f"backbone of {files.card.name}, sha256 {files.card.weights_sha256[:12]}"


def test_settings_and_sets_that_do_not_fit_are_named(train_spec, tmp_path, crf) -> None:
    with pytest.raises(SettingsError, match="no multiple of the stride 16"):
        run_stage(train_spec(tmp_path, crop=56), Recorder())
    with pytest.raises(SettingsError, match=r"too few for a pair\. Take at least 48"):
        run_stage(train_spec(tmp_path, crop=32), Recorder())
    other = train_spec(tmp_path).model_copy(update={"dataset": SPEC})
    with pytest.raises(DatasetError, match="another one"):
        run_stage(other, Recorder())
    bigger = tiny_set(tmp_path / "bigger", "crf", 1)
    moved = crf.manifest.model_copy(update={"image_ids": crf.ids[:1]})
    (bigger.folder / "manifest.json").write_text(moved.model_dump_json())
    bigger.path(bigger.ids[0]).rename(ImageSet(bigger.folder).path(crf.ids[0]))
    wrong = train_spec(tmp_path / "run").model_copy(update={"sets": {"crf": bigger.folder}})
    with pytest.raises(DatasetError, match="photograph of another size"):
        run_stage(wrong, Recorder())


def test_walk_writes_what_the_formula_gives(trained, small, cams, tmp_path) -> None:
    recorder = Recorder()
    run_stage(walk_spec(small, cams, trained[0], tmp_path), recorder)
    made = ImageSet(tmp_path / "result")
    assert made.manifest.kind == "walk" and made.ids == cams.ids
    steps = ["train_cam", "infer_cam", "crf", "train_affinity", "random_walk"]
    assert [s.kind for s in made.manifest.lineage] == steps
    assert [e["done"] for e in recorder.of("progress")] == [0, 1, 2, 3, 4]
    image_id = cams.ids[1]
    image = Photographs(open_dataset(small), "train").sample(image_id).image
    size = image.shape[:2]
    classes, maps = cam_maps(cams, image_id, size)
    pairs = load_affinity(trained[0].weights, trained[0].card).affinities(image, radius=2)
    scores = WalkGrid.of(size, 16, 1024).pool(background_first(maps, WalkOptions()))
    expected = random_walk(scores, pairs, 8, 4)
    item = made.arrays(image_id)
    np.testing.assert_allclose(item["maps"], expected[1:], atol=1e-3)
    np.testing.assert_allclose(item["background"], expected[0], atol=1e-3)
    assert np.array_equal(item["classes"], classes)
    assert int(item["stride"]) == 16 and tuple(item["size"]) == size
    assert walk_maps(made, image_id, size).maps.shape == maps.shape
    before, after = walk_labels(made, cams, image_id, size)
    assert set(np.unique(before)) | set(np.unique(after)) <= {0, *(classes + 1)}
    assert walk_figure(made, cams, Photographs(open_dataset(small), "train"), image_id).ndim == 3


def test_a_stopped_walk_keeps_what_is_done(trained, small, cams, tmp_path) -> None:
    first, recorder = tmp_path / "first", Recorder()
    with pytest.raises(Stopped):
        run_stage(walk_spec(small, cams, trained[0], first), recorder, stop_after(3))
    done = {path.name: path.stat().st_ino for path in (first / "result" / "items").iterdir()}
    assert len(done) == 2
    again = Recorder()
    run_stage(walk_spec(small, cams, trained[0], tmp_path / "second", resume_from=first), again)
    items = {path.name: path.stat().st_ino for path in (tmp_path / "second" / "result" / "items").iterdir()}
    assert len(items) == 4 and done.items() <= items.items()
    assert [e["done"] for e in again.of("progress")] == [2, 3, 4]


@pytest.fixture(scope="module")
def network(trained):
    return load_affinity(trained[0].weights, trained[0].card)


def test_a_large_photograph_walks_on_a_smaller_grid_and_comes_back_to_its_own(network) -> None:
    image = np.random.default_rng(0).integers(0, 256, (96, 160, 3)).astype(np.uint8)
    maps = np.random.default_rng(1).random((2, 96, 160)).astype(np.float32)
    assert network.affinities(image, 5, working_side=80).grid.size == (3, 5)
    for side in (80, 1024):
        walked = walked_scores(network, image, maps, WalkOptions(working_side=side))
        assert walked.shape == (3, 6, 10)
        np.testing.assert_allclose(walked[0], 0.2, rtol=1e-5)  # 96 × 160 are whole cells: nothing is padded


@pytest.mark.parametrize("size", [(9, 70), (70, 9), (5, 5), (1, 1)])
def test_tiny_photographs_do_not_break_the_walk(network, size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    walked = walked_scores(network, image, np.ones((1, *size), np.float32), WalkOptions())
    assert walked.shape == (2, -(-size[0] // 16), -(-size[1] // 16))
    assert np.isfinite(walked).all()


def test_without_a_class_there_is_only_background(network) -> None:
    image = np.zeros((40, 64, 3), np.uint8)
    walked = walked_scores(network, image, np.zeros((0, 40, 64), np.float32), WalkOptions())
    assert walked.shape == (1, 3, 4)
    np.testing.assert_allclose(walked[0, :2], 0.2, rtol=1e-6)
    np.testing.assert_allclose(walked[0, 2], 0.1, rtol=1e-6)  # half of the last row is padding


def test_memory_is_checked_before_the_network_runs(network, monkeypatch) -> None:
    monkeypatch.setattr(type(network), "free_memory", 10**5)
    monkeypatch.setattr(network, "affinities", lambda *_: pytest.fail("the network ran"))
    with pytest.raises(SettingsError, match="needs about"):
        walked_scores(network, np.zeros((40, 64, 3), np.uint8), np.zeros((1, 40, 64), np.float32), WalkOptions())


def test_background_by_power_is_highest_where_no_class_is() -> None:
    maps = np.array([[[0.0, 0.5]], [[0.0, 0.25]]], np.float32)
    scores = background_first(maps, WalkOptions(background="power", power=2))
    np.testing.assert_allclose(scores[:, 0], [[1, 0.25], [0, 0.5], [0, 0.25]])


def test_only_affinity_networks_are_loaded(trained) -> None:
    files = trained[0]
    with pytest.raises(CheckpointError, match="network of kind segmentation"):
        load_affinity(files.weights, files.card.model_copy(update={"method": "segmentation"}))
    with pytest.raises(CheckpointError, match="do not fit"):
        load_affinity(files.weights, files.card.model_copy(update={"backbone": "resnet18"}))
