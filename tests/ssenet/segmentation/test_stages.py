"""Training and testing as stages: resumed bit by bit, scored wholly, and honest about where results come from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_sets import tiny_set
from tiny_training import Recorder, weights_at

from ssenet.config import DatasetSpec, SegmentationTestSettings, SegmentationTrainSettings
from ssenet.crf import PRESETS, unavailable
from ssenet.data import open_dataset
from ssenet.data.images import encode_mask_png
from ssenet.errors import CheckpointError, DatasetError, SettingsError
from ssenet.evaluate import count_images
from ssenet.events import Stopped
from ssenet.local import final_checkpoint
from ssenet.scores import SegmentationRecord, confusion
from ssenet.segmentation.export import write_server_results
from ssenet.segmentation.inference import load_segmentation
from ssenet.segmentation.labelled import LabelledImages
from ssenet.segmentation.prediction import crf_labels, refined
from ssenet.segmentation.stages import SCRATCH
from ssenet.sets import ImageSet, unpack
from ssenet.stages import CheckpointFiles, RunSpec, run_stage
from ssenet.weights.builtin import builtin

Settings = Callable[..., SegmentationTrainSettings]
NEEDS_CRF = pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")


def training(
    voc: DatasetSpec, masks: ImageSet, settings: SegmentationTrainSettings, output: Path, **more: Any
) -> RunSpec:
    """A training run on ``masks``."""
    return RunSpec(
        kind="train_segmentation",
        settings=settings.model_dump(mode="json"),
        dataset=voc,
        sets={"labels": masks.folder},
        output=output,
        **more,
    )


def trial(voc: DatasetSpec, files: CheckpointFiles, output: Path, more: Any = None, **changes: Any) -> RunSpec:
    """A test of a network on the validation split, at scale 1."""
    settings = {"checkpoint": "network", "dataset": voc.name, "scales": (1.0,), "flip": False, **changes}
    return RunSpec(
        kind="evaluate_segmentation",
        settings=SegmentationTestSettings.model_validate(settings).model_dump(mode="json"),
        dataset=voc,
        checkpoints={"checkpoint": files},
        output=output,
        **(more or {}),
    )


@pytest.fixture(scope="module")
def trained(voc, masks, settings, tmp_path_factory) -> tuple[Path, Recorder]:
    """A whole training: its folder and events."""
    folder, recorder = tmp_path_factory.mktemp("trained"), Recorder()
    run_stage(training(voc, masks, settings(), folder), recorder)
    return folder, recorder


@pytest.fixture(scope="module")
def files(trained) -> CheckpointFiles:
    """What it published last."""
    return final_checkpoint(trained[0])


def test_a_training_tells_its_story_and_publishes_what_loads(trained, files, masks, voc) -> None:
    _, recorder = trained
    assert [m["step"] for m in recorder.of("metrics")] == [1, 2, 3, 4]
    assert set(recorder.of("metrics")[0]["values"]) == {"loss", "labelled", "lr"}
    assert [(c["epoch"], c["final"]) for c in recorder.of("checkpoint")] == [(1, False), (2, True)]
    card = files.card
    assert (card.role, card.dataset, card.parent) == ("segmentation", voc.name, None)
    assert [s.kind for s in card.lineage] == [s.kind for s in masks.manifest.lineage] + ["train_segmentation"]
    assert card.lineage[-1].weights_sha256 == card.weights_sha256
    assert 0 <= card.metrics["val_miou"] <= 1
    assert (card.metrics_protocol.split, card.metrics_protocol.images) == ("val", 2)
    assert card.metrics_protocol.label_source == "none"
    assert not card.metrics_protocol.uses_ground_truth
    assert len(load_segmentation(files.weights, card).probabilities(np.zeros((20, 30, 3), np.uint8))) == 11


@pytest.mark.parametrize("stop_after", [1, 2])
def test_resuming_is_bit_equal(trained, voc, masks, settings, tmp_path, stop_after: int) -> None:
    recorder = Recorder()
    first = training(voc, masks, settings(), tmp_path / "a")
    with pytest.raises(Stopped):
        run_stage(first, recorder, lambda: len(recorder.of("metrics")) >= stop_after)
    again = training(voc, masks, settings(), tmp_path / "b", resume_from=tmp_path / "a")
    run_stage(again, recorder)
    assert [m["step"] for m in recorder.of("metrics")] == [1, 2, 3, 4]
    assert weights_at(tmp_path / "b", 2) == weights_at(trained[0], 2)


def test_it_starts_from_a_cam_checkpoint_and_says_so(voc, masks, settings, tmp_path) -> None:
    found = builtin("demo-ssenet")
    start = CheckpointFiles(weights=found.weights, card=found.card)
    chosen = settings(backbone="tf_efficientnet_lite0", start="demo-ssenet", epochs=1, val_images=1)
    run_stage(training(voc, masks, chosen, tmp_path, checkpoints={"start": start}), Recorder())
    card = final_checkpoint(tmp_path).card
    assert card.parent == f"backbone of Demo SSENet, sha256 {found.card.weights_sha256[:12]}"
    with pytest.raises(CheckpointError, match="has the backbone tf_efficientnet_lite0"):
        run_stage(training(voc, masks, settings(start="x"), tmp_path / "b", checkpoints={"start": start}), Recorder())


def test_labels_of_another_data_set_are_refused(voc, masks, settings, tmp_path) -> None:
    other = voc.model_copy(update={"classes": tuple("abcdefghij")})
    with pytest.raises(DatasetError, match="was made from data set small as it was then"):
        run_stage(training(other, masks, settings(), tmp_path), Recorder())


def test_labels_that_do_not_fit_their_photograph_are_refused(voc, tmp_path) -> None:
    masks = tiny_set(tmp_path, "masks", 2, spec=voc)
    dataset = open_dataset(voc)
    image, labels = LabelledImages(dataset, masks)[1]
    np.testing.assert_array_equal(labels, dataset.sample("train", 1).mask)
    assert image.shape[:2] == labels.shape
    masks.path(masks.ids[1]).write_bytes(encode_mask_png(labels[1:]))
    with pytest.raises(DatasetError, match="px, but the image has"):
        LabelledImages(dataset, masks)[1]
    masks.path(masks.ids[1]).write_bytes(encode_mask_png(np.full_like(labels, 11)))
    with pytest.raises(DatasetError, match="label 11 in a mask, but there are 10 classes"):
        LabelledImages(dataset, masks)[1]


def test_a_test_predicts_every_image_and_scores_it_against_the_masks(voc, files, tmp_path) -> None:
    recorder, dataset = Recorder(), open_dataset(voc)
    run_stage(trial(voc, files, tmp_path, scales=(0.5, 1.0), flip=True), recorder)
    found = ImageSet(tmp_path / "result")
    assert found.manifest.subject == "segmentation"
    assert found.ids == tuple(dataset.ids("val"))
    assert found.manifest.lineage[-1].kind == "evaluate_segmentation"
    record = SegmentationRecord.model_validate_json((tmp_path / "scores.json").read_bytes())
    matrices = unpack((tmp_path / "confusion.npz").read_bytes())["matrices"]
    network = load_segmentation(files.weights, files.card)
    for index, image_id in enumerate(found.ids):
        sample = dataset.sample("val", index)
        expected = network.labels(sample.image, (0.5, 1.0), flip=True)
        np.testing.assert_array_equal(found.mask(image_id), expected)
        np.testing.assert_array_equal(matrices[index], confusion(sample.mask, expected, 10))
    np.testing.assert_array_equal(record.counts, matrices.sum(0))
    assert (record.protocol.scales, record.protocol.flip, record.protocol.crf) == ((0.5, 1.0), True, None)
    assert record.protocol.weights_sha256 == files.card.weights_sha256
    assert recorder.of("set")[0]["folder"] == "result"
    assert recorder.of("scores") == [{"type": "scores", "record": "scores.json", "counts": "confusion.npz"}]


def test_a_test_goes_on_where_it_was_and_still_scores_every_image(voc, files, tmp_path) -> None:
    run_stage(trial(voc, files, tmp_path / "whole"), Recorder())
    with pytest.raises(Stopped):
        run_stage(trial(voc, files, tmp_path / "a"), Recorder(), lambda: True)
    finished = list((tmp_path / "a" / "result" / "items").iterdir())
    assert len(finished) == 1
    recorder = Recorder()
    run_stage(trial(voc, files, tmp_path / "b", {"resume_from": tmp_path / "a"}), recorder)
    assert [p["done"] for p in recorder.of("progress")] == [1, 2]
    read = [unpack((tmp_path / n / "confusion.npz").read_bytes())["matrices"] for n in ("whole", "b")]
    np.testing.assert_array_equal(read[0], read[1])


def test_a_split_without_masks_gets_predictions_and_no_scores(voc, files, tmp_path) -> None:
    root = Path(voc.path or "")
    bare = tmp_path / "bare"
    for name in ("JPEGImages", "ImageSets", "classes.txt"):
        (bare / name).parent.mkdir(parents=True, exist_ok=True)
        (bare / name).symlink_to(root / name)
    names = [path.stem for path in (root / "JPEGImages").iterdir()]
    (bare / "labels.csv").write_text("\n".join(["image,labels", *(f"{name}," for name in names)]))
    spec, recorder = DatasetSpec(name="bare", kind="voc", path=str(bare), labels="csv"), Recorder()
    run_stage(trial(spec, files, tmp_path / "out", images=1), recorder)
    assert len(ImageSet(tmp_path / "out" / "result").ids) == 1
    assert not recorder.of("scores")
    assert not (tmp_path / "out" / "scores.json").exists()


@pytest.mark.parametrize("crf", ["off", pytest.param("seam", marks=NEEDS_CRF)])
def test_a_list_without_labels_as_vocs_test_can_be_predicted_and_sent_to_the_server(voc, files, tmp_path, crf) -> None:
    root = Path(str(voc.path))
    names = [path.stem for path in sorted((root / "JPEGImages").iterdir())][:2]
    for name in names:
        copied = root / "JPEGImages" / f"held-out-{name}.jpg"
        copied.write_bytes((root / "JPEGImages" / f"{name}.jpg").read_bytes())
    listed = root / "ImageSets" / "Segmentation" / "test.txt"
    listed.write_text("".join(f"held-out-{name}\n" for name in names))
    try:
        recorder = Recorder()
        run_stage(trial(voc, files, tmp_path / "run", split="test", crf=crf, processes=1), recorder)
        with pytest.raises(DatasetError, match="no split 'test' with labels"):
            count_images(open_dataset(voc), "test", None)
    finally:
        listed.unlink()
    assert not recorder.of("scores")
    predicted = ImageSet(tmp_path / "run" / "result")
    assert predicted.ids == tuple(f"held-out-{name}" for name in names)
    assert len(list(write_server_results(predicted, tmp_path / "sent").glob("*.png"))) == 2


@NEEDS_CRF
def test_with_a_crf_labels_are_refined_image_by_image_and_the_protocol_says_so(voc, files, tmp_path) -> None:
    run_stage(trial(voc, files, tmp_path, crf="seam", processes=1), Recorder())
    record = SegmentationRecord.model_validate_json((tmp_path / "scores.json").read_bytes())
    assert record.protocol.crf.startswith("dense CRF (seam): 1 iterations")
    found, network = ImageSet(tmp_path / "result"), load_segmentation(files.weights, files.card)
    image = open_dataset(voc).sample("val", 1).image
    probabilities = network.probabilities(image)
    present = crf_labels(probabilities)
    rounded = probabilities[present].astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(found.mask(found.ids[1]), refined(image, present, rounded, PRESETS["seam"]))
    assert not list((tmp_path / SCRATCH / "items").iterdir())


@NEEDS_CRF
def test_stopped_before_the_crf_the_network_runs_over_no_image_again(voc, files, tmp_path) -> None:
    recorder = Recorder()
    told = lambda: any("network: 1 of" in p["message"] for p in recorder.of("progress"))  # noqa: E731
    with pytest.raises(Stopped):
        run_stage(trial(voc, files, tmp_path / "a", crf="seam", processes=1), recorder, told)
    assert len(list((tmp_path / "a" / SCRATCH / "items").iterdir())) == 1
    recorder = Recorder()
    run_stage(trial(voc, files, tmp_path / "b", {"resume_from": tmp_path / "a"}, crf="seam", processes=1), recorder)
    assert [p["message"] for p in recorder.of("progress")] == [
        "0 of 2 images",
        "0 of 2 images; network: 2 of the next 2",
        "1 of 2 images; dense CRF",
        "2 of 2 images; dense CRF",
    ]
    run_stage(trial(voc, files, tmp_path / "whole", crf="seam", processes=1), Recorder())
    for image_id in ImageSet(tmp_path / "whole" / "result").ids:
        one, other = (ImageSet(tmp_path / name / "result").mask(image_id) for name in ("whole", "b"))
        np.testing.assert_array_equal(one, other)


def test_networks_for_other_classes_are_refused(files, tmp_path) -> None:
    demo = DatasetSpec(name="demo", kind="demo", train_images=1, val_images=1)
    other = files.model_copy(update={"card": files.card.model_copy(update={"classes": ("a", "b")})})
    with pytest.raises(SettingsError, match="tells 2 classes apart"):
        run_stage(trial(demo, other, tmp_path), Recorder())


@pytest.mark.slow
def test_it_learns_the_masks_it_is_trained_on(settings, tmp_path) -> None:
    spec = DatasetSpec(name="demo", kind="demo", train_images=24, val_images=1)
    masks = tiny_set(tmp_path / "masks", "masks", 24, spec=spec)
    chosen = settings(
        backbone="tf_efficientnet_lite0", pretrained=True, crop=192, epochs=12, batch_size=6, head_channels=128, lr=1e-3
    )
    recorder = Recorder()
    run_stage(training(spec, masks, chosen, tmp_path / "train"), recorder)
    losses = [m["values"]["loss"] for m in recorder.of("metrics")]
    assert np.mean(losses[-4:]) < np.mean(losses[:4]) / 3
    run_stage(trial(spec, final_checkpoint(tmp_path / "train"), tmp_path / "test", split="train"), Recorder())
    record = SegmentationRecord.model_validate_json((tmp_path / "test" / "scores.json").read_bytes())
    assert record.miou > 50
