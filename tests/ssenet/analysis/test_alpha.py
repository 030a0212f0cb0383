"""Rows of the α lab against the exact curve and against plain resampling."""

import numpy as np
import pytest
from evaluations import pictures

from ssenet.analysis.alpha import AlphaRow, Draws, Exact, bands_at, estimate, grid_bands
from ssenet.analysis.alpha import alpha_row as assembled
from ssenet.analysis.bands import GRID, Label
from ssenet.analysis.bootstrap import resample_weights
from ssenet.analysis.suggest import valley
from ssenet.curves import curve
from ssenet.histograms import EDGES, AlphaHistogram, nearest_edge

DRAWS = Draws(samples=200, seed=7)
HISTOGRAM = pictures(1, 16, 0.75)


def row_of(histogram: AlphaHistogram, label: Label = None, alpha: float = 0.305) -> AlphaRow:
    band = grid_bands(histogram, [label], DRAWS)[label]
    limits = bands_at(histogram, [label], alpha, DRAWS)[label]
    name = None if label is None else f"class {label}"
    return assembled(Exact.of(histogram, label), ("ev", "1", name), alpha, band, limits, agreed=0.1)


def test_points_are_the_exact_curve() -> None:
    row, slow = row_of(HISTOGRAM), curve(HISTOGRAM)
    np.testing.assert_allclose(np.array(row.iou, float), slow.miou[GRID])
    best, miou = slow.best()
    assert row.best is not None
    assert row.best_alpha.value == pytest.approx(best, abs=1e-6)
    assert row.best.iou.value == pytest.approx(miou)
    at = nearest_edge(0.305)
    assert row.chosen.alpha == 0.305
    assert row.chosen.fn.value == pytest.approx(slow.m_fn[at])
    assert row.chosen.fp.value == pytest.approx(slow.m_fp[at])
    assert row.chosen.undefined == slow.undefined[at]
    assert row.fixed.iou.value == pytest.approx(slow.miou[nearest_edge(0.2)])


def test_bands_are_percentiles_of_the_resampled_images() -> None:
    """By taking the images as often as each resample drew them, curve by curve."""
    row = row_of(HISTOGRAM)
    weights = resample_weights(HISTOGRAM.images, DRAWS.samples, DRAWS.seed).astype(int)
    # Every class is in some mask: a draw that misses one does not count it.
    curves = [curve(HISTOGRAM.take(np.repeat(np.arange(16), w)), "excluded") for w in weights]
    mious = np.array([c.miou[GRID] for c in curves])
    np.testing.assert_allclose(np.array(row.iou_low, float), np.quantile(mious, 0.025, axis=0), rtol=1e-5)
    np.testing.assert_allclose(np.array(row.iou_high, float), np.quantile(mious, 0.975, axis=0), rtol=1e-5)
    best = EDGES[GRID][mious.argmax(axis=1)]
    assert row.best_alpha.low == pytest.approx(np.quantile(best, 0.025), abs=1e-6)
    fn = np.array([c.m_fn[nearest_edge(0.305)] for c in curves])
    assert row.chosen.fn.high == pytest.approx(np.nanquantile(fn, 0.975), rel=1e-4)
    own = [c.m_fp[GRID][m.argmax()] for c, m in zip(curves, mious, strict=True)]
    assert row.best is not None
    assert row.best.fp.low == pytest.approx(np.nanquantile(own, 0.025), rel=1e-4)


def test_plateau_holds_the_best_and_ends_a_point_below() -> None:
    row, slow = row_of(HISTOGRAM), curve(HISTOGRAM)
    assert row.plateau is not None and row.best_alpha.value is not None
    assert row.plateau.low <= row.best_alpha.value <= row.plateau.high
    inside = (slow.alpha.round(6) >= row.plateau.low) & (slow.alpha.round(6) <= row.plateau.high)
    assert (slow.miou[inside] >= slow.miou.max() - 0.01).all()
    assert slow.miou[nearest_edge(row.plateau.high) + 1] < slow.miou.max() - 0.01


def test_rules_say_who_needed_the_ground_truth() -> None:
    rules = {rule.name: rule for rule in row_of(HISTOGRAM).rules}
    assert [name for name, rule in rules.items() if rule.uses_ground_truth] == ["oracle"]
    assert rules["fixed"].alpha == 0.2 and rules["agreement"].alpha == 0.1
    assert rules["valley"].alpha == valley(HISTOGRAM)
    assert max(rule.iou or 0 for rule in rules.values()) == rules["oracle"].iou


def test_a_class_has_its_own_best() -> None:
    row, slow = row_of(HISTOGRAM, 2), curve(HISTOGRAM)
    assert row.label == "class 2" and row.best is not None
    assert row.best.iou.value == pytest.approx(slow.iou[:, 2].max())
    assert row.chosen.fn.value == pytest.approx(slow.fn_ratio[nearest_edge(0.305), 1])


def test_what_is_undefined_is_counted() -> None:
    truth, winner = np.array([[1, 1], [0, 0]], np.uint8), np.array([[2, 2], [2, 2]])
    never = AlphaHistogram.of_image(truth, winner, np.full((2, 2), 0.5, np.float32), 3)
    row = row_of(never, alpha=0.2)
    assert (row.chosen.undefined, row.chosen.undefined_fn_bounded, row.chosen.undefined_fp_bounded) == (3, 2, 2)
    assert row.chosen.fn == estimate(np.nan, np.nan, np.nan)
    assert row.chosen.fn_bounded.value == 1
    one = row_of(never, 1)
    assert one.best is None and one.plateau is None and one.rules[-1].alpha is None
    assert Exact.of(never, 3).best() is None
