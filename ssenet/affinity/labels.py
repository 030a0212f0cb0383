"""Affinity labels from CRF scores under a strong and a weak background (Ahn and Kwak 2018). Free of torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssenet.data.base import IGNORED
from ssenet.errors import DatasetError

NO_SCORE = 1e-5
"""A cell whose scores are all below this lies in the padding of a crop."""


def cells(side: int, stride: int) -> int:
    """Cells that cover ``side`` pixels."""
    return -(-side // stride)


def average_pool(maps: NDArray[np.floating], stride: int) -> NDArray[np.float32]:
    """Means (c, h, w) over stride × stride pixels of maps (c, H, W), padded with zeros at the bottom and right."""
    count, height, width = maps.shape
    rows, columns = cells(height, stride), cells(width, stride)
    padded = np.zeros((count, rows * stride, columns * stride), np.float32)
    padded[:, :height, :width] = maps
    return padded.reshape(count, rows, stride, columns, stride).mean(axis=(2, 4))


def affinity_labels(
    low: NDArray[np.floating], high: NDArray[np.floating], classes: NDArray[np.int64], stride: int
) -> NDArray[np.int64]:
    """Label of every cell, from which pairs of cells are labelled.

    A cell is of a class where that class wins against the strong background, and background
    where the background wins against the weak one; between the two it is ignored.

    Args:
        low: (k + 1, H, W) scores under the strong background (low α), the background first.
        high: (k + 1, H, W) scores under the weak background (high α), the background first.
        classes: (k,) index of the class at each position after the background.
        stride: pixels a cell.

    Returns:
        (h, w): 0 background, k + 1 class k, 255 ignored.

    Raises:
        DatasetError: the arrays do not belong together, or a class has no label below 255.
    """
    if low.shape != high.shape or len(low) != len(classes) + 1:
        raise DatasetError(f"CRF scores of shapes {low.shape} and {high.shape} for {len(classes)} classes.")
    names = np.concatenate([[0], np.asarray(classes, np.int64) + 1])
    if names.max() >= IGNORED:
        raise DatasetError(f"Class {names.max() - 1} has no label: labels go up to {IGNORED - 1}.")
    strong, weak = average_pool(low, stride), average_pool(high, stride)
    winner = names[strong.argmax(axis=0)]
    labels = np.where(winner == 0, IGNORED, winner)
    labels[weak.argmax(axis=0) == 0] = 0
    labels[np.maximum(strong.max(axis=0), weak.max(axis=0)) < NO_SCORE] = IGNORED
    return labels
