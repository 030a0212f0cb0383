"""From score maps to pseudo-labels: pure functions. Free of torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssenet.data.base import IGNORED
from ssenet.errors import DatasetError

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]
Stacks = tuple[Floats, Floats, Floats]
MOST_CLASSES = 254
"""0 is the background and 255 stands for ignored pixels."""


def stacks(background: Floats, maps: Floats, strong: float, weak: float) -> Stacks:
    """Scores (k + 1, H, W), background first, under the plain, the strong and the weak background.

    Args:
        background: (H, W).
        maps: (k, H, W).
        strong: factor of the strong background, at least 1.
        weak: factor of the weak background, at most 1.
    """
    return (stack(background, maps), stack(background * strong, maps), stack(background * weak, maps))


def stack(background: Floats, maps: Floats) -> Floats:
    """Scores (k + 1, H, W): the background (H, W), then the maps (k, H, W)."""
    return np.concatenate([background[None], maps]).astype(np.float32)


def plain_labels(scores: Floats, classes: NDArray[np.int64]) -> Labels:
    """Labels (H, W) of the highest of (k + 1, H, W) scores; the background and then the lower index win ties.

    Args:
        scores: the background's first.
        classes: (k,) index of each further one; class c gets label c + 1.

    Raises:
        DatasetError: a class has no label below 255.
    """
    if len(classes) and max(classes) >= MOST_CLASSES:
        raise DatasetError(
            f"Labels have one byte a pixel, enough for {MOST_CLASSES} classes; there is a class {max(classes)}."
        )
    table = np.concatenate([[0], np.asarray(classes, np.int64) + 1]).astype(np.uint8)
    return table[scores.argmax(axis=0)]


def confident_labels(strong: Floats, weak: Floats, classes: NDArray[np.int64]) -> Labels:
    """Labels (H, W) where they are clear, 255 elsewhere.

    Background is what is background even under the weak background, a class is what is
    that class even under the strong one. Where scores refined by a CRF say both, it is
    background, as in AffinityNet's labels.

    Args:
        strong: scores (k + 1, H, W) under the strong background.
        weak: under the weak background.
        classes: (k,), as for ``plain_labels``.
    """
    labels = plain_labels(strong, classes)
    labels[labels == 0] = IGNORED
    labels[weak.argmax(axis=0) == 0] = 0
    return labels


def pseudo_labels(
    background: Floats, maps: Floats, classes: NDArray[np.int64], strong: float = 1, weak: float = 1
) -> Labels:
    """Pseudo-labels (H, W): 0 background, k + 1 class k, 255 unclear. With strong = weak = 1 nothing is unclear.

    Args:
        background: (H, W).
        maps: (k, H, W) of the classes that may be there.
        classes: (k,) indices.
        strong: a class must beat the background score times this.
        weak: the background score times this must beat every class.
    """
    _, confident_class, confident_background = stacks(background, maps, strong, weak)
    return confident_labels(confident_class, confident_background, classes)
