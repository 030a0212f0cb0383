"""Objects one by one against their pixels, rank correlation against scipy, and figures by size against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from evaluations import CLASSES, evaluated, protocol
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import spearmanr

from ssenet.analysis.bootstrap import resample_weights
from ssenet.analysis.correlation import midranks, weighted_spearman
from ssenet.analysis.object_sizes import SizeChoice, SizeComparison, compare_sizes
from ssenet.analysis.objects import Objects, objects_of, sizes, thirds
from ssenet.analysis.pair import Evaluated
from ssenet.errors import SettingsError
from ssenet.histograms import EDGES, AlphaHistogram, nearest_edge
from ssenet.results import EvaluationRecord

QUICK = SizeChoice(row="1", samples=100)


# One object ----------------------------------------------------------------------------------------
def photograph(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.choice([0, 0, 0, 1, 2, 255], (7, 9)).astype(np.uint8)
    score = random.choice(np.concatenate([EDGES[::60], random.random(20, np.float32)]), (7, 9)).astype(np.float32)
    return truth, random.integers(1, 4, (7, 9)), score


def by_pixels(truth: np.ndarray, winner: np.ndarray, score: np.ndarray, label: int, alpha: np.float32) -> list[int]:
    """Truth, predicted and hit of one object at one α, from its masks."""
    valid = truth != 255
    said = (winner == label) & (score > alpha) & valid
    return [int((truth == label).sum()), int(said.sum()), int((said & (truth == label)).sum())]


@given(seed=st.integers(0, 10_000), alpha=st.floats(0, 1))
@settings(max_examples=6, deadline=None)
def test_every_object_is_what_its_pixels_say(seed: int, alpha: float) -> None:
    photographs = [photograph(seed + i) for i in range(3)]
    found = objects_of(AlphaHistogram.join([AlphaHistogram.of_image(*one, 3) for one in photographs]), alpha)
    expected = [(i, k) for i, (truth, _, _) in enumerate(photographs) for k in (1, 2, 3) if (truth == k).any()]
    assert list(zip(found.image.tolist(), found.label.tolist(), strict=True)) == expected
    for n, (i, k) in enumerate(expected):
        truth, predicted, hit = by_pixels(*photographs[i], k, EDGES[nearest_edge(alpha)])
        assert [found.truth[n], found.predicted[n], found.hit[n]] == [truth, predicted, hit]
        assert found.area[n] == pytest.approx(truth / int((photographs[i][0] != 255).sum()))
        assert found.iou[n] == pytest.approx(hit / (truth + predicted - hit))
        along = [by_pixels(*photographs[i], k, edge) for edge in EDGES]
        ious = [h / (t + p - h) for t, p, h in along]
        assert found.best_iou[n] == pytest.approx(max(ious))
        if max(ious) > 0:
            assert found.best_alpha[n] == EDGES[ious.index(max(ious))]
        else:
            assert math.isnan(found.best_alpha[n])
        ratio = [math.nan, math.nan] if not hit else [(truth - hit) / hit, (predicted - hit) / hit]
        assert [found.fn_ratio[n], found.fp_ratio[n]] == pytest.approx(ratio, nan_ok=True)


def test_photographs_without_objects_have_none() -> None:
    empty = AlphaHistogram.of_image(
        np.zeros((4, 4), np.uint8), np.ones((4, 4), np.int64), np.ones((4, 4), np.float32), 3
    )
    assert len(objects_of(empty, 0.2).area) == 0
    with pytest.raises(ValueError, match="no thirds"):
        thirds(np.array([]))


def test_thirds_are_equal_and_limits_belong_to_the_smaller_size() -> None:
    area = np.random.default_rng(1).random(90)
    assert np.bincount(sizes(area, thirds(area))).tolist() == [30, 30, 30]
    assert sizes(np.array([0.1, 0.1001, 0.3, 0.31]), (0.1, 0.3)).tolist() == [0, 1, 1, 2]


# Rank correlation ----------------------------------------------------------------------------------
@given(seed=st.integers(0, 10_000), n=st.integers(2, 15))
@settings(max_examples=40, deadline=None)
def test_weighted_rank_correlation_is_that_of_the_repeated_pairs(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    x, y = random.integers(0, 6, n).astype(float), random.integers(0, 4, n) / 4
    weights = random.integers(0, 3, (5, n)).astype(float)
    found = weighted_spearman(x, y, weights)
    for row, rho in zip(weights, found, strict=True):
        xs, ys = np.repeat(x, row.astype(int)), np.repeat(y, row.astype(int))
        if len(np.unique(xs)) < 2 or len(np.unique(ys)) < 2:
            assert math.isnan(rho)
        else:
            assert rho == pytest.approx(spearmanr(xs, ys).statistic)


def test_equal_values_share_a_rank() -> None:
    assert midranks(np.array([5.0, 1.0, 5.0]), np.array([[1.0, 1.0, 2.0]])).tolist() == [[3.0, 1.0, 3.0]]
    assert np.isnan(weighted_spearman(np.array([1.0]), np.array([2.0]), np.ones((3, 1)))).all()


# Figures by size -----------------------------------------------------------------------------------
def slow_figures(one: Objects, times: np.ndarray, size: np.ndarray, k: int) -> list[float]:
    """Mean IoU, FN/TP, FP/TP and mean best α of the objects of a size, each counted as often as its image."""
    chosen = [i for i in range(len(size)) if size[i] == k for _ in range(int(times[one.image[i]]))]
    iou = [one.hit[i] / (one.truth[i] + one.predicted[i] - one.hit[i]) for i in chosen]
    hit = sum(one.hit[i] for i in chosen)
    fn, fp = sum(one.truth[i] for i in chosen) - hit, sum(one.predicted[i] for i in chosen) - hit
    best = [one.best_alpha[i] for i in chosen if not math.isnan(one.best_alpha[i])]
    ratios = [fn / hit, fp / hit] if hit else [math.nan, math.nan]
    return [sum(iou) / len(iou) if iou else math.nan, *ratios, sum(best) / len(best) if best else math.nan]


def test_figures_by_size_agree_with_the_loops() -> None:
    a, b = evaluated("a", 1, 25, 0.75), evaluated("b", 2, 25, 0.85)
    found = compare_sizes(a, b, SizeChoice(row="0.5", alpha_b=0.3, samples=100, seed=5))
    assert found.objects == 25 and sum(found.counts) == 25
    one, other = objects_of(a.histograms["1"], 0.2), objects_of(b.histograms["1"], 0.3)
    size, weights = sizes(one.area, found.limits), resample_weights(25, 100, 5)
    for k in range(3):
        drawn = np.array([[slow_figures(o, w, size, k) for w in weights] for o in (one, other)])
        at_all = [slow_figures(o, np.ones(25), size, k) for o in (one, other)]
        estimate, change = found.a.rows[1].sizes[k], found.differences[1].sizes[k]
        for i, name in enumerate(("iou", "fn_ratio", "fp_ratio", "best_alpha")):
            value, difference = getattr(estimate, name), getattr(change, name)
            assert value.value == pytest.approx(at_all[0][i])
            assert (value.low, value.high) == pytest.approx(tuple(np.nanquantile(drawn[0, :, i], [0.025, 0.975])))
            assert (difference.a, difference.b) == pytest.approx((at_all[0][i], at_all[1][i]))
            limits = np.nanquantile(drawn[1, :, i] - drawn[0, :, i], [0.025, 0.975])
            assert (difference.low, difference.high) == pytest.approx(tuple(limits))


def test_correlation_of_area_and_best_alpha_agrees_with_scipy() -> None:
    a, b = evaluated("a", 1, 25, 0.75), evaluated("b", 2, 25, 0.85)
    found = compare_sizes(a, b, QUICK)
    drawn = []
    for one in (a, b):
        objects = objects_of(one.histograms["1"], 0.2)
        repeated = [np.repeat(np.arange(25), w.astype(int)) for w in resample_weights(25, 100, 0)]
        rho = [spearmanr(objects.area[i], objects.best_alpha[i]).statistic for i in [np.arange(25), *repeated]]
        drawn.append(np.array(rho))
    value = found.a.rows[1].correlation
    assert value.value == pytest.approx(drawn[0][0])
    assert (value.low, value.high) == pytest.approx(tuple(np.quantile(drawn[0][1:], [0.025, 0.975])))
    change = found.differences[1].correlation
    assert change.difference == pytest.approx(drawn[1][0] - drawn[0][0])
    limits = np.quantile(drawn[1][1:] - drawn[0][1:], [0.025, 0.975])
    assert (change.low, change.high) == pytest.approx(tuple(limits))


def test_objects_whose_best_alpha_falls_with_size_are_found_to() -> None:
    """Squares 2 to 9 wide whose map goes down with size: the paper's claim, built in."""
    parts, squares = [], [2, 3, 4, 5, 6, 7, 8, 9] * 3
    for side in squares:
        truth = np.zeros((12, 12), np.uint8)
        truth[:side, :side] = 1
        score = np.where(truth == 1, np.float32(1 / side), np.float32(0.9 / side)).astype(np.float32)
        parts.append(AlphaHistogram.of_image(truth, np.ones((12, 12), np.int64), score, 3))
    ids = tuple(f"{i}" for i in range(len(squares)))
    card = protocol("a", len(squares))
    record = EvaluationRecord(checkpoint="a", classes=CLASSES, image_ids=ids, rows=("1",), protocol=card)
    falling = Evaluated(record, {"1": AlphaHistogram.join(parts)})
    found = compare_sizes(falling, falling, QUICK)
    assert found.a.rows[0].correlation.high is not None and found.a.rows[0].correlation.high < -0.9
    alphas = [one.best_alpha.value or 0 for one in found.a.rows[0].sizes]
    assert alphas == sorted(alphas, reverse=True)
    assert found.differences[0].correlation.difference == 0
    assert [one.iou.difference for one in found.differences[0].sizes] == [0, 0, 0]
    assert sum(found.counts) == 24 and min(found.counts) >= 6


def test_points_are_the_objects_of_the_chosen_row() -> None:
    a, b = evaluated("a", 1), evaluated("b", 2)
    found = compare_sizes(a, b, QUICK)
    objects = objects_of(b.histograms["1"], 0.2)
    assert [p.area for p in found.b.points] == pytest.approx(objects.area.tolist())
    assert [p.name for p in found.b.points] == [CLASSES[k - 1] for k in objects.label]
    assert {p.image for p in found.a.points} == set(a.record.image_ids)
    assert SizeComparison.model_validate_json(found.model_dump_json()) == found


def test_objects_that_no_alpha_hits_are_counted() -> None:
    a, b = evaluated("a", 1), evaluated("b", 2)
    blind = {}
    for name, histogram in b.histograms.items():
        rows = histogram.rows.copy()
        rows[(rows[:, 0] == 1) & (rows[:, 1] == 1), 2] = 0
        blind[name] = AlphaHistogram(histogram.classes, rows, histogram.starts)
    found = compare_sizes(a, Evaluated(b.record, blind), QUICK)
    birds = sum(point.name == "bird" for point in found.b.points)
    assert sum(one.undefined for one in found.b.rows[1].sizes) == birds > 0
    assert sum(one.missed for one in found.b.rows[1].sizes) == birds
    assert all(p.best_alpha is None and p.fn_ratio is None for p in found.b.points if p.name == "bird")
    assert sum(one.undefined for one in found.a.rows[1].sizes) == 0


def test_limits_may_be_fixed_and_a_size_may_be_empty() -> None:
    a, b = evaluated("a", 1), evaluated("b", 2)
    found = compare_sizes(a, b, SizeChoice(row="1", samples=100, limits=(0.001, 0.002)))
    assert found.limits == (0.001, 0.002) and found.counts == (0, 0, 20)
    empty = found.a.rows[0].sizes[0]
    assert (empty.iou.value, empty.iou.low, empty.iou.undefined) == (None, None, 100)
    with pytest.raises(ValidationError, match="smaller first"):
        SizeChoice(limits=(0.3, 0.2))


def test_photographs_without_any_object_cannot_be_compared_by_size() -> None:
    a = evaluated("a", 1, 2)
    none = AlphaHistogram.of_image(
        np.zeros((4, 4), np.uint8), np.ones((4, 4), np.int64), np.ones((4, 4), np.float32), 3
    )
    empty = Evaluated(a.record, dict.fromkeys(a.record.rows, AlphaHistogram.join([none, none])))
    with pytest.raises(SettingsError, match="holds an object"):
        compare_sizes(empty, empty, QUICK)
