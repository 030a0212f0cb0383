"""From an α histogram to mIoU, m_FN and m_FP at every α at once (Eqs. 4 to 6). Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ssenet.histograms import EDGES, AlphaHistogram

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Pixels of each class at each α: truth, prediction, and both.

    Attributes:
        truth: (K + 1,), background first.
        predicted: (E, K + 1).
        hit: (E, K + 1), true positives.
    """

    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    hit: NDArray[np.int64]


def counts(histogram: AlphaHistogram) -> Counts:
    """Exact counts at every edge, from suffix sums over the bins.

    A pixel in bin b is foreground at edge j exactly when b > j.
    """
    gt, winner, bins, count = histogram.rows.T.astype(np.int64)
    right, empty = gt == winner, gt == 0
    truth = np.bincount(gt, count, histogram.classes + 1).astype(np.int64)
    foreground = _above(winner - 1, bins, count, histogram.classes)
    hit = _above(winner[right] - 1, bins[right], count[right], histogram.classes)
    covered = _above(gt[empty], bins[empty], count[empty], 1)
    background = truth.sum() - foreground.sum(axis=1, keepdims=True)
    return Counts(
        truth,
        np.concatenate([background, foreground], axis=1),
        np.concatenate([truth[0] - covered, hit], axis=1),
    )


def _above(which: NDArray[np.int64], bins: NDArray[np.int64], count: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """(E, size) pixels of each of ``size`` kinds whose bin is above each edge; floats hold these integers exactly."""
    width = len(EDGES) + 1
    table = np.bincount(which * width + bins, count, size * width).reshape(size, width).astype(np.int64)
    return (table.sum(axis=1, keepdims=True) - table.cumsum(axis=1))[:, :-1].T


@dataclass(frozen=True)
class Curve:
    """What one row of an evaluation says at each α of ``EDGES`` (E of them).

    Attributes:
        alpha: (E,).
        iou: (E, K + 1), background first; 0 or NaN for a class with neither truth nor prediction.
        miou: (E,), mean over K + 1 classes (Eq. 4).
        fn_ratio: (E, K), FN/TP of the foreground classes; NaN where TP = 0.
        fp_ratio: (E, K), FP/TP; NaN where TP = 0.
        m_fn: (E,), mean of the defined ``fn_ratio`` (Eq. 5); NaN where none is.
        m_fp: (E,), mean of the defined ``fp_ratio`` (Eq. 6); NaN where none is.
        undefined: (E,), classes left out of both means because TP = 0.
    """

    alpha: Doubles
    iou: Doubles
    miou: Doubles
    fn_ratio: Doubles
    fp_ratio: Doubles
    m_fn: Doubles
    m_fp: Doubles
    undefined: NDArray[np.int64]

    def best(self) -> tuple[float, float]:
        """(α*, mIoU) of the highest mIoU; the lowest such α when several tie."""
        index = int(np.nanargmax(self.miou))
        return float(self.alpha[index]), float(self.miou[index])

    def at(self, alpha: float) -> dict[str, float | int | None]:
        """The figures at the nearest of its thresholds to ``alpha``; None where undefined."""
        index = int(np.abs(self.alpha - alpha).argmin())
        values = {"alpha": self.alpha, "miou": self.miou, "m_fn": self.m_fn, "m_fp": self.m_fp}
        figures: dict[str, float | int | None] = {name: _number(array[index]) for name, array in values.items()}
        return {**figures, "undefined": int(self.undefined[index])}


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _mean(values: Doubles) -> Doubles:
    """Mean over the last axis without the NaNs; NaN where all are."""
    defined = ~np.isnan(values)
    total = np.where(defined, values, 0).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        return total / defined.sum(axis=-1)


def curve(histogram: AlphaHistogram, absent: Literal["zero", "excluded"] = "zero") -> Curve:
    """The curves of a histogram.

    Args:
        histogram: counts of the scored images.
        absent: what a class with neither truth nor prediction adds to mIoU: 0, as the
            released code has it, or nothing.
    """
    return curve_of(counts(histogram), EDGES.astype(np.float64), absent)


def curve_of(c: Counts, alpha: Doubles, absent: Literal["zero", "excluded"] = "zero") -> Curve:
    """The curves of exact counts at the thresholds ``alpha`` (E,); ``absent`` as in ``curve``."""
    union = c.truth + c.predicted - c.hit
    with np.errstate(divide="ignore", invalid="ignore"):
        iou = np.where(union > 0, c.hit / union, 0.0 if absent == "zero" else np.nan)
        hit = np.where(c.hit > 0, c.hit, np.nan)[:, 1:]
        fn_ratio = c.truth[1:] / hit - 1
        fp_ratio = c.predicted[:, 1:] / hit - 1
    return Curve(
        alpha,
        iou,
        _mean(iou),
        fn_ratio,
        fp_ratio,
        _mean(fn_ratio),
        _mean(fp_ratio),
        np.isnan(fn_ratio).sum(axis=1),
    )
