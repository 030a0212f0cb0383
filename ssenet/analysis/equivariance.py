"""How far a CAM network is from Eq. 2's f(Ax) = A f(x) on one photograph (Figs. 1 and 2). Free of torch.

Nothing here needs ground truth. All figures are taken on one grid, whatever the resolution of the maps, so that
they mean the same on a page, over HTTP and in a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ssenet.analysis.warp import mirrored, unwarp_maps, valid, warp_maps
from ssenet.render import class_scores, normalise, predicted, upsample
from ssenet.results import View

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Coarse = Mapping[View, Floats]
Matrix = tuple[tuple[float | None, ...], ...]

PLAIN = View(scale=1)
"""The view of f(x)."""
MEASURED_SIDE = 256
"""Long side of the grid on which figures are taken, in pixels: finer than the cells of any map that is compared."""


class ClassError(BaseModel):
    """How much of one class's map does not follow the photograph, on the valid area in the frame of Ax."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    score: float = Field(description="Probability of the class for the photograph itself.")
    error: float | None = Field(
        ge=0,
        le=1,
        description="1 - Σ min / Σ max of the Eq. 3 maps of f(Ax) and A f(x) (one minus their soft IoU): 0 when they "
        "are equal, 1 when nothing of them coincides. Undefined when neither responds.",
    )
    difference: float | None = Field(
        ge=0, le=1, description="Mean |f(Ax) - A f(x)| of the Eq. 3 maps. Undefined when neither responds."
    )
    raw: float | None = Field(ge=0, description="Mean |f(Ax) - A f(x)| of the raw logits, as in Eq. 2, in logits.")


class ScaleMatrices(BaseModel):
    """One class's Eq. 3 maps at every scale against those at every other; all three are symmetric."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    distance: Matrix = Field(description="Mean |a - b|, 0 to 1.")
    correlation: Matrix = Field(description="Pearson's, -1 to 1. Undefined with a map that is constant.")
    iou: Matrix = Field(description="IoU of the pixels above α, 0 to 1. Undefined when there is none in either map.")


class Equivariance(BaseModel):
    """What is measured of one network on one photograph."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    view: View = Field(description="A.")
    transformation: str = Field(description="A in words.")
    alpha: float
    size: tuple[int, int] = Field(description="(H, W) of the grid that figures are taken on.")
    valid_area: float = Field(description="Share of the frame of Ax whose source lies wholly inside the photograph.")
    scales: tuple[float, ...] = Field(description="Rows and columns of the matrices.")
    errors: tuple[ClassError, ...]
    matrices: tuple[ScaleMatrices, ...]


@dataclass(frozen=True)
class Compared:
    """One class's raw maps (H, W) of a photograph x and of Ax.

    Attributes:
        plain: f(x).
        direct: f(Ax), in the frame of Ax.
        moved: A f(x), in the frame of Ax.
        back: A⁻¹ f(Ax), in the frame of x.
        valid: where A f(x) comes wholly from inside, in the frame of Ax.
        valid_back: where A⁻¹ f(Ax) does, in the frame of x.
    """

    plain: Floats
    direct: Floats
    moved: Floats
    back: Floats
    valid: Mask
    valid_back: Mask

    @property
    def raw(self) -> Floats:
        """|f(Ax) - A f(x)| of the raw logits, zero outside the valid area."""
        return np.abs(self.direct - self.moved) * self.valid

    @property
    def normalised(self) -> tuple[Floats, Floats]:
        """Eq. 3 maps of f(Ax) and A f(x), their maxima taken on the valid area; zero outside, as in SER."""
        pair = np.maximum(np.stack([self.direct, self.moved]), 0) * self.valid
        direct, moved = normalise(pair)
        return direct, moved

    @property
    def difference(self) -> Floats:
        """|f(Ax) - A f(x)| of the Eq. 3 maps, zero outside the valid area."""
        direct, moved = self.normalised
        return np.abs(direct - moved)


def measured_size(size: tuple[int, int]) -> tuple[int, int]:
    """The grid for a photograph of (H, W)."""
    ratio = MEASURED_SIDE / max(size)
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def views_needed(view: View, scales: Sequence[float]) -> tuple[View, ...]:
    """All that must be computed: x, Ax, and x at every scale of the matrices; the cheapest first."""
    wanted = {PLAIN, view, *(View(scale=scale) for scale in scales)}
    return tuple(sorted(wanted, key=lambda one: (one.scale, one.name)))


def transformation(view: View) -> str:
    """A in words, such as ``scale 0.5, mirrored``."""
    parts = [f"scale {view.scale:g}"] if view.scale != 1 else []
    if view.rotation:
        parts.append(f"rotated {abs(view.rotation):g}° {'counter-clockwise' if view.rotation > 0 else 'clockwise'}")
    for value, ways in ((view.shift_x, ("right", "left")), (view.shift_y, ("down", "up"))):
        if value:
            parts.append(f"shifted {100 * abs(value):g} % {ways[value < 0]}")
    return ", ".join([*parts, *(["mirrored"] if view.flip else [])]) or "none: the photograph itself"


def compare(plain: Floats, seen: Floats, view: View, size: tuple[int, int]) -> Compared:
    """Bring raw coarse logits (h, w) of one class for x and for Ax together at ``size``.

    Args:
        plain: those of the view ``PLAIN``.
        seen: those of ``view``, as a network gives them (turned and shifted, mirrored back).
        view: A.
        size: (H, W) of the result.
    """
    straight = upsample(plain[None], size)
    kept = upsample(seen[None], size)
    return Compared(
        plain=straight[0],
        direct=mirrored(kept, view)[0],
        moved=mirrored(warp_maps(straight, view), view)[0],
        back=unwarp_maps(kept, view)[0],
        valid=mirrored(valid(view, size), view),
        valid_back=valid(view, size, inverse=True),
    )


def class_error(compared: Compared, name: str, score: float) -> ClassError:
    """The figures of one class."""
    area = compared.valid
    direct, moved = (one[area] for one in compared.normalised)
    union = float(np.maximum(direct, moved).sum(dtype=np.float64))
    shared = float(np.minimum(direct, moved).sum(dtype=np.float64))
    return ClassError(
        name=name,
        score=score,
        error=1 - shared / union if union else None,
        difference=float(np.abs(direct - moved).mean(dtype=np.float64)) if union else None,
        raw=float(compared.raw[area].mean(dtype=np.float64)) if area.any() else None,
    )


def scale_matrices(maps: Sequence[Floats], name: str, alpha: float) -> ScaleMatrices:
    """Distance, correlation and IoU at α of Eq. 3 maps (H, W) of one class, one a scale."""
    flat = np.stack([one.ravel() for one in maps]).astype(np.float64)
    above = flat > np.float32(alpha)
    n = range(len(flat))
    return ScaleMatrices(
        name=name,
        distance=tuple(tuple(float(np.abs(flat[i] - flat[j]).mean()) for j in n) for i in n),
        correlation=tuple(tuple(_correlation(flat[i], flat[j]) for j in n) for i in n),
        iou=tuple(tuple(_iou(above[i], above[j]) for j in n) for i in n),
    )


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.clip(a @ b / norm, -1, 1)) if norm else None


def _iou(a: Mask, b: Mask) -> float | None:
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else None


def default_classes(coarse: Coarse, *, exclusive: bool = False) -> list[int]:
    """Classes that are predicted for the photograph itself, best first; its best guess when there is none."""
    scores = class_scores({PLAIN: coarse[PLAIN]}, exclusive=exclusive)
    return predicted(scores, exclusive=exclusive) or [int(scores.argmax())]


def measure(
    coarse: Coarse,
    view: View,
    names: Sequence[str],
    photograph: tuple[int, int],
    *,
    alpha: float,
    scales: Sequence[float] = (),
    classes: Sequence[int] | None = None,
    exclusive: bool = False,
) -> Equivariance:
    """Everything that is reported of one network on one photograph.

    Args:
        coarse: raw coarse logits (K, h, w) of all ``views_needed``.
        view: A.
        names: of the K classes.
        photograph: (H, W), for the grid's shape.
        alpha: foreground is a normalised score greater than α.
        scales: rows and columns of the matrices.
        classes: which, by index; None takes the ``default_classes``.
        exclusive: softmax over classes (a single-label classifier) instead of sigmoid.

    Raises:
        KeyError: a view is not there.
    """
    size, ordered = measured_size(photograph), tuple(sorted(set(scales)))
    chosen = default_classes(coarse, exclusive=exclusive) if classes is None else list(classes)
    scores = class_scores({PLAIN: coarse[PLAIN]}, exclusive=exclusive)
    errors, matrices = [], []
    for k in chosen:
        compared = compare(coarse[PLAIN][k], coarse[view][k], view, size)
        errors.append(class_error(compared, names[k], float(scores[k])))
        maps = [score_map(coarse[View(scale=scale)][k], size) for scale in ordered]
        matrices += [scale_matrices(maps, names[k], alpha)] if maps else []
    return Equivariance(
        view=view,
        transformation=transformation(view),
        alpha=alpha,
        size=size,
        valid_area=float(valid(view, size).mean()),
        scales=ordered,
        errors=tuple(errors),
        matrices=tuple(matrices),
    )


def score_map(coarse: Floats, size: tuple[int, int]) -> Floats:
    """The Eq. 3 map (H, W) of raw coarse logits (h, w) of one class."""
    return normalise(np.maximum(upsample(coarse[None], size), 0))[0]
