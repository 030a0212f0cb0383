"""How well the map of one photograph covers its object, scale by scale. Free of torch.

The ratios are those of Eqs. 5 and 6 for one photograph and one class: FP/TP says how much background the map
covers, FN/TP how much of the object it leaves out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ssenet.data.base import IGNORED
from ssenet.histograms import EDGES
from ssenet.render import aggregate, normalise
from ssenet.results import MULTI_SCALE, View

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Coverage:
    """Pixels of one map at one α: of the object and covered, not of it and covered, of it and left out."""

    tp: int
    fp: int
    fn: int

    @property
    def over(self) -> float | None:
        """FP/TP; None without a true positive."""
        return self.fp / self.tp if self.tp else None

    @property
    def under(self) -> float | None:
        """FN/TP; None without a true positive."""
        return self.fn / self.tp if self.tp else None

    @property
    def iou(self) -> float | None:
        """TP/(TP + FP + FN); None when nothing is covered and nothing is there."""
        union = self.tp + self.fp + self.fn
        return self.tp / union if union else None

    @property
    def over_covers(self) -> bool:
        """Whether it covers more background than it leaves out of the object."""
        return self.fp > self.fn


def mean_map(coarse: Mapping[View, Floats], size: tuple[int, int], index: int, scales: Collection[float]) -> Floats:
    """Mean over the views of ``scales`` of one class's ReLU'd, upsampled maps: (H, W), not normalised.

    The mean, so that a maximum shared by several maps compares single scales with their sum fairly; Eq. 3 does not
    see the difference.

    Raises:
        ValueError: a scale has no view.
    """
    views = {view: maps for view, maps in coarse.items() if view.scale in scales}
    if not views or {view.scale for view in views} != set(scales):
        raise ValueError(f"there are no maps of all scales {sorted(scales)}")
    mean: Floats = aggregate(views, size, [index])[0] / np.float32(len(views))
    return mean


def score_maps(
    coarse: Mapping[View, Floats], size: tuple[int, int], index: int, scales: Collection[float]
) -> dict[str, Floats]:
    """Eq. 3 maps (H, W) of one class by row: each scale, and with more than one all together (MS).

    Args:
        coarse: raw coarse logits (K, h, w) by view.
        size: (H, W) of the photograph.
        index: of the class.
        scales: the rows; one without a view is left out, and with it MS.
    """
    there = sorted({view.scale for view in coarse} & set(scales))
    chosen: list[tuple[str, Collection[float]]] = [(f"{scale:g}", [scale]) for scale in there]
    if len(there) > 1 and set(there) == set(scales):
        chosen.append((MULTI_SCALE, there))
    return {row: normalise(mean_map(coarse, size, index, views)[None])[0] for row, views in chosen}


def coverage(score: Floats, mask: Labels, label: int, alpha: float) -> Coverage:
    """Count the pixels of one class.

    Args:
        score: (H, W) normalised map; foreground where it is above ``alpha``, strictly.
        mask: (H, W) ground truth, 0 background, 255 ignored: such pixels count for nothing.
        label: of the class in ``mask``. Pixels of another class are background to this one.
        alpha: threshold.

    Raises:
        ValueError: map and mask differ in size.
    """
    if score.shape != mask.shape:
        raise ValueError(f"a map of {score.shape} cannot be compared with a mask of {mask.shape}")
    known = mask != IGNORED
    covered = (score > np.float32(alpha)) & known
    is_object = (mask == label) & known
    tp = int(np.count_nonzero(covered & is_object))
    return Coverage(tp, int(np.count_nonzero(covered)) - tp, int(np.count_nonzero(is_object)) - tp)


@dataclass(frozen=True)
class Balance:
    """Where over-covering ends when the photograph grows.

    ``scale`` is the smallest scale from which on, up to the largest, a map covers no more background than it leaves
    out of the object (FP ≤ FN). It is None when that is so of no scale (``always``: the largest over-covers) and of
    every scale (``never`` one over-covers).
    """

    over_covers: Literal["until", "always", "never"]
    scale: float | None = None


def balance(by_scale: Mapping[float, Coverage]) -> Balance:
    """The balance scale of one checkpoint's single scales.

    Raises:
        ValueError: there is no scale.
    """
    if not by_scale:
        raise ValueError("a balance needs a scale")
    over = [scale for scale in sorted(by_scale) if by_scale[scale].over_covers]
    if not over:
        return Balance("never")
    later = [scale for scale in sorted(by_scale) if scale > over[-1]]
    return Balance("until", later[0]) if later else Balance("always")


def best_alpha(score: Floats, mask: Labels, label: int) -> tuple[float, float] | None:
    """The α of ``EDGES`` whose foreground has the highest IoU with the object, and that IoU.

    It is an oracle: it knows the mask. Of several best values the one nearest to the middle of them is taken. None
    when the class is not in the mask, or no threshold touches it.

    Raises:
        ValueError: map and mask differ in size.
    """
    if score.shape != mask.shape:
        raise ValueError(f"a map of {score.shape} cannot be compared with a mask of {mask.shape}")
    known = mask != IGNORED
    is_object = mask[known] == label
    # The number of edges below a score: it is foreground at exactly those.
    bins = np.searchsorted(EDGES, score[known].astype(np.float32), side="left")
    covered, hits = (_at_every_edge(values) for values in (bins, bins[is_object]))
    iou = hits / np.maximum(covered + np.count_nonzero(is_object) - hits, 1)
    if not iou.max() > 0:
        return None
    best = np.flatnonzero(iou == iou.max())
    chosen = int(best[np.abs(EDGES[best] - EDGES[best].mean()).argmin()])
    return float(EDGES[chosen]), float(iou[chosen])


def _at_every_edge(bins: NDArray[np.int64]) -> NDArray[np.int64]:
    counts = np.bincount(bins, minlength=EDGES.size + 1)
    above: NDArray[np.int64] = np.cumsum(counts[::-1])[::-1][1:]
    return above
