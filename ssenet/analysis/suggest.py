"""Background thresholds α that need no ground truth: the valley of the score histogram, the agreement of scales.

Both are experimental: neither is in the paper. They are shown beside the fixed α = 0.2 and beside the oracle, the α of
the best mIoU, which needs the ground truth. Free of torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssenet.histograms import EDGES, AlphaHistogram

Doubles = NDArray[np.float64]
_LEVELS: Doubles = np.append(EDGES, EDGES[-1]).astype(np.float64)
"""What a score in each bin counts as: the upper edge of the bin, since bin b holds the scores in (b - 1, b]."""


def valley(scores: AlphaHistogram | NDArray[np.floating[Any]]) -> float | None:
    """The α that parts low scores from high ones best: Otsu's threshold of the score histogram.

    Otsu (1979) maximises the variance between two groups, w₀ w₁ (μ₀ - μ₁)², here the pixels
    with score ≤ α and those with score > α. Every α between two occupied bins parts the
    pixels alike; the middle one is taken.

    Args:
        scores: the counts of a data set, of which only the score bins are looked at, not the
            ground-truth column (the border pixels that its masks ignore are not in them); or
            the normalised scores (Eq. 3) of one photograph, of any shape.

    Returns:
        An edge of ``EDGES``, or None when all pixels have one score.
    """
    pixels = _pixels(scores)
    low, low_sum = np.cumsum(pixels)[:-1], np.cumsum(pixels * _LEVELS)[:-1]
    high, high_sum = pixels.sum() - low, (pixels * _LEVELS).sum() - low_sum
    both = (low > 0) & (high > 0)
    if not both.any():
        return None
    between = np.zeros(len(EDGES))
    means = low_sum[both] / low[both] - high_sum[both] / high[both]
    between[both] = low[both] * high[both] * means**2
    # Ties differ in the last bits: the sums are taken in another order.
    best = np.flatnonzero(both & np.isclose(between, between.max(), rtol=1e-12, atol=0))
    return _alpha(best[len(best) // 2])


def _alpha(edge: int | np.int64) -> float:
    """In the digits that people write: 0.48, not 0.47999998927."""
    return round(float(EDGES[edge]), 6)


def _pixels(scores: AlphaHistogram | NDArray[np.floating[Any]]) -> Doubles:
    """Pixels in each of the len(EDGES) + 1 score bins."""
    if isinstance(scores, AlphaHistogram):
        return np.bincount(scores.rows[:, 2], scores.rows[:, 3], len(EDGES) + 1).astype(np.float64)
    return np.bincount(_bins(scores).ravel(), minlength=len(EDGES) + 1).astype(np.float64)


def _bins(scores: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """How many edges lie strictly below each score, as ``AlphaHistogram`` counts."""
    return np.searchsorted(EDGES, scores.astype(np.float32), side="left")


def agreement(maps: NDArray[np.floating[Any]]) -> Doubles:
    """How far the objects of S scales agree at every α, above chance.

    For two scales with the masks A = {score > α} and B, that is IoU(A, B) less the IoU
    expected of two independent masks of the same areas p and q, pq / (p + q - pq), averaged
    over all pairs of scales. The plain IoU has its maximum near α = 0, where every mask
    covers whatever ReLU leaves; there chance agrees as well, so the excess tends to 0 as
    masks fill the image, and it is 0 by definition where both masks are empty.

    Args:
        maps: (S, H, W), normalised scores (Eq. 3) of one class at S scales.

    Returns:
        (len(EDGES),), all 0 with fewer than two scales.
    """
    bins = [_bins(one).ravel() for one in maps]
    pairs = list(combinations(bins, 2))
    if not pairs or not maps[0].size:
        return np.zeros(len(EDGES))
    return np.mean([_excess(_share(a), _share(b), _share(np.minimum(a, b))) for a, b in pairs], axis=0)


def _share(bins: NDArray[np.int64]) -> Doubles:
    """(len(EDGES),) share of the pixels that are foreground at each edge."""
    above = np.cumsum(np.bincount(bins, minlength=len(EDGES) + 1)[::-1])[::-1][1:]
    return above / len(bins)


def _excess(p: Doubles, q: Doubles, both: Doubles) -> Doubles:
    covered = p + q > 0
    with np.errstate(invalid="ignore"):
        return np.where(covered, both / (p + q - both) - p * q / (p + q - p * q), 0.0)


def peak(curve: Doubles) -> float | None:
    """The α at which an agreement, or a mean of several, is highest; None where it is never above chance."""
    best = int(curve.argmax())
    return _alpha(best) if curve[best] > 0 else None


def most_consistent(maps: NDArray[np.floating[Any]]) -> float | None:
    """The α at which the scales agree most about one class: the peak of ``agreement``.

    Returns:
        An edge of ``EDGES``, the lowest of equals; None with fewer than two scales, or when
        they never agree more than chance would.
    """
    return peak(agreement(maps))


class MeanAgreement:
    """The ``agreement`` of a data set: its mean over all objects, photograph by photograph and class by class."""

    def __init__(self) -> None:
        self._total, self._objects = np.zeros(len(EDGES)), 0

    def add(self, maps: Sequence[NDArray[np.floating[Any]]]) -> None:
        """Count the objects of one photograph; ``maps`` are its normalised maps (k, H, W) at each scale."""
        for one in zip(*maps, strict=True):
            self._total += agreement(np.stack(one))
            self._objects += 1

    @property
    def alpha(self) -> float | None:
        """The α at which the scales agree most; None without an object, or where they never do above chance."""
        return peak(self._total / self._objects) if self._objects else None
