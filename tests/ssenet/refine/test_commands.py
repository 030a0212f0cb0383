"""The commands, from folder to folder."""

import typer
from typer.testing import CliRunner

from ssenet.cli import refine
from ssenet.data import open_dataset
from ssenet.refine.figures import crf_figure, label_figure, maps_labels, mask_figure
from ssenet.refine.photographs import photographs_in
from ssenet.sets import ImageSet

APP = typer.Typer()
refine.add(APP)
WIDE = {"COLUMNS": "400"}


def invoke(*words: object):
    return CliRunner().invoke(APP, [str(word) for word in words], env=WIDE)


def test_from_cams_to_a_voc_folder(sets, small, tmp_path) -> None:
    data = ("--dataset", small.path)
    quick = ("--processes", 1, "--set", "crf_iterations=2")
    result = invoke("crf", sets["cams"].folder, *data, "--out", tmp_path / "crf", "--pictures", 2, *quick)
    assert result.exit_code == 0, result.output
    assert ImageSet(tmp_path / "crf" / "result").ids == sets["cams"].ids
    assert len(list((tmp_path / "crf" / "pictures").iterdir())) == 2
    words = ("--strong", 1.5, "--weak", 0.8, "--pictures", 1)
    result = invoke("labels", sets["walk"].folder, *data, "--out", tmp_path / "labels", *words)
    assert result.exit_code == 0, result.output
    assert "mIoU" in result.output and "background of the random walk (constant 0.2)" in result.output
    assert "% of pixels are labelled" in result.output
    result = invoke("export-labels", tmp_path / "labels", tmp_path / "voc", *data)
    assert result.exit_code == 0, result.output
    back = open_dataset(small.model_copy(update={"path": str(tmp_path / "voc")}))
    assert back.splits == {"train": 3} and back.check() == []


def test_other_settings_do_not_mix_with_what_is_there(sets, small, tmp_path) -> None:
    words = ("labels", sets["walk"].folder, "--dataset", small.path, "--out", tmp_path / "labels", "--pictures", 0)
    assert invoke(*words).exit_code == 0
    assert invoke(*words).exit_code == 0
    result = invoke(*words, "--strong", 2)
    assert result.exit_code == 2 and "other settings" in result.output


def test_errors_are_for_people(sets, small, tmp_path) -> None:
    result = invoke("crf", tmp_path, "--dataset", small.path)
    assert result.exit_code == 2 and "holds no complete set" in result.output
    result = invoke("crf", sets["cams"].folder, "--dataset", small.path, "--crf", "best", "--out", tmp_path / "out")
    assert result.exit_code == 2 and "crf:" in result.output
    result = invoke("crf", sets["cams"].folder, "--out", tmp_path / "out")
    assert result.exit_code == 2 and "another one" in result.output
    result = invoke("convert", tmp_path, "--kind", "crf", "--out", tmp_path / "out")
    assert result.exit_code == 2 and "--high" in result.output


def test_figures_of_sets(sets, small) -> None:
    photographs = photographs_in(small, "train")
    image_id = sets["cams"].ids[0]
    crf = crf_figure(sets["crf"], sets["cams"], photographs, image_id)
    labels = label_figure(sets["masks"], sets["walk"], photographs, image_id)
    masks = mask_figure(sets["masks"], photographs, image_id)
    # Photograph, before, after, truth; of masks alone: photograph, labels, truth.
    assert crf.shape == labels.shape
    assert masks.shape[0] == crf.shape[0] and masks.shape[1] < crf.shape[1]


def test_labels_straight_from_maps_follow_alpha(sets, small) -> None:
    sample = photographs_in(small, "train").sample(sets["cams"].ids[0])
    size = (sample.image.shape[0], sample.image.shape[1])
    shares = [(maps_labels(sets["cams"], sample.id, size, alpha) > 0).mean() for alpha in (0.0, 0.5, 1.0)]
    assert shares[0] > shares[1] > shares[2] == 0
    walked = maps_labels(sets["walk"], sample.id, size, 1.0)
    assert (walked > 0).any(), "a walk brings its own background"
