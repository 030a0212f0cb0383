"""``ssenet triage`` with real networks on a few photographs."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ssenet.analysis.ranking import Choice, rank
from ssenet.analysis.triage_record import TriageRecord
from ssenet.cli.main import app

WIDE = {"COLUMNS": "300"}
COMMAND = ["triage", "demo-baseline", "--other", "demo-ssenet", "--images", "2", "--scales", "0.25,0.5"]


def run(out: Path, *words: str) -> Any:
    return CliRunner().invoke(app, [*COMMAND, "--out", str(out), *words], env=WIDE)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a ranking of two photographs, and what was printed."""
    folder = tmp_path_factory.mktemp("triage") / "out"
    result = run(folder)
    assert result.exit_code == 0, result.output
    return folder, result.output


def lines_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "ranking.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_top_is_printed_and_everything_is_written(made: tuple[Path, str]) -> None:
    folder, printed = made
    record = TriageRecord.model_validate_json((folder / "ranking.json").read_bytes())
    expected = rank(record, Choice())
    assert "The 2 most inconsistent of 2 photographs: demo/val, α = 0.2" in printed
    assert re.findall(r"│ (\d) │ (\S+) ", printed) == [(str(i), r.image_id) for i, r in enumerate(expected.rows, 1)]
    assert [line["image_id"] for line in lines_of(folder)] == [row.image_id for row in expected.rows]
    assert record.other == "Demo SSENet" and '"uses_ground_truth":false' in printed.replace("\n", "")


def test_a_second_ranking_of_the_same_runs_no_network(made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssenet.triage_stage.load_network", None)
    folder, _ = made
    result = run(folder, "--by", "iou", "--order", "descending", "--top", "1")
    assert result.exit_code == 0, result.output
    figures = [float(line["iou"]) for line in lines_of(folder)]
    assert figures == sorted(figures, reverse=True) and len(figures) == 2
    assert len(re.findall(r"│ \d │", result.output)) == 1 and '"uses_ground_truth":true' in result.output
    assert "2 photographs ranked" in result.output


def test_errors_are_for_people(made: tuple[Path, str]) -> None:
    folder, _ = made
    for words, said in (
        (["--by", "beauty"], "sort"),
        (["--class", "cow"], "There is no class 'cow'"),
        (["--scales", "1"], "two different scales"),
        (["--split", "test"], "no split 'test'"),
        (["--alpha", "0.4"], "Choose another folder"),
    ):
        result = run(folder, *words)
        assert result.exit_code == 2 and said in result.output, result.output
        assert "Traceback" not in result.output
