"""Counts of single images at any α, and what they say about each image. Free of torch.

All of it comes from an ``AlphaHistogram``, which keeps its rows image by image, and is exact: the sums over the images
are the counts that ``ssenet.curves`` divides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ssenet.histograms import AlphaHistogram, nearest_edge

Integers = NDArray[np.int64]
Order = Literal["worst", "best", "fn", "fp"]
"""How images are ranked: by IoU from below or from above, by pixels left out, by pixels covered in vain."""
ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass(frozen=True)
class ImageCounts:
    """Pixels of each class in each image at one α; all (N, K + 1), background first.

    Attributes:
        truth: pixels of the class in the mask.
        predicted: pixels labelled with it.
        hit: both, the true positives.
    """

    truth: Integers
    predicted: Integers
    hit: Integers


@dataclass(frozen=True)
class CountsAlong:
    """Pixels of each class in each image at E of the ``EDGES``.

    Attributes:
        truth: (N, K + 1), background first; the same at every α.
        predicted: (E, N, K + 1).
        hit: (E, N, K + 1).
    """

    truth: Integers
    predicted: Integers
    hit: Integers


def image_counts(histogram: AlphaHistogram, alpha: float) -> ImageCounts:
    """Exact counts of every image at the edge nearest to ``alpha``."""
    along = counts_along(histogram, [nearest_edge(alpha)])
    return ImageCounts(along.truth, along.predicted[0], along.hit[0])


def counts_along(histogram: AlphaHistogram, edges: Sequence[int] | Integers) -> CountsAlong:
    """Exact counts of every image at several edges, from one pass over the rows.

    A pixel in bin b is foreground at edge j exactly when b > j, so a row counts at the first
    ``t`` of the ascending edges, t being how many of them lie below its bin; sums from above
    over t give the counts of every edge. Takes about 40 · E · N · (K + 1) bytes for a while.

    Args:
        histogram: of N images and K classes.
        edges: indices into ``EDGES``, strictly ascending.

    Raises:
        ValueError: they are not ascending.
    """
    ascending = np.asarray(edges, np.int64)
    if ascending.ndim != 1 or (np.diff(ascending) <= 0).any():
        raise ValueError("the edges must be indices in strictly ascending order")
    image = np.repeat(np.arange(histogram.images), np.diff(histogram.starts))
    gt, winner, bins, count = histogram.rows.T.astype(np.int64)
    at = np.searchsorted(ascending, bins, side="left")
    shape = (histogram.images, histogram.classes + 1, len(ascending) + 1)
    truth = _summed((image, gt), count, shape[:2])
    foreground = _from_above(_summed((image, winner, at), count, shape))
    correct = gt == winner
    hit = _from_above(_summed((image[correct], winner[correct], at[correct]), count[correct], shape))
    empty = gt == 0
    covered = _from_above(_summed((image[empty], at[empty]), count[empty], (shape[0], shape[2])))
    foreground[..., 0] = truth.sum(axis=1) - foreground.sum(axis=2)
    hit[..., 0] = truth[:, 0] - covered
    return CountsAlong(truth, foreground, hit)


def _summed(where: tuple[Integers, ...], count: Integers, shape: tuple[int, ...]) -> Integers:
    """Sum of ``count`` at each index. Floats of 64 bits hold these integers exactly."""
    flat = np.ravel_multi_index(where, shape)
    return np.bincount(flat, count, int(np.prod(shape))).astype(np.int64).reshape(shape)


def _from_above(table: Integers) -> Integers:
    """(..., E + 1) by how many edges lie below, to (E, ...) at each edge."""
    above = np.flip(np.cumsum(np.flip(table, axis=-1), axis=-1), axis=-1)[..., 1:]
    return np.ascontiguousarray(np.moveaxis(above, -1, 0))


@dataclass(frozen=True)
class ImageRows:
    """What the counts say about each image; all (N,).

    Attributes:
        iou: NaN where undefined.
        fn: pixels left out, truth without a hit.
        fp: pixels covered in vain.
        truth: pixels of the mask.
        pixels: all pixels that were scored, background included, 255 left out.
    """

    iou: NDArray[np.float64]
    fn: Integers
    fp: Integers
    truth: Integers
    pixels: Integers

    @property
    def undefined(self) -> int:
        """Images that have no IoU, and no place in a ranking."""
        return int(np.isnan(self.iou).sum())


def image_rows(counts: ImageCounts, label: int | None = None) -> ImageRows:
    """IoU, left-out and over-covered pixels of each image.

    Args:
        counts: of N images.
        label: a class, 0 for the background; its IoU is undefined where the image has neither
            truth nor prediction of it. None means the objects: the mean IoU over the foreground
            classes in the mask (undefined where there is none), and pixels summed over all
            foreground classes.
    """
    chosen = slice(1, None) if label is None else slice(label, label + 1)
    truth, predicted, hit = (part[:, chosen] for part in (counts.truth, counts.predicted, counts.hit))
    union = truth + predicted - hit
    counted = truth > 0 if label is None else union > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        iou = np.where(counted, hit / union, 0).sum(axis=1) / counted.sum(axis=1)
    left_out, in_vain = (truth - hit).sum(axis=1), (predicted - hit).sum(axis=1)
    return ImageRows(iou, left_out, in_vain, truth.sum(axis=1), counts.truth.sum(axis=1))


def ranked(rows: ImageRows, order: Order = "worst") -> Integers:
    """Images with a defined IoU, in the order asked for; equals keep their order.

    Left-out and over-covered pixels are ranked as shares of the image, since images differ in size.
    """
    pixels = np.maximum(rows.pixels, 1)
    keys = {"worst": rows.iou, "best": -rows.iou, "fn": -rows.fn / pixels, "fp": -rows.fp / pixels}
    order_of_all = np.argsort(keys[order], kind="stable")
    return order_of_all[~np.isnan(rows.iou[order_of_all])]
