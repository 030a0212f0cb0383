"""Coverage of one photograph's map against counts made pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ssenet.analysis.coverage import Balance, Coverage, balance, best_alpha, coverage, mean_map, score_maps
from ssenet.data.base import IGNORED
from ssenet.histograms import EDGES
from ssenet.render import upsample
from ssenet.results import View, views_of

SHAPE = (4, 5)
SCORES = arrays(
    np.float32, SHAPE, elements=st.sampled_from([float(EDGES[i]) for i in (0, 1, 150, 200, 201, 700, 1006)])
)
MASKS = arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1, 2, IGNORED]))


def counted(score: np.ndarray, mask: np.ndarray, label: int, alpha: float) -> Coverage:
    """The definition, one pixel after the other."""
    tp = fp = fn = 0
    for value, truth in zip(score.ravel(), mask.ravel(), strict=True):
        if truth == IGNORED:
            continue
        covered = value > np.float32(alpha)
        tp += bool(covered and truth == label)
        fp += bool(covered and truth != label)
        fn += bool(not covered and truth == label)
    return Coverage(tp, fp, fn)


@given(SCORES, MASKS, st.sampled_from([0.0, 0.15, 0.2, 0.201, 1.0]))
def test_coverage_equals_the_count(score: np.ndarray, mask: np.ndarray, alpha: float) -> None:
    assert coverage(score, mask, 1, alpha) == counted(score, mask, 1, alpha)


@given(SCORES, MASKS)
def test_best_alpha_is_the_best_of_all_edges(score: np.ndarray, mask: np.ndarray) -> None:
    ious = [counted(score, mask, 1, float(alpha)).iou or 0.0 for alpha in EDGES]
    found = best_alpha(score, mask, 1)
    if found is None:
        assert max(ious) == 0
        return
    assert found[1] == pytest.approx(max(ious), abs=1e-12)
    assert coverage(score, mask, 1, found[0]).iou == pytest.approx(max(ious), abs=1e-12)


def test_ratios_are_those_of_the_paper_and_undefined_without_a_hit() -> None:
    found = Coverage(tp=40, fp=10, fn=20)
    assert (found.over, found.under, found.iou) == (0.25, 0.5, pytest.approx(40 / 70))
    missed = Coverage(tp=0, fp=3, fn=5)
    assert (missed.over, missed.under, missed.iou) == (None, None, 0.0)
    assert Coverage(0, 0, 0).iou is None


@given(st.dictionaries(st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0]), st.tuples(*[st.integers(0, 3)] * 3), min_size=1))
def test_balance_scale_is_the_smallest_with_none_over_covering_from_there_on(
    counts: dict[float, tuple[int, int, int]],
) -> None:
    by_scale = {scale: Coverage(*values) for scale, values in counts.items()}
    holds = [s for s in sorted(by_scale) if all(not c.over_covers for t, c in by_scale.items() if t >= s)]
    found = balance(by_scale)
    if len(holds) == len(by_scale):
        assert found == Balance("never")
    elif not holds:
        assert found == Balance("always")
    else:
        assert found == Balance("until", holds[0])


def test_equal_numbers_of_both_errors_are_balanced() -> None:
    assert balance({0.5: Coverage(1, 3, 2), 1.0: Coverage(1, 2, 2)}) == Balance("until", 1.0)


def test_sizes_must_agree_and_a_balance_needs_a_scale() -> None:
    score, mask = np.zeros((2, 3), np.float32), np.zeros((3, 2), np.uint8)
    with pytest.raises(ValueError, match="cannot be compared"):
        coverage(score, mask, 1, 0.2)
    with pytest.raises(ValueError, match="cannot be compared"):
        best_alpha(score, mask, 1)
    with pytest.raises(ValueError, match="needs a scale"):
        balance({})


def coarse_maps(*scales: float, flip: bool = False) -> dict[View, np.ndarray]:
    """Random logits (2, h, w) of every view."""
    random = np.random.default_rng(4)
    return {view: random.normal(size=(2, 3, 4)).astype(np.float32) for view in views_of(scales, flip)}


def test_rows_are_the_scales_and_the_mean_of_all_their_views() -> None:
    coarse, size = coarse_maps(0.5, 1.0, flip=True), (12, 16)
    found = score_maps(coarse, size, 1, [0.5, 1.0])
    assert list(found) == ["0.5", "1", "MS"]
    relu = {view: np.maximum(upsample(maps, size)[1], 0) for view, maps in coarse.items()}
    for row, scales in (("0.5", [0.5]), ("1", [1.0]), ("MS", [0.5, 1.0])):
        mean = np.mean([m for view, m in relu.items() if view.scale in scales], axis=0)
        expected = np.maximum(mean - 1e-5, 0) / (mean.max() + 1e-5)  # Eq. 3
        np.testing.assert_allclose(found[row], expected, atol=1e-6)


def test_a_scale_that_is_not_there_leaves_out_its_row_and_the_sum() -> None:
    coarse = coarse_maps(0.5)
    assert list(score_maps(coarse, (6, 8), 0, [0.5, 1.0])) == ["0.5"]
    assert list(score_maps(coarse, (6, 8), 0, [0.5])) == ["0.5"]
    with pytest.raises(ValueError, match="no maps of all scales"):
        mean_map(coarse, (6, 8), 0, [0.5, 1.0])
