"""The sentences of a verdict: they say what the figures say, and never call noise real."""

from __future__ import annotations

import csv
import io

import pytest
from evaluations import evaluated

from ssenet.analysis.comparison import Comparison, compare
from ssenet.analysis.comparison_tables import HEADER, comparison_files, comparison_rows
from ssenet.analysis.differences import Difference
from ssenet.analysis.object_sizes import SizeChoice, compare_sizes
from ssenet.analysis.pair import Choice
from ssenet.analysis.verdict import signed, size_verdict, verdict

CHOICE = SizeChoice(row="1", samples=200)


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(evaluated("base", 1, 40, 0.7), evaluated("ours", 2, 40, 0.9), CHOICE.plain)


def with_fp(found: Comparison, **changes: float | None) -> Comparison:
    """The same comparison with another m_FP in the chosen row."""
    rows = [
        row.model_copy(update={"m_fp": row.m_fp.model_copy(update=changes)}) if row.row == "1" else row
        for row in found.rows
    ]
    return found.model_copy(update={"rows": tuple(rows)})


def test_a_real_difference_is_said_with_its_numbers(found: Comparison) -> None:
    fixed = {"a": 1.42, "b": 1.25, "difference": -0.17, "low": -0.31, "high": -0.04}
    first, *others = verdict(with_fp(found, **fixed), None, "base", "ours")
    assert first.text == (
        "Over all classes, at scale 1 and α = 0.2, ours covers less background than base: m_FP 1.25 against 1.42, "
        "difference −0.17 (95 % interval −0.31 to −0.04, 40 images): the difference is real."
    )
    assert (first.real, first.better) == (True, True)
    assert [("m_FN" in o.text, "mIoU" in o.text) for o in others] == [(True, False), (False, True)]
    assert others[1].better is True and "points" in others[1].text


def test_what_contains_zero_could_be_chance(found: Comparison) -> None:
    first = verdict(with_fp(found, a=1.0, b=1.1, difference=0.1, low=-0.01, high=0.3), None, "base", "ours")[0]
    assert "covers more background than base" in first.text
    assert first.text.endswith("this could be chance, the interval contains 0.")
    assert (first.real, first.better) == (False, False)


def test_undefined_figures_say_whose_they_are(found: Comparison) -> None:
    none = {"a": None, "difference": None, "low": None, "high": None}
    first = verdict(with_fp(found, **none), None, "base", "ours")[0]
    assert "m_FP is undefined for base: no true positive" in first.text and first.real is None
    rare = verdict(with_fp(found, low=None, high=None), None, "base", "ours")[0]
    assert "undefined in most resamples" in rare.text and rare.real is None


def test_a_class_and_its_own_best_alphas(found: Comparison) -> None:
    best = compare(
        evaluated("base", 1, 40, 0.7), evaluated("ours", 2, 40, 0.9), Choice(row="MS", alpha_a="best", alpha_b="best")
    )
    row = best.row()
    said = verdict(best, "fish", "base", "ours")
    assert said[0].text.startswith(
        f"For fish at multi-scale and each at its own best α: α = {row.alpha_a:g} for base and {row.alpha_b:g} for ours"
    )
    fish = next(one for one in best.classes if one.name == "fish")
    assert fish.fp_ratio is not None and f"FP/TP {fish.fp_ratio.b:.2f} against {fish.fp_ratio.a:.2f}" in said[0].text
    assert "leaves out less of the fish" in said[1].text
    assert len(verdict(found, "background", "base", "ours")) == 1
    with pytest.raises(KeyError):
        verdict(found, "boat", "base", "ours")


def test_a_network_against_itself_covers_as_much() -> None:
    same = compare(evaluated("base", 1), evaluated("base", 1), CHOICE.plain)
    first = verdict(same, None, "base", "base")[0]
    assert "covers as much background as" in first.text and "difference 0.00" in first.text
    assert (first.real, first.better) == (False, None)


@pytest.mark.parametrize(
    ("value", "percent", "text"),
    [(-0.174, False, "−0.17"), (0.0, False, "0.00"), (-0.0004, False, "−0.0004"), (0.0251, True, "+2.5")],
)
def test_differences_keep_their_sign(value: float, percent: bool, text: str) -> None:
    assert signed(value, percent) == text


def test_sizes_are_spoken_of_network_by_network() -> None:
    by_size = compare_sizes(evaluated("base", 1, 40, 0.7), evaluated("ours", 2, 40, 0.9), CHOICE)
    said = size_verdict(by_size, "base", "ours")
    assert len(said) == 3 and said[0].text.startswith("base: the best α") and "ρ differs by" in said[2].text
    rho = by_size.a.rows[1].correlation
    assert f"ρ {signed(rho.value or 0)}" in said[0].text
    assert said[0].real is ((rho.low or 0) > 0 or (rho.high or 0) < 0)


def test_few_objects_give_no_correlation() -> None:
    one = compare_sizes(evaluated("base", 1, 1), evaluated("ours", 2, 1), CHOICE)
    assert "too few objects" in size_verdict(one, "base", "ours")[0].text


def test_files_hold_every_figure(found: Comparison) -> None:
    by_size = compare_sizes(evaluated("base", 1, 40, 0.7), evaluated("ours", 2, 40, 0.9), CHOICE)
    files = comparison_files(found, by_size)
    assert Comparison.model_validate_json(files["comparison.json"]) == found
    rows = list(csv.DictReader(io.StringIO(files["comparison.csv"].decode())))
    assert len(rows) == len(comparison_rows(found)) == 3 * 3 + 1 + 3 * 3 and list(rows[0]) == HEADER
    miou = next(r for r in rows if (r["of"], r["name"], r["figure"]) == ("row", "1", "miou"))
    expected: Difference = found.row().miou
    assert [float(miou[k]) for k in ("a", "b", "low", "high")] == pytest.approx(
        [expected.a, expected.b, expected.low, expected.high]
    )
    assert len(files["objects.csv"].splitlines()) == 1 + 2 * 40
    assert len(files["object-sizes.csv"].splitlines()) == 1 + 3 * 13
