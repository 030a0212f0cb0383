"""``ssenet equivariance``: what it prints, what it writes, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ssenet.analysis.equivariance import Equivariance, measure, views_needed
from ssenet.cli import app
from ssenet.cli.common import checkpoint
from ssenet.data.gallery import gallery, open_photograph
from ssenet.results import View

runner = CliRunner()


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small photograph as a file."""
    folder = tmp_path_factory.mktemp("photo")
    (folder / "whole.jpg").write_bytes(open_photograph(next(p.key for p in gallery() if "bison" in p.key)))
    path = folder / "bison.png"
    with Image.open(folder / "whole.jpg") as opened:
        opened.convert("RGB").resize((256, 192)).save(path)
    return path


def test_figures_pictures_and_raw_logits(photograph: Path, tmp_path: Path) -> None:
    view, scales = View(scale=1, rotation=15), (0.5, 1.0)
    args = ["equivariance", "demo-ssenet", str(photograph), "--scale", "1", "--rotation", "15", "--scales", "0.5,1"]
    result = runner.invoke(app, [*args, "--class", "hoofed", "--alpha", "0.3", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    report = Equivariance.model_validate_json((tmp_path / "bison.json").read_bytes())
    with np.load(tmp_path / "bison.npz", allow_pickle=False) as arrays:
        coarse = {View.parse(name): arrays[name].astype(np.float32) for name in arrays.files}
    assert set(coarse) == set(views_needed(view, scales))
    names = checkpoint("demo-ssenet")[1].classes
    again = measure(coarse, view, names, (192, 256), alpha=0.3, scales=scales, classes=[names.index("hoofed")])
    assert report == again, "the raw logits give the figures again"
    (found,) = report.errors
    assert found.error is not None and 0 < found.error < 1
    assert f"{found.error:.3f}" in result.output and "rotated 15° counter-clockwise" in result.output
    print(f"15° rotation of the bison: equivariance error {found.error:.3f}, {found.raw:.2f} logits")  # noqa: T201
    with Image.open(tmp_path / "bison.hoofed.png") as sheet:
        assert sheet.width > 7 * 256 and sheet.height > 192


def test_the_photograph_itself_has_no_error(photograph: Path, tmp_path: Path) -> None:
    args = ["equivariance", "demo-baseline", str(photograph), "--scale", "1", "--scales", "1", "--class", "hoofed"]
    result = runner.invoke(app, [*args, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    (found,) = Equivariance.model_validate_json((tmp_path / "bison.json").read_bytes()).errors
    assert (found.error, found.difference, found.raw) == (0, 0, 0)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--class", "unicorn"], "has no class unicorn"),
        (["--scales", "0.5,x"], "comma-separated list of scales"),
        (["--scales", "99"], "less than or equal to 4"),
        (["--rotation", "181"], "equal to 180"),
        (["--scale", "0"], "0.1"),
    ],
)
def test_what_cannot_be_is_said(photograph: Path, tmp_path: Path, args: list[str], message: str) -> None:
    result = runner.invoke(app, ["equivariance", "demo-ssenet", str(photograph), *args, "--out", str(tmp_path)])
    assert result.exit_code == 2 and message in result.output
    assert not list(tmp_path.iterdir())


def test_a_photograph_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = runner.invoke(app, ["equivariance", "demo-ssenet", str(tmp_path / "no.jpg"), "--out", str(tmp_path)])
    assert result.exit_code == 2 and "no.jpg is not" in result.output
