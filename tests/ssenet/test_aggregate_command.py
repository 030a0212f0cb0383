"""``ssenet aggregate`` on a small set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tiny_sets import SCALES, tiny_set, tiny_voc
from typer.testing import CliRunner

from ssenet.analysis.aggregation import Aggregation, AggregationCounts, score_part
from ssenet.cli.main import app
from ssenet.refine.photographs import photographs_in

WIDE = {"COLUMNS": "300"}


def test_a_set_is_scored_under_another_aggregation(tmp_path: Path) -> None:
    spec = tiny_voc(tmp_path / "small")
    cams = tiny_set(tmp_path / "cams", "cams", images=3, spec=spec)
    words = ["aggregate", str(cams.folder), "--dataset", str(spec.path), "--combine", "max", "--relu", "coarse"]
    result = CliRunner().invoke(app, [*words, "--no-flip", "--out", str(tmp_path / "out")], env=WIDE)
    assert result.exit_code == 0, result.output
    assert "3 of 3 photographs" in result.output and "chosen on these images" in result.output
    found = AggregationCounts.model_validate_json((tmp_path / "out" / "aggregation.json").read_bytes())
    how = Aggregation(scales=SCALES, flip=False, combine="max", relu="coarse")
    assert found == score_part(cams, photographs_in(spec, "train"), how, 0, 3)
    rows = np.genfromtxt(tmp_path / "out" / "aggregation.csv", delimiter=",", names=True)
    np.testing.assert_allclose(rows["miou"], found.curve.miou, atol=1e-6)


def test_errors_are_for_people(tmp_path: Path) -> None:
    spec = tiny_voc(tmp_path / "small")
    cams = tiny_set(tmp_path / "cams", "cams", spec=spec)
    other = tiny_voc(tmp_path / "other", side=48)
    for words, said in (
        (["--scales", "0.25"], "s0.25"),
        (["--relu", "after", "--normalise", "each"], "contains its ReLU"),
        (["--dataset", str(other.path)], "another data set"),
    ):
        command = ["aggregate", str(cams.folder), "--dataset", str(spec.path), *words]
        result = CliRunner().invoke(app, command, env=WIDE)
        assert result.exit_code == 2 and said in result.output, result.output
