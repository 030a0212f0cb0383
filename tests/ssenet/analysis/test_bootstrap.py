"""Resampling weights, percentile intervals and p, against what their definitions say."""

from __future__ import annotations

import numpy as np
import pytest

from ssenet.analysis.bootstrap import interval, resample_weights, two_sided_p, weight_blocks


def test_every_resample_draws_as_many_images_as_there_are() -> None:
    weights = resample_weights(37, 600, seed=3)
    assert weights.shape == (600, 37) and weights.dtype == np.float32
    assert (weights.sum(axis=1) == 37).all() and (weights == np.round(weights)).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(37), abs=0.2)


def test_weights_depend_on_the_seed_and_not_on_how_many_follow() -> None:
    assert np.array_equal(resample_weights(12, 30, 7), resample_weights(12, 90, 7)[:30])
    assert not np.array_equal(resample_weights(12, 30, 7), resample_weights(12, 30, 8))


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_blocks_are_the_weights(block: int) -> None:
    blocks = list(weight_blocks(9, 23, 1, block))
    assert max(len(b) for b in blocks) == min(block, 23)
    assert np.array_equal(np.concatenate(blocks), resample_weights(9, 23, 1))


@pytest.mark.parametrize("arguments", [(0, 5, 1), (5, 0, 1)])
def test_nothing_cannot_be_resampled(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="at least one image"):
        resample_weights(*arguments)


def test_interval_holds_its_share_of_the_defined_values() -> None:
    values = np.array([[float(i), np.nan if i % 3 == 0 else 10.0 * i] for i in range(101)])
    low, high = interval(values, 0.9)
    assert (low[0], high[0]) == pytest.approx((5, 95))
    defined = values[~np.isnan(values[:, 1]), 1]
    assert np.mean(defined < low[1]) == pytest.approx(0.05, abs=0.02)
    assert np.mean(defined > high[1]) == pytest.approx(0.05, abs=0.02)


def test_interval_is_undefined_where_most_resamples_are() -> None:
    values = np.ones((10, 3))
    values[:6, 1], values[:, 2] = np.nan, np.nan
    low, high = interval(values)
    assert low[0] == high[0] == 1 and np.isnan([low[1], high[1], low[2], high[2]]).all()
    with pytest.raises(ValueError, match="between 0 and 1"):
        interval(values, 1.0)


def test_p_counts_the_resamples_beyond_zero() -> None:
    differences = np.array([[-1.0, 1.0, 0.0]] * 2 + [[2.0, -1.0, 0.0]] * 17)
    p = two_sided_p(differences, np.array([1.5, -0.5, 0.0]))
    assert p == pytest.approx([2 * 3 / 20, 2 * 3 / 20, 1.0])
    swapped = two_sided_p(-differences, -np.array([1.5, -0.5, 0.0]))
    assert np.array_equal(p, swapped)


def test_p_is_undefined_where_the_figure_is() -> None:
    differences = np.array([[np.nan, 1.0], [np.nan, 1.0], [1.0, 1.0]])
    assert np.isnan(two_sided_p(differences, np.array([1.0, np.nan]))).all()
