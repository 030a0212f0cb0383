"""From raw coarse logits to pictures, in numpy: upsample, aggregate, normalise, colour. Free of torch.

Everything a viewer changes (class, α, colours, which views) happens here, without the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ssenet.config import ReluOrder
from ssenet.results import View

Floats = NDArray[np.float32]
Normalisation = Literal["eq3", "official", "minmax", "shared", "none"]
EPSILON = np.float32(1e-5)
"""ε of Eq. 3."""


@lru_cache(maxsize=256)
def _weights(source: int, target: int) -> Floats:
    """(target, source) matrix of bilinear interpolation along one axis, ``align_corners=False``."""
    centre = np.maximum((np.arange(target) + 0.5) * (source / target) - 0.5, 0)
    low = np.minimum(centre.astype(np.int64), source - 1)
    high = np.minimum(low + 1, source - 1)
    fraction = (centre - low).astype(np.float32)
    matrix = np.zeros((target, source), np.float32)
    rows = np.arange(target)
    np.add.at(matrix, (rows, low), 1 - fraction)
    np.add.at(matrix, (rows, high), fraction)
    matrix.setflags(write=False)
    return matrix


def upsample(maps: Floats, size: tuple[int, int]) -> Floats:
    """Bilinear interpolation of (K, h, w) to (K, *size), equal to torch's ``align_corners=False``.

    Interpolation is separable, so it is two small matrix products.
    """
    rows, columns = _weights(maps.shape[1], size[0]), _weights(maps.shape[2], size[1])
    return np.matmul(np.matmul(rows, maps.astype(np.float32, copy=False)), columns.T)


def view_maps(
    coarse: Floats, size: tuple[int, int], relu_order: ReluOrder = "fast", scaled: tuple[int, int] | None = None
) -> Floats:
    """ReLU'd maps (k, H, W) of one view from its raw coarse logits (k, h, w).

    Args:
        coarse: raw logits, already mirrored back.
        size: height and width of the photograph.
        relu_order: ``official`` goes through the scaled input size, as released.
        scaled: that input size; needed by ``official``.

    Raises:
        ValueError: ``official`` without ``scaled``.
    """
    if relu_order == "fast":
        return np.maximum(upsample(coarse, size), 0)
    if scaled is None:
        raise ValueError("the official order of operations needs the size of the scaled input")
    return upsample(np.maximum(upsample(coarse, scaled), 0), size)


def scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Height and width of the scaled input as released: rounded half to even, at least one pixel."""
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def aggregate(
    coarse: Mapping[View, Floats],
    size: tuple[int, int],
    classes: Sequence[int],
    relu_order: ReluOrder = "fast",
) -> Floats:
    """Sum of the ReLU'd maps of all views, (k, H, W) for the k classes named by index.

    Raises:
        ValueError: there is no view.
    """
    if not coarse:
        raise ValueError("there is no view to aggregate")
    chosen = list(classes)
    total = np.zeros((len(chosen), *size), np.float32)
    for view, maps in coarse.items():
        total += view_maps(maps[chosen].astype(np.float32), size, relu_order, scaled_size(size, view.scale))
    return total


def normalise(maps: Floats, how: Normalisation = "eq3") -> Floats:
    """Bring ReLU'd maps (k, H, W) to a common range.

    ``eq3``: ReLU(y - ε) / (max y + ε) per map. ``official``: y / (max y + ε) per map, as
    the released inference does. ``minmax``: per map. ``shared``: one maximum for all maps.
    ``none``: unchanged.
    """
    if how == "none" or maps.size == 0:
        return maps
    if how == "shared":
        return maps / (maps.max() + EPSILON)
    peak = maps.max(axis=(1, 2), keepdims=True)
    if how == "minmax":
        low = maps.min(axis=(1, 2), keepdims=True)
        return (maps - low) / (peak - low + EPSILON)
    kept = np.maximum(maps - EPSILON, 0) if how == "eq3" else maps
    return kept / (peak + EPSILON)


def winner_and_score(maps: Floats, classes: Sequence[int]) -> tuple[NDArray[np.int64], Floats]:
    """Winning class 1..K (index + 1) and its score, both (H, W), of normalised maps (k, H, W).

    Without any class, class 1 wins with score 0, which is background at every α.
    """
    if not len(classes):
        shape = maps.shape[1:]
        return np.ones(shape, np.int64), np.zeros(shape, np.float32)
    best = maps.argmax(axis=0)
    score = np.take_along_axis(maps, best[None], axis=0)[0]
    return np.asarray(classes, np.int64)[best] + 1, score


def class_scores(coarse: Mapping[View, Floats], *, exclusive: bool = False) -> Floats:
    """Probability (K,) of each class: global average pooling at the scale nearest to 1.

    Args:
        coarse: raw logits by view.
        exclusive: softmax over classes (a single-label classifier) instead of sigmoid.
    """
    nearest = min(coarse, key=lambda view: (abs(np.log(view.scale)), view.flip))
    same = [maps for view, maps in coarse.items() if view.scale == nearest.scale]
    logits = np.mean([maps.astype(np.float32).mean(axis=(1, 2)) for maps in same], axis=0)
    if exclusive:
        exponentials = np.exp(logits - logits.max())
        return exponentials / exponentials.sum()
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def predicted(scores: Floats, *, exclusive: bool = False) -> list[int]:
    """Classes that the network says are there, best first; none when all are unlikely.

    A multi-label network says so above one half; a single-label classifier above one
    tenth, since it splits its probability among near synonyms.
    """
    order = np.argsort(-scores, kind="stable")
    return [int(k) for k in order if scores[k] > (0.1 if exclusive else 0.5)]


def scale_consistency(coarse: Mapping[View, Floats], size: tuple[int, int], index: int) -> float | None:
    """How equal the Eq. 3 maps of one class are over all pairs of scales: mean soft IoU, 1 is equal.

    The soft IoU of two maps is Σ min / Σ max. None when there are fewer than two scales,
    or no scale responds to the class.
    """
    maps = []
    for scale in sorted({view.scale for view in coarse}):
        views = {view: m for view, m in coarse.items() if view.scale == scale}
        maps.append(normalise(aggregate(views, size, [index]))[0])
    pairs = [(a, b) for i, a in enumerate(maps) for b in maps[i + 1 :]]
    unions = [(float(np.minimum(a, b).sum()), float(np.maximum(a, b).sum())) for a, b in pairs]
    ratios = [low / high for low, high in unions if high > 0]
    return float(np.mean(ratios)) if ratios else None


def colormaps() -> tuple[str, ...]:
    """Names of the colour maps; all but jet are even in lightness and safe for colour-blind readers."""
    return ("inferno", "viridis", "cividis", "magma", "jet")


@cache
def colormap(name: str) -> NDArray[np.uint8]:
    """Look-up table (256, 3) of RGB.

    Raises:
        ValueError: unknown name.
    """
    if name not in colormaps():
        raise ValueError(f"there is no colour map {name!r}; choose one of {', '.join(colormaps())}")
    from plotly.colors import get_colorscale, sample_colorscale

    if name == "jet":
        return _jet()
    colours = sample_colorscale(get_colorscale(name), [i / 255 for i in range(256)], colortype="tuple")
    return np.clip(np.round(np.asarray(colours) * 255), 0, 255).astype(np.uint8)


def _jet() -> NDArray[np.uint8]:
    # Four-segment definition; plotly's own "jet" has only five anchors and looks different.
    x = np.arange(256) / 255
    channels = [np.clip(1.5 - np.abs(4 * x - centre), 0, 1) for centre in (3, 2, 1)]
    return np.round(np.stack(channels, axis=1) * 255).astype(np.uint8)


def contour(mask: NDArray[np.bool_], width: int = 1) -> NDArray[np.bool_]:
    """Pixels (H, W) just inside the border of ``mask``, ``width`` pixels thick."""
    inner = mask.copy()
    for _ in range(width):
        padded = np.pad(inner, 1, constant_values=True)
        inner = inner & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def overlay(
    image: NDArray[np.uint8],
    score: Floats,
    *,
    colours: str = "inferno",
    opacity: float = 0.6,
    alpha: float | None = None,
    line: int | None = None,
) -> NDArray[np.uint8]:
    """Colour a normalised map (H, W) over its photograph (H, W, 3); the α contour is drawn when given.

    Args:
        image: photograph.
        score: normalised map; values outside [0, 1] are clipped.
        colours: one of ``colormaps()``.
        opacity: of the map, 0 to 1.
        alpha: threshold of the contour.
        line: its width in pixels; None fits it to the size.
    """
    table = colormap(colours)
    levels = np.clip(np.round(score * 255), 0, 255).astype(np.uint8)
    mixed = image.astype(np.float32) * (1 - opacity) + table[levels].astype(np.float32) * opacity
    out = np.clip(np.round(mixed), 0, 255).astype(np.uint8)
    if alpha is not None:
        thickness = line or max(1, round(max(score.shape) / 300))
        inside = score > np.float32(alpha)
        out[contour(inside, 2 * thickness)] = 0
        out[contour(inside, thickness)] = 255
    return out
