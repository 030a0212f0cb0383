"""One line that refines one photograph, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ssenet.cli import app
from ssenet.crf import unavailable
from ssenet.data.images import encode_mask_png
from ssenet.inference import load_network
from ssenet.refine.scrub import ScrubSettings, unpack_frames
from ssenet.refine.scrub_work import CrfWork, refine_in_steps
from ssenet.results import View
from ssenet.weights.builtin import builtin

needs_crf = pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")


def invoke(*words: object):
    return CliRunner().invoke(app, ["crf-steps", *(str(word) for word in words)], env={"COLUMNS": "200"})


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """A bright disc on a dark ground, 40 × 56."""
    rows, columns = np.mgrid[0:40, 0:56]
    inside = (rows - 20) ** 2 + (columns - 26) ** 2 < 150
    pixels = np.where(inside[..., None], [220, 120, 40], [30, 60, 90]).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "disc.png")
    (tmp_path / "truth.png").write_bytes(encode_mask_png(np.where(inside, 5, 0).astype(np.uint8)))
    return tmp_path / "disc.png"


@needs_crf
def test_one_line_makes_the_frames_of_the_library(photograph: Path, tmp_path: Path) -> None:
    out = tmp_path / "steps"
    words = ("--scales", "1,2", "--no-flip", "--class", "fish", "--iterations", 3, "--mask", tmp_path / "truth.png")
    result = invoke("demo-ssenet", photograph, *words, "--out", out)
    assert result.exit_code == 0, result.output
    found = builtin("demo-ssenet")
    assert found is not None
    pixels = np.asarray(Image.open(photograph))
    coarse = load_network(found.weights, found.card).coarse_logits(pixels, [View(scale=1), View(scale=2)])
    truth = np.asarray(Image.open(tmp_path / "truth.png"))
    work = CrfWork(photograph, coarse, found.card.classes, (4,), ScrubSettings(iterations=3), truth)
    expected, report = refine_in_steps(work)
    made = unpack_frames((out / "frames.npz").read_bytes())
    assert made.truth is not None and np.array_equal(made.truth, truth)
    for name, labels in expected.labels.items():
        assert np.array_equal(made.labels[name], labels)
        assert np.array_equal(np.asarray(Image.open(out / f"{name}-03.png")), labels[3])
    said = json.loads((out / "report.json").read_text())
    assert said["variants"][0]["miou"] == pytest.approx(report.variants[0].miou)
    assert (out / "steps.csv").read_text().startswith("variant,iteration,quantity,value\nlow,0,changed,0\n")
    assert "dense CRF (psa)" in result.output


@needs_crf
def test_without_names_the_predicted_classes_or_the_best_guess(photograph: Path, tmp_path: Path) -> None:
    words = ("--scales", "1", "--no-flip", "--alpha", 0.3, "--iterations", 0, "--out", tmp_path / "steps")
    assert invoke("demo-ssenet", photograph, *words).exit_code == 0
    said = json.loads((tmp_path / "steps" / "report.json").read_text())
    assert len(said["classes"]) >= 1 and [v["background"] for v in said["variants"]] == ["α = 0.3"]


def test_errors_are_for_people(photograph: Path, tmp_path: Path) -> None:
    refused = {
        "has no class unicorn": ("demo-ssenet", photograph, "--class", "unicorn", "--scales", "1", "--no-flip"),
        "is not a file": ("demo-ssenet", tmp_path / "none.png"),
        "holds colours": ("demo-ssenet", photograph, "--mask", photograph, "--scales", "1", "--no-flip"),
        "must not exceed": ("demo-ssenet", photograph, "--power-low", 8, "--power-high", 4),
        "cannot be read": ("demo-ssenet", photograph, "--mask", __file__, "--scales", "1", "--no-flip"),
    }
    for words, line in refused.items():
        result = invoke(*line, "--out", tmp_path / "out")
        assert result.exit_code == 2 and words in " ".join(result.output.split()), result.output
    high = tmp_path / "high.png"
    high.write_bytes(encode_mask_png(np.full((4, 4), 60, np.uint8)))
    result = invoke("demo-ssenet", photograph, "--mask", high, "--scales", "1", "--no-flip", "--out", tmp_path / "out")
    assert result.exit_code == 2 and "has a label 60" in result.output
