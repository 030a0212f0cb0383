"""Does it depend on an object's size how its map fits, and which α fits it best? Free of torch.

The paper says that maps of large objects shrink to their most telling part while those of small ones spread over the
background, so that the best α falls with size. An *object* is here the region of one class in one photograph: masks are
semantic and do not tell two birds apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssenet.histograms import EDGES, AlphaHistogram, nearest_edge

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
SIZES = ("small", "medium", "large")


@dataclass(frozen=True)
class Objects:
    """The n objects of a histogram, in the order of its images and of the classes in each; all arrays (n,).

    Attributes:
        image: index of the photograph.
        label: class 1..K.
        area: pixels of the object over all pixels of its photograph that are not 255.
        truth: pixels of the object.
        predicted: pixels of its photograph that are labelled with its class at α.
        hit: both.
        best_alpha: α of the highest IoU, the lowest such α when several tie; NaN where no α hits the object.
        best_iou: that IoU.
    """

    image: Integers
    label: Integers
    area: Doubles
    truth: Integers
    predicted: Integers
    hit: Integers
    best_alpha: Doubles
    best_iou: Doubles

    @property
    def iou(self) -> Doubles:
        """IoU (n,) at α."""
        return np.asarray(self.hit / (self.truth + self.predicted - self.hit))

    @property
    def fn_ratio(self) -> Doubles:
        """FN/TP (n,) at α; NaN where TP = 0."""
        return self._ratio(self.truth - self.hit)

    @property
    def fp_ratio(self) -> Doubles:
        """FP/TP (n,) at α; NaN where TP = 0."""
        return self._ratio(self.predicted - self.hit)

    def _ratio(self, wrong: Integers) -> Doubles:
        return np.divide(wrong, self.hit, out=np.full(len(wrong), np.nan), where=self.hit > 0)


def objects_of(histogram: AlphaHistogram, alpha: float) -> Objects:
    """Every object of the scored photographs, at the edge nearest to ``alpha`` and at its own best α."""
    edge = nearest_edge(alpha)
    found = [
        (image, *one)
        for image in range(histogram.images)
        for one in _of_image(histogram.rows[histogram.starts[image] : histogram.starts[image + 1]], edge)
    ]
    columns = np.array(found, np.float64).reshape(len(found), 8).T
    image, label, truth, predicted, hit = (column.astype(np.int64) for column in columns[[0, 1, 3, 4, 5]])
    return Objects(image, label, columns[2], truth, predicted, hit, columns[6], columns[7])


def _of_image(rows: NDArray[np.int32], edge: int) -> list[tuple[float, ...]]:
    """(label, area, truth, predicted, hit, best α, best IoU) of each object of one photograph."""
    gt, winner, bins, count = rows.T
    pixels = int(count.sum())
    out: list[tuple[float, ...]] = []
    for label in np.unique(gt[gt > 0]):
        chosen = winner == label
        predicted = _above(bins[chosen], count[chosen])
        both = chosen & (gt == label)
        hit = _above(bins[both], count[both])
        truth = int(count[gt == label].sum())
        iou = hit / (truth + predicted - hit)
        best = int(iou.argmax())
        own = (float(EDGES[best]), float(iou[best])) if iou[best] > 0 else (np.nan, 0.0)
        out.append((int(label), truth / pixels, truth, predicted[edge], hit[edge], *own))
    return out


def _above(bins: NDArray[np.int32], count: NDArray[np.int32]) -> Doubles:
    """Pixels (E,) whose bin is above each edge."""
    table = np.bincount(bins, count, len(EDGES) + 1)
    return np.asarray(table.sum() - np.cumsum(table)[:-1])


def thirds(area: Doubles) -> tuple[float, float]:
    """Limits between small, medium and large that leave a third of the objects in each.

    Raises:
        ValueError: there is no object.
    """
    if not len(area):
        raise ValueError("without any object there are no thirds")
    low, high = np.quantile(area, [1 / 3, 2 / 3])
    return float(low), float(high)


def sizes(area: Doubles, limits: tuple[float, float]) -> Integers:
    """(n,) 0 small: area ≤ the first limit, 1 medium: ≤ the second, 2 large."""
    return np.searchsorted(np.asarray(limits), area, side="left")
