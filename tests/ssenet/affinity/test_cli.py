"""``ssenet affinity`` and ``ssenet walk``."""

import typer
from typer.testing import CliRunner

from ssenet.cli.affinity import add
from ssenet.local import final_checkpoint
from ssenet.sets import ImageSet

app = typer.Typer()
add(app)


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_from_crf_scores_to_walked_maps(small, crf, cams, tmp_path) -> None:
    trained, walked, voc = tmp_path / "affinity", tmp_path / "walk", str(small.path)
    options = ["--set", "crop=48", "--set", "batch_size=2", "--epochs", "1", "--stride", "16"]
    dataset = ["--dataset", voc]
    said = _run("affinity", str(crf.folder), *dataset, "--out", str(trained), "--preset", "quick", *options)
    assert "Done: AffinityNet tf_efficientnet_lite0" in said
    card = final_checkpoint(trained).card
    assert card.settings is not None and card.settings.model_dump()["crop"] == 48
    _run("walk", str(trained), str(cams.folder), *dataset, "--out", str(walked), "--log-steps", "2", "--pictures", "1")
    made = ImageSet(walked / "result")
    assert made.ids == cams.ids
    assert made.manifest.settings["log_steps"] == 2
    assert len(list((walked / "pictures").iterdir())) == 1


def test_what_cannot_be_used_is_said(small, crf, tmp_path) -> None:
    def said(*arguments: str) -> str:
        result = CliRunner().invoke(app, [*arguments, "--dataset", str(small.path)])
        assert result.exit_code == 2
        return " ".join(result.output.split())

    assert "--preset is one of" in said("affinity", str(crf.folder), "--preset", "large")
    assert "neither a built-in checkpoint" in said("walk", str(tmp_path), str(crf.folder))
    assert "holds no complete set" in said("affinity", str(tmp_path), "--out", str(tmp_path / "out"))
