"""What triage measures on one photograph: how its maps differ between scales, between networks, and from the mask.

Without ground truth everything is measured on maps of ``SIDE`` pixels: coarse maps hold no
more, and a whole data set is measured in the time that the networks take. Only what is
compared with a mask is measured at the mask's size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ssenet.analysis.suggest import agreement
from ssenet.config import ReluOrder
from ssenet.histograms import nearest_edge
from ssenet.render import Normalisation, aggregate, normalise, winner_and_score
from ssenet.results import View
from ssenet.scores import confusion

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Coarse = Mapping[View, Floats]
SIDE = 128
"""Long side, in pixels, of the maps that are measured without ground truth."""
ALPHAS: tuple[float, ...] = tuple(n / 40 for n in range(1, 40))
"""Thresholds α at which the agreement of scales is kept: 0.025, 0.05 … 0.975."""
_AT = [nearest_edge(alpha) for alpha in ALPHAS]


@dataclass(frozen=True)
class ScaleMaps:
    """Normalised maps (Eq. 3) of k classes.

    Attributes:
        single: (S, k, h, w), a map of every scale, smallest first.
        multi: (k, h, w), all views together (MS).
    """

    single: Floats
    multi: Floats


@dataclass(frozen=True)
class ObjectFigures:
    """One class of a label map against the mask; None where a ratio has no denominator.

    Attributes:
        iou: TP / (TP + FN + FP); None where neither shows the class.
        fn_ratio: FN/TP, as in Eq. 5.
        fp_ratio: FP/TP, as in Eq. 6.
        area: share of the scored pixels that the object covers in the mask.
    """

    iou: float | None
    fn_ratio: float | None
    fp_ratio: float | None
    area: float


def small_size(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of a photograph of ``size``, brought to a long side of ``SIDE`` pixels."""
    shrink = SIDE / max(size)
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def scale_maps(
    coarse: Coarse, size: tuple[int, int], classes: Sequence[int], relu_order: ReluOrder = "fast"
) -> ScaleMaps:
    """Normalised maps of the k classes named by index, for every scale and for all together.

    Args:
        coarse: raw logits (K, h, w) by view, mirrored back.
        size: height and width of the maps.
        classes: indices into K.
        relu_order: as in ``ssenet.render.view_maps``.

    Raises:
        ValueError: there is no view.
    """
    by_scale = {scale: {v: m for v, m in coarse.items() if v.scale == scale} for scale in {v.scale for v in coarse}}
    sums = [aggregate(by_scale[scale], size, classes, relu_order) for scale in sorted(by_scale)]
    if not sums:
        raise ValueError("there is no view to measure")
    how: Normalisation = "official" if relu_order == "official" else "eq3"
    return ScaleMaps(np.stack([normalise(one, how) for one in sums]), normalise(np.sum(sums, axis=0), how))


def soft_iou(a: Floats, b: Floats) -> float | None:
    """Σ min / Σ max of two maps (h, w) in [0, 1]; None when both are 0 everywhere."""
    union = float(np.maximum(a, b).sum())
    return float(np.minimum(a, b).sum()) / union if union > 0 else None


def iou_above(a: Floats, b: Floats, alpha: float) -> float | None:
    """IoU of the pixels of two maps (h, w) that are above α, strictly; None when none is above in either."""
    threshold = np.float32(alpha)
    union = np.count_nonzero(np.maximum(a, b) > threshold)
    return np.count_nonzero(np.minimum(a, b) > threshold) / union if union else None


def inconsistency(single: Floats) -> float | None:
    """How much the maps (S, h, w) of one class differ between scales: 1 - mean soft IoU over all pairs; 0 is equal.

    A pair in which neither scale responds says nothing and is left out. None when no pair is left.
    """
    overlaps = [soft_iou(a, b) for a, b in combinations(single, 2)]
    known = [overlap for overlap in overlaps if overlap is not None]
    return 1 - float(np.mean(known)) if known else None


def agreement_at(single: Floats) -> Doubles:
    """How far the maps (S, h, w) of one class agree between scales at each of ``ALPHAS``, above chance: (G,).

    ``ssenet.analysis.suggest.agreement`` says what that is.
    """
    return agreement(single)[_AT]


def label_map(multi: Floats, classes: Sequence[int], alpha: float) -> NDArray[np.uint8]:
    """Labels (H, W) of normalised maps (k, H, W): the winning class + 1 where its score is above α, else 0.

    As in a mask, there is room for 254 classes.
    """
    winner, score = winner_and_score(multi, classes)
    return np.where(score > np.float32(alpha), winner, 0).astype(np.uint8)


def object_figures(
    truth: NDArray[np.uint8], labels: NDArray[np.uint8], classes: Sequence[int], total: int
) -> list[ObjectFigures]:
    """The figures of each class named by index.

    Args:
        truth: mask (H, W), 0 background, k + 1 class k, 255 ignored.
        labels: label map (H, W) from ``label_map``.
        classes: indices of the classes to measure.
        total: number K of classes of the mask.

    Raises:
        ValueError: the sizes differ, or a label is out of range.
    """
    counts = confusion(truth, labels, total)
    return [_figures(counts, index + 1) for index in classes]


def _figures(counts: NDArray[np.int64], label: int) -> ObjectFigures:
    hit, real, claimed = int(counts[label, label]), int(counts[label].sum()), int(counts[:, label].sum())
    union, pixels = real + claimed - hit, int(counts.sum())
    return ObjectFigures(
        iou=hit / union if union else None,
        fn_ratio=(real - hit) / hit if hit else None,
        fp_ratio=(claimed - hit) / hit if hit else None,
        area=real / pixels if pixels else 0.0,
    )
