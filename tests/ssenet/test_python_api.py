"""``ssenet.cam``: the same result as the command line's, from one import."""

from __future__ import annotations

import doctest
import io
import shlex
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import ssenet
import ssenet.photograph
from ssenet.bundle import Look, cams_bundle, pack_bundle
from ssenet.cli import app
from ssenet.data.gallery import open_photograph
from ssenet.data.images import decode_image
from ssenet.errors import CheckpointError, ImageError, SettingsError


def test_the_example_in_the_documentation_is_true() -> None:
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder(recurse=False).find(ssenet.photograph.cam, globs={}):
        runner.run(test)
    assert runner.tries >= 5 and runner.failures == 0


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, ssenet; assert not {'numpy', 'torch', 'pydantic'} & set(sys.modules); ssenet.Cams"
    subprocess.run([sys.executable, "-c", script + "; assert 'torch' not in sys.modules"], check=True, timeout=60)
    with pytest.raises(AttributeError, match="no attribute 'cat'"):
        ssenet.cat  # noqa: B018


def test_the_command_in_a_bundle_makes_the_same_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = decode_image(open_photograph("clownfish"))[:150, :200]
    made = cams_bundle(
        {"demo-ssenet": ssenet.cam(pixels, "demo-ssenet", (0.5, 1), flip=False)}, Look(alpha=0.3), stem="v"
    )
    with ZipFile(io.BytesIO(pack_bundle(made))) as archive:
        archive.extractall(tmp_path)
    monkeypatch.chdir(tmp_path)
    words = shlex.split(made.commands[0])
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code == 0, result.output
    with ZipFile(words[words.index("--bundle") + 1]) as archive:
        again = {name: archive.read(name) for name in archive.namelist()}
    assert {name: again[name] for name in made.files} == dict(made.files)


def test_bytes_paths_and_pixels_are_one_photograph(tmp_path: Path) -> None:
    pixels = decode_image(open_photograph("clownfish"))[:64, :64]
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    shas = {ssenet.cam(given, "demo-ssenet", (0.5,), flip=False).sha for given in (pixels, path, path.read_bytes())}
    assert len(shas) == 1


def test_mistakes_are_said(tmp_path: Path) -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    with pytest.raises(ImageError, match="not a file"):
        ssenet.cam(tmp_path / "none.jpg", "demo-ssenet")
    with pytest.raises(ImageError, match="uint8"):
        ssenet.cam(np.zeros((32, 32)), "demo-ssenet")  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="neither a built-in"):
        ssenet.cam(pixels, "no such network")
    with pytest.raises(SettingsError, match="no class unicorn"):
        ssenet.cam(pixels, "demo-ssenet", classes=["unicorn"])
    with pytest.raises(SettingsError, match="no given labels"):
        ssenet.cam(pixels, "demo-ssenet", labels="given")
