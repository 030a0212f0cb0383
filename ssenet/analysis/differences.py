"""Figures with the intervals that a bootstrap gives them: of one network, and of the difference between two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ssenet.analysis.bootstrap import interval, two_sided_p, weight_blocks
from ssenet.config.base import Closed

Doubles = NDArray[np.float64]


class Estimate(Closed):
    """One figure with its interval; None where undefined."""

    value: float | None
    low: float | None = Field(description="Lower limit of the 95 % percentile interval.")
    high: float | None
    undefined: int = Field(description="Resamples in which the figure is undefined.")


class Difference(Closed):
    """One figure of both networks, and the difference B - A with its interval; None where undefined."""

    a: float | None
    b: float | None
    difference: float | None
    low: float | None = Field(description="Lower limit of the 95 % percentile interval of the difference.")
    high: float | None
    p: float | None = Field(description="Two-sided bootstrap p, at least 2 / (samples + 1).")
    undefined: int = Field(description="Resamples in which the figure is undefined for either network.")

    @property
    def real(self) -> bool | None:
        """Whether the interval leaves zero out; None where there is no interval."""
        if self.low is None or self.high is None or self.difference is None:
            return None
        return self.low > 0 or self.high < 0


def resampled_sums(table: NDArray[Any], samples: int, seed: int) -> Doubles:
    """Sums of a table (N, ...) over the images of each resample: (B, ...), exact below 2⁵³."""
    flat = table.reshape(len(table), -1).astype(np.float64)
    parts = [weights.astype(np.float64) @ flat for weights in weight_blocks(len(table), samples, seed)]
    return np.concatenate(parts).reshape(samples, *table.shape[1:])


def mean_defined(values: Doubles) -> Doubles:
    """Mean over the last axis without the NaNs; NaN where all are."""
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(defined, values, 0).sum(axis=-1) / defined.sum(axis=-1)


def estimates(observed: Doubles, drawn: Doubles) -> list[Estimate]:
    """An ``Estimate`` for each of m figures: ``observed`` (m,) on the images themselves, ``drawn`` (B, m)."""
    low, high = interval(drawn)
    undefined = np.isnan(drawn).sum(axis=0)
    return [
        Estimate(value=number(v), low=number(lo), high=number(hi), undefined=int(missing))
        for v, lo, hi, missing in zip(observed, low, high, undefined, strict=True)
    ]


def differences(a: Doubles, b: Doubles, drawn_a: Doubles, drawn_b: Doubles) -> list[Difference]:
    """A ``Difference`` for each of m figures.

    Args:
        a: (m,), of the images themselves.
        b: (m,).
        drawn_a: (B, m), of the resamples.
        drawn_b: (B, m), of the same resamples.
    """
    drawn, observed = drawn_b - drawn_a, b - a
    low, high = interval(drawn)
    columns: Sequence[Doubles] = (a, b, observed, low, high, two_sided_p(drawn, observed))
    undefined = np.isnan(drawn).sum(axis=0)
    return [
        Difference(
            **dict(zip(("a", "b", "difference", "low", "high", "p"), map(number, values), strict=True)),
            undefined=int(missing),
        )
        for *values, missing in zip(*columns, undefined, strict=True)
    ]


def number(value: float) -> float | None:
    """A float that JSON can hold."""
    return None if np.isnan(value) else float(value)
