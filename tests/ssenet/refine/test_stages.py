"""The stages ``crf`` and ``pseudo_labels``, from set to set."""

import sys

import numpy as np
import pytest

from ssenet.config import CrfOptions, CrfSettings, PseudoLabelSettings
from ssenet.crf import DenseCrf, parameters
from ssenet.data import open_dataset
from ssenet.errors import DatasetError, SettingsError
from ssenet.events import Stopped
from ssenet.refine import crf_stage, label_stage
from ssenet.refine.derived import wanted_processes
from ssenet.refine.labels import confident_labels, plain_labels, pseudo_labels, stacks
from ssenet.refine.maps import cam_maps, score_maps, with_background
from ssenet.scores import SegmentationRecord, confusion
from ssenet.sets import ImageSet, SetWriter, pack, unpack

QUICK = {"crf_iterations": 2, "processes": 1}


def size_of(image):
    return image.shape[0], image.shape[1]


def test_crf_scores_of_both_backgrounds(run, sets, small, tmp_path) -> None:
    cams = sets["cams"]
    recorder = run("crf", QUICK, {"cams": cams.folder})
    made = ImageSet(tmp_path / "out" / "result")
    assert made.manifest.kind == "crf" and made.ids == cams.ids
    assert [step.kind for step in made.manifest.lineage] == ["train_cam", "infer_cam", "crf"]
    assert made.manifest.key == made.manifest.lineage[-1].key
    assert [e["done"] for e in recorder.of("progress")] == [0, 1, 2, 3]
    assert recorder.of("set") == [{"type": "set", "folder": "result"}]
    image = open_dataset(small).sample("train", 1).image
    classes, maps = cam_maps(cams, cams.ids[1], size_of(image))
    chosen = parameters(CrfOptions(crf_iterations=2))
    assert chosen is not None
    for name, power in (("low", 4), ("high", 24)):
        fresh = DenseCrf(image, len(maps) + 1, chosen).refine(with_background(maps, power))
        item = made.arrays(cams.ids[1])
        assert item[name].dtype == np.float16
        np.testing.assert_allclose(item[name], fresh, atol=1e-3)
        assert np.array_equal(item["classes"], classes)


def test_without_crf_the_scores_are_not_refined(run, sets, small, tmp_path) -> None:
    cams = sets["cams"]
    run("crf", {"crf": "off"}, {"cams": cams.folder})
    image = open_dataset(small).sample("train", 0).image
    _, maps = cam_maps(cams, cams.ids[0], size_of(image))
    item = ImageSet(tmp_path / "out" / "result").arrays(cams.ids[0])
    np.testing.assert_array_equal(item["high"], with_background(maps, 24).astype(np.float16))


def test_processes_change_nothing(run, sets, tmp_path) -> None:
    cams = sets["cams"]
    run("crf", QUICK, {"cams": cams.folder}, "one")
    run("crf", {**QUICK, "processes": 2}, {"cams": cams.folder}, "two")
    one, two = (ImageSet(tmp_path / name / "result") for name in ("one", "two"))
    assert one.manifest.key == two.manifest.key
    for image_id in cams.ids:
        a, b = one.arrays(image_id), two.arrays(image_id)
        assert a.keys() == b.keys()
        assert all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("same_folder", [True, False])
def test_a_stopped_crf_goes_on_where_it_was(run, sets, tmp_path, monkeypatch, same_folder: bool) -> None:
    cams = sets["cams"]
    asked: list[int] = []
    with pytest.raises(Stopped):
        run("crf", QUICK, {"cams": cams.folder}, "first", stop=lambda: asked.append(1) or len(asked) > 2)
    items = sorted(p.name for p in (tmp_path / "first" / "result" / "items").iterdir())
    assert len(items) == 2
    done: list[str] = []
    real = crf_stage.CrfWork.__call__
    monkeypatch.setattr(crf_stage.CrfWork, "__call__", lambda self, i: done.append(i) or real(self, i))
    if same_folder:
        recorder = run("crf", QUICK, {"cams": cams.folder}, "first")
    else:
        recorder = run("crf", QUICK, {"cams": cams.folder}, "second", resume_from=tmp_path / "first")
    assert done == [cams.ids[2]]
    assert [e["done"] for e in recorder.of("progress")] == [2, 3]
    assert ImageSet(tmp_path / ("first" if same_folder else "second") / "result").ids == cams.ids


def test_without_the_library_the_reason_is_given(run, sets, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pydensecrf.densecrf", None)
    with pytest.raises(SettingsError, match=r"pydensecrf2.*crf=off"):
        run("crf", {}, {"cams": sets["cams"].folder})
    run("crf", {"crf": "off"}, {"cams": sets["cams"].folder}, "off")


def test_a_set_of_another_data_set_is_refused(run, sets, small) -> None:
    other = small.model_copy(update={"labels": "masks", "classes": tuple(f"c{k}" for k in range(10))})
    with pytest.raises(DatasetError, match="another one, or its files have changed"):
        run("crf", QUICK, {"cams": sets["cams"].folder}, dataset=other)


def test_labels_of_a_walk_are_scored(run, sets, small, tmp_path) -> None:
    walk, dataset = sets["walk"], open_dataset(small)
    recorder = run("pseudo_labels", {"strong": 2.0, "weak": 0.5}, {"maps": walk.folder})
    made = ImageSet(tmp_path / "out" / "result")
    assert (made.manifest.kind, made.manifest.subject, made.ids) == ("masks", "pseudo-labels", walk.ids)
    record = SegmentationRecord.model_validate_json((tmp_path / "out" / "scores.json").read_bytes())
    matrices = unpack((tmp_path / "out" / "confusion.npz").read_bytes())["matrices"]
    kept = total = 0
    for index, image_id in enumerate(walk.ids):
        sample = dataset.sample("train", index)
        scores = score_maps(walk, image_id, size_of(sample.image))
        labels = pseudo_labels(scores.background, scores.maps, scores.classes, 2.0, 0.5)
        assert np.array_equal(made.mask(image_id), labels)
        plain = pseudo_labels(scores.background, scores.maps, scores.classes)
        assert np.array_equal(matrices[index], confusion(sample.mask, plain, len(dataset.classes)))
        kept, total = kept + int((labels != 255).sum()), total + labels.size
    assert 0 < kept < total
    assert record.coverage == pytest.approx(kept / total)
    assert np.array_equal(record.counts, matrices.sum(0))
    assert record.image_ids == walk.ids and record.subject == "pseudo-labels"
    assert record.lineage == made.manifest.lineage
    assert recorder.of("scores") == [{"type": "scores", "record": "scores.json", "counts": "confusion.npz"}]


def test_the_protocol_says_how_labels_came_about(run, sets, tmp_path) -> None:
    run("pseudo_labels", {"crf": "irn", **QUICK}, {"maps": sets["walk"].folder}, "walk")
    run("pseudo_labels", {"alpha": 0.3}, {"maps": sets["cams"].folder}, "cams")
    run("pseudo_labels", {"alpha": 0.3, "strong": 2.0}, {"maps": sets["cams"].folder}, "unclear")
    walk, cams, unclear = (
        SegmentationRecord.model_validate_json((tmp_path / name / "scores.json").read_bytes()).protocol
        for name in ("walk", "cams", "unclear")
    )
    assert walk.alpha_rule == "background of the random walk (constant 0.2)"
    assert cams.alpha_rule == "fixed 0.3"
    assert unclear.alpha_rule == "fixed 0.3; ignored pixels scored under the plain background"
    assert walk.crf is not None and "irn" in walk.crf and "2 iterations" in walk.crf and "hard labels" in walk.crf
    assert cams.crf is None
    for protocol in (walk, cams):
        assert (protocol.label_source, protocol.scales, protocol.flip) == ("given", (0.5, 1.0), True)
        assert protocol.weights_sha256 == sets["cams"].manifest.lineage[0].weights_sha256
        assert (protocol.images, protocol.split, protocol.normalisation) == (3, "train", "eq3")


def test_constant_background_of_cams(run, sets, small, tmp_path) -> None:
    run("pseudo_labels", {"alpha": 0.4}, {"maps": sets["cams"].folder})
    image_id = sets["cams"].ids[0]
    image = open_dataset(small).sample("train", 0).image
    classes, maps = cam_maps(sets["cams"], image_id, size_of(image))
    expected = pseudo_labels(np.full(size_of(image), 0.4, np.float32), maps, classes)
    assert np.array_equal(ImageSet(tmp_path / "out" / "result").mask(image_id), expected)


def test_crf_of_the_three_stacks(sets, small) -> None:
    image = open_dataset(small).sample("train", 0).image
    scores = score_maps(sets["walk"], sets["walk"].ids[0], size_of(image))
    settings = PseudoLabelSettings(maps="m", crf="psa", crf_iterations=2, strong=2, weak=0.5)
    plain, labels = label_stage.label(image, scores, settings)
    chosen = parameters(settings)
    assert chosen is not None and scores.background is not None
    fresh = [DenseCrf(image, len(part), chosen).refine(part) for part in stacks(scores.background, scores.maps, 2, 0.5)]
    assert np.array_equal(plain, plain_labels(fresh[0], scores.classes))
    assert np.array_equal(labels, confident_labels(fresh[1], fresh[2], scores.classes))
    unrefined, _ = label_stage.label(image, scores, settings.model_copy(update={"crf": "off"}))
    assert not np.array_equal(plain, unrefined)


def test_resumed_labels_are_scored_on_all_images(run, sets, tmp_path, monkeypatch) -> None:
    walk = {"maps": sets["walk"].folder}
    run("pseudo_labels", {"strong": 2.0}, walk, "whole")
    asked: list[int] = []
    with pytest.raises(Stopped):
        run("pseudo_labels", {"strong": 2.0}, walk, "first", stop=lambda: asked.append(1) or len(asked) > 2)
    assert not (tmp_path / "first" / "scores.json").exists()
    done: list[str] = []
    real = label_stage.LabelWork.__call__
    monkeypatch.setattr(label_stage.LabelWork, "__call__", lambda self, i: done.append(i) or real(self, i))
    run("pseudo_labels", {"strong": 2.0}, walk, "second", resume_from=tmp_path / "first")
    assert done == [sets["walk"].ids[2]]
    whole, resumed = (
        SegmentationRecord.model_validate_json((tmp_path / name / "scores.json").read_bytes())
        for name in ("whole", "second")
    )
    assert resumed.model_copy(update={"created_at": whole.created_at}) == whole


def test_a_split_without_masks_has_no_scores(run, sets, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("ssenet.refine.photographs.Photographs.have_masks", False)
    recorder = run("pseudo_labels", {}, {"maps": sets["walk"].folder})
    assert recorder.of("set") and not recorder.of("scores")
    assert not (tmp_path / "out" / "scores.json").exists()
    assert len(ImageSet(tmp_path / "out" / "result").mask(sets["walk"].ids[0])) > 0


def test_maps_of_other_classes_are_labelled_but_not_scored(run, sets, tmp_path) -> None:
    cams = sets["cams"]
    writer = SetWriter(tmp_path / "cams", ".npz", cams.manifest.key)
    for image_id in cams.ids:
        writer.put(image_id, cams.path(image_id).read_bytes())
    writer.close(cams.manifest.model_copy(update={"classes": tuple(reversed(cams.manifest.classes))}))
    recorder = run("pseudo_labels", {}, {"maps": writer.folder})
    assert recorder.of("set") and not recorder.of("scores")
    assert ImageSet(tmp_path / "out" / "result").manifest.classes == tuple(reversed(cams.manifest.classes))


def test_settings_reject_a_set_of_another_kind(run, sets) -> None:
    with pytest.raises(SettingsError, match="wanted: cams"):
        run("crf", QUICK, {"cams": sets["walk"].folder})
    assert CrfSettings(cams="x").alpha_low == 4


def test_a_photograph_without_classes_is_background(run, sets, small, tmp_path) -> None:
    cams = sets["cams"]
    writer = SetWriter(tmp_path / "cams", ".npz", cams.manifest.key)
    for image_id in cams.ids:
        item = cams.arrays(image_id)
        if image_id == cams.ids[0]:
            item = {name: value if name == "scores" else value[:0] for name, value in item.items()}
        writer.put(image_id, pack(item))
    writer.close(cams.manifest)
    run("crf", QUICK, {"cams": writer.folder}, "crf")
    run("pseudo_labels", {"crf": "psa", "strong": 2.0, **QUICK}, {"maps": writer.folder}, "labels")
    scores = ImageSet(tmp_path / "crf" / "result").arrays(cams.ids[0])
    size = size_of(open_dataset(small).sample("train", 0).image)
    assert np.array_equal(scores["low"], np.ones((1, *size))) and np.array_equal(scores["high"], scores["low"])
    labels = ImageSet(tmp_path / "labels" / "result")
    assert not labels.mask(cams.ids[0]).any()
    assert labels.mask(cams.ids[1]).any()


def test_processes_are_one_a_core_unless_limited() -> None:
    assert wanted_processes(CrfOptions(), 0) == 0
    assert wanted_processes(CrfOptions(), 2) == 2
    assert wanted_processes(CrfOptions(processes=3), 2) == 3
    assert wanted_processes(CrfOptions(crf="off", processes=3), 2) == 1
