"""The commands, from pseudo-labels to a gallery."""

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from ssenet.cli import segmentation
from ssenet.results import ProtocolCard
from ssenet.scores import record_of
from ssenet.sets import ImageSet

APP = typer.Typer()
segmentation.add(APP)
TINY = ("--backbone", "mobilenetv2_050", "--epochs", 1)
SET = ("crop=64", "batch_size=2", "head_channels=8", "pretrained=false")


def invoke(*words: object):
    return CliRunner().invoke(APP, [str(word) for word in words], env={"COLUMNS": "300"})


def test_from_pseudo_labels_to_predictions_scores_gallery_and_export(voc, masks, tmp_path) -> None:
    data = ("--dataset", voc.path)
    pairs = [word for pair in SET for word in ("--set", pair)]
    result = invoke("segment", masks.folder, *data, *TINY, *pairs, "--preset", "quick", "--out", tmp_path / "train")
    assert result.exit_code == 0, result.output
    assert "val_miou" in result.output
    scales = ("--scales", "1", "--no-flip")
    result = invoke("test", tmp_path / "train", *data, *scales, "--out", tmp_path / "test")
    assert result.exit_code == 0, result.output
    assert "mean (mIoU)" in result.output and "smallmammal" in result.output
    found = ImageSet(tmp_path / "test" / "result")
    picture = tmp_path / "figure.png"
    result = invoke("gallery", tmp_path / "test", *data, "--cell", 40, "--image", found.ids[1], "--out", picture)
    assert result.exit_code == 0, result.output
    with Image.open(picture) as image:
        assert image.width == 3 * 40 + 2 * 6 + 2 * 10
    result = invoke("export-results", tmp_path / "test", tmp_path / "server")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "server" / "results.tgz").stat().st_size > 100


def test_means_say_how_many_classes_they_are_over() -> None:
    matrices = {"i": np.array([[5, 1, 0], [1, 3, 0], [2, 0, 0]])}
    how = ProtocolCard(
        dataset="d", dataset_fingerprint="f", split="val", images=1, label_source="none", scales=(1.0,),
        flip=False, alpha_rule="none", weights_sha256="a" * 64, code_version="0",
    )  # fmt: skip
    console = Console(record=True, width=200)
    console.print(segmentation.class_table(record_of("segmentation", ("cat", "dog"), matrices, how, ())))
    shown = " ".join(console.export_text().split())
    assert "m_FN of 1 of 2 classes │ 0.33" in shown and "m_FP of 1 of 2 classes │ 0.33" in shown


def test_mistakes_get_a_message_and_exit_code_2(voc, masks, tmp_path) -> None:
    data, out = ("--dataset", voc.path), ("--out", tmp_path / "out")
    for words, message in (
        (("segment", tmp_path, *data, *out), "holds no complete set"),
        (("segment", masks.folder, *data, *out, "--preset", "huge"), "--preset is one of quick, demo, paper"),
        (("segment", masks.folder, *data, *out, "--start", "nothing"), "neither a built-in checkpoint"),
        (("segment", masks.folder, *out), "another one"),
        (("segment", masks.folder, *data, *out, "--backbone", "resnet18", "--set", "pretrained=true"), "resnet18"),
        (("test", "demo-ssenet", *out), "Choose a segmentation network"),
        (("test", tmp_path, *out), "neither a built-in checkpoint"),
        (("gallery", masks.folder, *data, "--image", "no_such"), "holds no masks of no_such"),
    ):
        result = invoke(*words)
        assert result.exit_code == 2, result.output
        assert message in " ".join(result.output.split()), result.output
