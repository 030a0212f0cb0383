"""Where the labels at an α are right, where they cover in vain, and where they leave out. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ssenet.render import winner_and_score

TP, FP, FN = (0, 158, 115), (213, 94, 0), (240, 228, 66)
"""Okabe and Ito's green, vermilion and yellow, as the CAM canvas has them: told apart by colour-blind readers."""
Labels = NDArray[np.uint8]


def labels_at(maps: NDArray[np.float32], classes: Sequence[int], alpha: float) -> Labels:
    """Labels (H, W) of normalised maps (k, H, W): the winning class, index + 1, where its score > α; else 0."""
    winner, score = winner_and_score(maps, classes)
    return np.where(score > np.float32(alpha), winner, 0).astype(np.uint8)


def error_map(
    photograph: NDArray[np.uint8], truth: Labels, labels: Labels, label: int | None = None, opacity: float = 0.6
) -> NDArray[np.uint8]:
    """Hits, over-covered and left-out pixels coloured over a gray photograph (H, W, 3).

    Args:
        photograph: (H, W, 3) RGB.
        truth: (H, W), 255 ignored.
        labels: (H, W) of the maps.
        label: a class, 0 for the background; None means all objects, where a pixel of another
            object than the truth's counts as left out.
        opacity: of the colours.
    """
    valid = truth != 255
    if label is None:
        hit = valid & (truth > 0) & (labels == truth)
        left_out = valid & (truth > 0) & ~hit
        in_vain = valid & (truth == 0) & (labels > 0)
    else:
        hit, left_out = valid & (truth == label) & (labels == label), valid & (truth == label) & (labels != label)
        in_vain = valid & (truth != label) & (labels == label)
    gray = np.repeat(photograph.mean(axis=2, keepdims=True), 3, axis=2)
    for mask, colour in ((hit, TP), (in_vain, FP), (left_out, FN)):
        gray[mask] = (1 - opacity) * gray[mask] + opacity * np.array(colour)
    return np.clip(np.round(gray), 0, 255).astype(np.uint8)
