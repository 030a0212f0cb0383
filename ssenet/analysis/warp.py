"""The transformation of a ``View`` and its inverse on maps and photographs, in numpy. Free of torch.

Maps are compared in frames of one size (H, W): there scale is no more than resampling, and what is left of
A is shift ∘ rotate, the same bilinear interpolation as ``ssenet.transforms.warp``, and the flip.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ssenet.results import View

Floats = NDArray[np.float32]
Kind = TypeVar("Kind", bound=np.generic)
_WHOLE = 0.999
"""Weight of a pixel's source that must lie inside the image; the rest is rounding."""


def _matrix(view: View, size: tuple[int, int], inverse: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where (row, column) of the result comes from: ``matrix @ (row, column) + offset``, in pixels."""
    angle = math.radians(view.rotation)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    shift = np.array([view.shift_y * size[0], view.shift_x * size[1]])
    centre = (np.array(size) - 1) / 2
    if inverse:
        return turn.T, centre + shift - turn.T @ centre
    return turn, centre - turn @ (centre + shift)


def _sampled(plane: NDArray[np.float32], view: View, inverse: bool, outside: float = 0.0) -> Floats:
    """One plane (H, W), shifted and turned, or back."""
    matrix, offset = _matrix(view, (plane.shape[0], plane.shape[1]), inverse)
    # The grid goes on outside with a constant, as in torch: at the border both are mixed.
    return ndimage.affine_transform(plane, matrix, offset, order=1, mode="grid-constant", cval=outside)


def warp_maps(maps: Floats, view: View) -> Floats:
    """shift ∘ rotate of maps (k, H, W), same shape, zero from outside; the flip is not part of it.

    This is the frame in which raw logits of a view are kept (``View``): they are mirrored back already.
    """
    return _each(maps, view, inverse=False)


def unwarp_maps(maps: Floats, view: View) -> Floats:
    """The inverse of ``warp_maps``: from the frame of the view's logits to that of the photograph, (k, H, W)."""
    return _each(maps, view, inverse=True)


def _each(maps: Floats, view: View, inverse: bool) -> Floats:
    if not view.warped:
        return maps.astype(np.float32, copy=True)
    return np.stack([_sampled(plane.astype(np.float32), view, inverse) for plane in maps])


def mirrored(maps: NDArray[Kind], view: View) -> NDArray[Kind]:
    """Maps (…, H, W) as the network gave them: mirrored once more where the view is mirrored."""
    return maps[..., ::-1] if view.flip else maps


def valid(view: View, size: tuple[int, int], *, inverse: bool = False) -> NDArray[np.bool_]:
    """Pixels (H, W) whose source lies wholly inside the image, for ``warp_maps`` or with ``inverse`` its inverse."""
    if not view.warped:
        return np.ones(size, np.bool_)
    return _sampled(np.ones(size, np.float32), view, inverse) > _WHOLE


def warp_photograph(
    image: NDArray[np.uint8], view: View, fill: Sequence[float] = (0.485, 0.456, 0.406)
) -> NDArray[np.uint8]:
    """A x at the size of the photograph (H, W, 3), as the network sees it but for the resolution.

    Args:
        image: the photograph.
        view: A, its flip included.
        fill: colour, 0 to 1 a channel, of what comes from outside: the network's mean, which is 0 after normalisation.
    """
    moved = image
    if view.warped:
        planes = [_sampled(image[..., c].astype(np.float32), view, False, 255 * fill[c]) for c in range(3)]
        moved = np.clip(np.round(np.stack(planes, axis=-1)), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(moved[:, ::-1] if view.flip else moved)
