"""``ssenet compare``: built-in evaluations and folders, the same results as the library, errors in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluations import evaluated
from typer.testing import CliRunner

from ssenet.analysis.comparison import Comparison, compare
from ssenet.analysis.comparison_tables import comparison_files
from ssenet.analysis.object_sizes import SizeChoice, compare_sizes
from ssenet.analysis.pair import Evaluated
from ssenet.cli import app
from ssenet.cli.compare import read
from ssenet.histograms import save_histograms

runner = CliRunner()


def write(folder: Path, one: Evaluated) -> str:
    """A folder as ``ssenet eval`` leaves it."""
    folder.mkdir()
    (folder / "evaluation.json").write_text(one.record.model_dump_json())
    (folder / "histograms.npz").write_bytes(save_histograms(dict(one.histograms)))
    return str(folder)


def test_the_built_in_pair_is_compared_and_written(tmp_path: Path) -> None:
    args = ["compare", "demo-baseline", "demo-ssenet", "--row", "1", "--class", "predator", "--samples", "200"]
    result = runner.invoke(app, [*args, "--seed", "3", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    choice = SizeChoice(row="1", samples=200, seed=3)
    sides = read("demo-baseline"), read("demo-ssenet")
    expected = comparison_files(compare(*sides, choice.plain), compare_sizes(*sides, choice))
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == expected
    assert "For predator at scale 1 and α = 0.2, demo-ssenet covers" in result.output
    assert '"alpha_rule"' in result.output


def test_folders_of_evaluations_are_compared_each_at_its_own_alpha(tmp_path: Path) -> None:
    a, b = evaluated("base", 1), evaluated("ours", 2, quality=0.9)
    folders = [write(tmp_path / "a", a), write(tmp_path / "b", b)]
    rest = ["--alpha", "best", "--alpha-b", "0.3", "--samples", "100", "--sizes", "0.1,0.2"]
    result = runner.invoke(app, ["compare", *folders, *rest, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    found = Comparison.model_validate_json((tmp_path / "out" / "comparison.json").read_bytes())
    choice = SizeChoice(alpha_a="best", alpha_b=0.3, samples=100, limits=(0.1, 0.2))
    assert found == compare(a, b, choice.plain)


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (["--row", "7"], "rows in common"),
        (["--alpha", "much"], "number from 0 to 1"),
        (["--alpha", "3"], "less than or equal to 1"),
        (["--class", "boat"], "no class 'boat'"),
        (["--sizes", "0.1"], "two areas"),
        (["--sizes", "0.2,0.1"], "smaller first"),
        (["--samples", "5"], "greater than or equal to 100"),
    ],
)
def test_what_cannot_be_compared_is_said_in_words(tmp_path: Path, rest: list[str], words: str) -> None:
    folder = write(tmp_path / "a", evaluated("base", 1))
    result = runner.invoke(app, ["compare", folder, folder, *rest, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and words in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()


def test_a_name_without_an_evaluation_says_how_to_make_one(tmp_path: Path) -> None:
    for name in ("imagenet-lite0", str(tmp_path)):
        result = runner.invoke(app, ["compare", name, "demo-ssenet", "--out", str(tmp_path / "out")])
        assert result.exit_code == 2 and "ssenet eval" in result.output
