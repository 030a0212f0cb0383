"""Spearman's rank correlation of values that are there several times each, as in a resample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def midranks(values: Doubles, weights: Doubles) -> Doubles:
    """Rank of each value among all, counted as often as weighed; equal values share the mean of their ranks.

    Args:
        values: (n,).
        weights: (B, n), how often each is there; a value that is not there gets the rank it would have.

    Returns:
        (B, n).
    """
    distinct, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(distinct)))
    present = np.add.reduceat(weights[:, order], starts, axis=1)
    before = np.cumsum(present, axis=1) - present
    return np.asarray((before + (present + 1) / 2)[:, group])


def weighted_spearman(x: Doubles, y: Doubles, weights: Doubles) -> Doubles:
    """Spearman's ρ of x and y in each of B resamples.

    Args:
        x: (n,).
        y: (n,).
        weights: (B, n), how often each pair is there.

    Returns:
        (B,); NaN where fewer than two pairs are there, or all of x or all of y are equal.
    """
    total = weights.sum(axis=1)
    if len(x) < 2:
        return np.full(len(weights), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        dx, dy = (_centred(midranks(values, weights), weights) for values in (x, y))
        covariance, vx, vy = ((weights * p).sum(axis=1) for p in (dx * dy, dx * dx, dy * dy))
        # Ranks are multiples of one half: a spread below a millionth is rounding, not a spread.
        spread = np.where((vx > 1e-6) & (vy > 1e-6), np.sqrt(vx * vy), np.nan)
        return np.asarray(np.where(total >= 2, covariance / spread, np.nan))


def _centred(ranks: Doubles, weights: Doubles) -> Doubles:
    mean = (weights * ranks).sum(axis=1) / weights.sum(axis=1)
    return np.asarray(ranks - mean[:, None])
