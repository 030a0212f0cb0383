"""Bootstrap bands of the figures of one row: how far a curve moves when other images had been scored. Free of torch.

Images are drawn with replacement. The counts of a resample are its weights times the counts of the images, one matrix
product for all of them; its figures come from the summed counts, as ``ssenet.curves`` makes them of the images.

Memory: the counts of N images at E thresholds stay as 8 · N · E · (K + 1) bytes, and the resamples are worked through
in blocks of ``BLOCK``. 1,464 images of 20 classes at 101 thresholds take about 25 MB and 0.1 GB at the peak.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ssenet.analysis.bootstrap import BLOCK, absent_iou, weight_blocks
from ssenet.analysis.per_image import counts_along
from ssenet.histograms import EDGES, AlphaHistogram, nearest_edge

Doubles = NDArray[np.float64]
Absent = Literal["zero", "excluded"]
Label = int | None
"""A class, 0 for the background, or None for the mean over the classes."""

GRID: NDArray[np.int64] = np.array([nearest_edge(i / 100) for i in range(101)])
"""Indices into ``EDGES`` of 0, 0.01 … 1, where bands are computed."""
GRID.setflags(write=False)
GRID_ALPHA: Doubles = EDGES[GRID].astype(np.float64).round(6)
"""α of ``GRID``, (101,)."""
GRID_ALPHA.setflags(write=False)
_IMAGES = 128
"""Images whose counts are made at a time."""


@dataclass(frozen=True)
class Ratios:
    """Figures at E thresholds, (E,), or of B resamples, (B, E); NaN where undefined.

    Attributes:
        iou: of the class, or the mean over K + 1 classes (Eq. 4).
        fn: FN/TP of the class, or m_FN, the mean over the foreground classes (Eq. 5).
        fp: FP/TP, or m_FP (Eq. 6).
        fn_bounded: FN/(TP + FN), the share of the truth left out, in [0, 1]; or its mean.
        fp_bounded: FP/(TP + FP), the share of the prediction in vain, in [0, 1]; or its mean.
    """

    iou: Doubles
    fn: Doubles
    fp: Doubles
    fn_bounded: Doubles
    fp_bounded: Doubles

    @classmethod
    def join(cls, parts: Sequence[Ratios]) -> Ratios:
        """One below the other along the first axis."""
        return cls(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)})


def ratios(
    truth: NDArray[Any],
    predicted: NDArray[Any],
    hit: NDArray[Any],
    label: Label,
    absent: Absent,
    drawable: NDArray[np.bool_] | None = None,
) -> Ratios:
    """Figures of counts.

    Args:
        truth: (..., K + 1) pixels of each class, background first; broadcast against the others.
        predicted: (..., K + 1).
        hit: (..., K + 1), true positives.
        label: a class, or None for means.
        absent: what a class with neither truth nor prediction adds to a mean IoU.
        drawable: of a resample: (K + 1,) classes that a mask of the scored images has (``bootstrap.absent_iou``).
    """
    chosen = slice(None) if label is None else slice(label, label + 1)
    truth, predicted, hit = (np.asarray(part[..., chosen], np.float64) for part in (truth, predicted, hit))
    nothing = absent_iou(absent, drawable) if label is None else np.nan
    union = truth + predicted - hit
    with np.errstate(divide="ignore", invalid="ignore"):
        iou = _mean(np.where(union > 0, hit / union, nothing))
        if label is None:
            truth, predicted, hit = truth[..., 1:], predicted[..., 1:], hit[..., 1:]
        found = np.where(hit > 0, hit, np.nan)
        bounded = (1 - hit / np.where(whole > 0, whole, np.nan) for whole in (truth, predicted))
        return Ratios(iou, _mean(truth / found - 1), _mean(predicted / found - 1), *(_mean(part) for part in bounded))


def _mean(values: Doubles) -> Doubles:
    """Mean over the last axis of what is defined; NaN where nothing is."""
    defined = ~np.isnan(values)
    return np.where(defined, values, 0).sum(axis=-1) / defined.sum(axis=-1)


@dataclass(frozen=True)
class ImageTable:
    """Counts of N images at E thresholds, ready for resampling; float32, exact below 2^24 pixels.

    Attributes:
        truth: (N, K + 1).
        predicted: (N, E, K + 1).
        hit: (N, E, K + 1).
    """

    truth: NDArray[np.float32]
    predicted: NDArray[np.float32]
    hit: NDArray[np.float32]

    @property
    def drawable(self) -> NDArray[np.bool_]:
        """(K + 1,) classes that some mask has, so that a resample can hold them."""
        return np.asarray(self.truth.any(axis=0))

    @classmethod
    def of(cls, histogram: AlphaHistogram, edges: Sequence[int] | NDArray[np.int64] = GRID) -> ImageTable:
        """The counts of a histogram at some of the ``EDGES``, ascending."""
        shape = (histogram.images, len(edges), histogram.classes + 1)
        truth, predicted, hit = np.empty((shape[0], shape[2]), np.float32), *np.empty((2, *shape), np.float32)
        for start in range(0, histogram.images, _IMAGES):
            images = slice(start, start + _IMAGES)
            along = counts_along(_part(histogram, start), edges)
            truth[images] = along.truth
            predicted[images] = along.predicted.swapaxes(0, 1)
            hit[images] = along.hit.swapaxes(0, 1)
        return cls(truth, predicted, hit)


def _part(histogram: AlphaHistogram, start: int) -> AlphaHistogram:
    starts = histogram.starts[start : start + _IMAGES + 1]
    return AlphaHistogram(histogram.classes, histogram.rows[starts[0] : starts[-1]], starts - starts[0])


def resampled(
    table: ImageTable, labels: Sequence[Label], samples: int, seed: int, absent: Absent = "zero"
) -> dict[Label, Ratios]:
    """Figures of resamples of the images, (B, E) for each label.

    The same ``seed`` and number of images give the same draws for every row and every
    checkpoint, so that differences may be taken sample by sample. Products are in 32 bits.

    Raises:
        ValueError: there is no image or no sample.
    """
    parts: dict[Label, list[Ratios]] = {label: [] for label in labels}
    for truth, predicted, hit in _sums(table, samples, seed):
        for label, found in parts.items():
            found.append(ratios(truth, predicted, hit, label, absent, table.drawable))
    return {label: Ratios.join(found) for label, found in parts.items()}


def _sums(table: ImageTable, samples: int, seed: int) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Truth (b, 1, K + 1), predicted and hit (b, E, K + 1) of blocks of resamples."""
    images, edges, width = table.hit.shape
    for weights in weight_blocks(images, samples, seed, BLOCK):
        predicted = weights @ table.predicted.reshape(images, -1)
        hit = weights @ table.hit.reshape(images, -1)
        yield (weights @ table.truth)[:, None], predicted.reshape(-1, edges, width), hit.reshape(-1, edges, width)


def best_of(iou: Doubles) -> NDArray[np.int64]:
    """Index of the best threshold of each row of (B, E), the lowest of equals; -1 where all IoU is 0 or undefined."""
    filled = np.where(np.isnan(iou), 0.0, iou)
    return np.where(filled.max(axis=-1) > 0, filled.argmax(axis=-1), -1)


def plateau(alpha: Doubles, iou: Doubles, tolerance: float = 0.01) -> tuple[float, float] | None:
    """The α-range around α* in which the IoU stays within ``tolerance`` of the best, without a gap.

    How forgiving the maps are: whoever does not know α* may miss it by that much.

    Args:
        alpha: (E,), ascending.
        iou: (E,), fractions.
        tolerance: one point by default.

    Returns:
        Its lowest and highest α; None where there is no best.
    """
    best = int(best_of(iou))
    if best < 0:
        return None
    below = np.flatnonzero(~(iou >= iou[best] - tolerance))
    left = below[below < best]
    right = below[below > best]
    low = int(left[-1]) + 1 if len(left) else 0
    high = int(right[0]) - 1 if len(right) else len(iou) - 1
    return float(alpha[low]), float(alpha[high])
