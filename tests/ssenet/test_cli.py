"""The command line: pictures from photographs, evaluations, figures, and messages instead of tracebacks."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ssenet.cli import app
from ssenet.cli.common import checkpoint, identifier
from ssenet.config import CamInferSettings
from ssenet.data.gallery import gallery, open_photograph
from ssenet.events import Stopped
from ssenet.local import LocalPipeline

runner = CliRunner()


@pytest.fixture(scope="module")
def photograph(tmp_path_factory) -> Path:
    """A small sample photograph as a file."""
    key = next(p.key for p in gallery() if "clownfish" in p.key)
    path = tmp_path_factory.mktemp("photo") / "fish.jpg"
    path.write_bytes(open_photograph(key))
    return path


def test_cam_of_a_photograph(photograph, tmp_path) -> None:
    args = ["cam", "demo-ssenet", str(photograph), "--class", "fish", "--scales", "0.5,1", "--out", str(tmp_path)]
    result = runner.invoke(app, args)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "fish.fish.png").stat().st_size > 1000
    with np.load(tmp_path / "fish.npz", allow_pickle=False) as arrays:
        assert set(arrays.files) == {"s0.5", "s0.5-flip", "s1", "s1-flip"}


def test_cam_of_a_split(tmp_path) -> None:
    args = ["cam", "demo-baseline", "--dataset", "demo", "--labels", "given", "--scales", "0.25", "--no-flip"]
    result = runner.invoke(app, [*args, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "result" / "items").glob("*.npz"))) == 120


@pytest.mark.parametrize("text", ["imagenet-lite0", "runs/a b", "../x", "é", ".."])
def test_any_name_becomes_an_identifier(text: str) -> None:
    assert CamInferSettings(checkpoint=identifier(text)).checkpoint


def test_of_a_trainings_folder_the_last_checkpoint_is_taken(tmp_path) -> None:
    card = checkpoint("demo-ssenet")[1]
    for epoch in (2, 10):
        folder = tmp_path / f"epoch-{epoch:04d}"
        folder.mkdir()
        (folder / "card.json").write_text(card.model_copy(update={"epoch": epoch}).model_dump_json())
    assert checkpoint(str(tmp_path))[1].epoch == 10
    assert checkpoint(str(tmp_path / "epoch-0002"))[0] == tmp_path / "epoch-0002" / "weights.safetensors"


def test_eval_and_figures(tmp_path) -> None:
    args = ["eval", "demo-baseline", "--images", "2", "--scales", "0.5,1", "--multi-scale", "0.5,1"]
    result = runner.invoke(app, [*args, "--per-class", "--out", str(tmp_path / "e")])
    assert result.exit_code == 0, result.output
    assert "MS" in result.output
    assert "smallmammal" in result.output
    assert '"label_source":"given"' in result.output.replace("\n", "")
    result = runner.invoke(app, ["figures", str(tmp_path / "e"), "--out", str(tmp_path / "f")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "f" / "figure-4.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["cam", "no-such-net", "x.jpg"], "neither a built-in checkpoint"),
        (["cam", "demo-ssenet", "missing.jpg"], "missing.jpg is not a file"),
        (["cam", "demo-ssenet", "x.jpg", "--scales", "big"], "comma-separated"),
        (["cam", "demo-ssenet", "x.jpg", "--scales", "900"], "less than or equal to 4"),
        (["cam", "demo-ssenet", "x.jpg", "--class", "unicorn"], "no class unicorn"),
        (["cam", "demo-ssenet"], "Name photographs"),
        (["eval", "demo-ssenet", "--dataset", "/nowhere"], "/nowhere is neither"),
        (["eval", "demo-ssenet", "--split", "test"], "no split 'test'"),
        (["eval", "imagenet-lite0", "--images", "1"], "Choose a data set with the classes"),
        (["train", "--preset", "huge"], "--preset is one of"),
        (["train", "--set", "rate"], "key=value"),
        (["train", "--rate", "5"], "rate"),
        (["figures", "/nowhere"], "holds no evaluation"),
        (["pipeline", "--set", "dataset.split=val"], "dataset is no stage"),
        (["tables"], "or make some with --run"),
        (["tables", "--run", "baseline,half"], "'half' is no row"),
    ],
)
def test_mistakes_get_a_message_and_exit_code_2(args: list[str], message: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, args)
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [["pipeline"], ["tables", "--run", "baseline,0.5"]], ids=lambda words: words[0])
def test_an_interrupted_pipeline_says_how_to_go_on(command, tmp_path, monkeypatch) -> None:
    def interrupted(run: LocalPipeline) -> None:
        signal.raise_signal(signal.SIGINT)
        assert run.stop()
        run.state("crf", "running")
        raise Stopped

    monkeypatch.setattr(LocalPipeline, "run", interrupted)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    result = runner.invoke(app, [*command, "--out", str(tmp_path)])
    for number, handler in before.items():
        signal.signal(number, handler)
    assert result.exit_code == 75, result.output
    assert "Stopped in crf. The same command goes on from there." in result.output
    assert "0.5" not in result.output


def test_help_needs_no_torch() -> None:
    code = "import sys, ssenet.cli; assert 'torch' not in sys.modules, 'torch'"
    subprocess.run([sys.executable, "-c", code], check=True)
