"""Place an object on an image so that its mask is exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ssenet.data.base import IGNORED

OPAQUE = 127
"""A pixel belongs to an object when more than half of its colour is the object's."""


@dataclass
class Canvas:
    """An image being composed.

    Attributes:
        image: (H, W, 3) RGB.
        mask: (H, W) class labels without the ignored ring.
        instances: (H, W) 0 background, j for the j-th object.
        objects: number of objects so far.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    instances: NDArray[np.int16]
    objects: int = 0

    @classmethod
    def over(cls, background: Image.Image) -> Canvas:
        """A canvas that shows ``background`` and nothing else."""
        image = np.array(background, np.uint8)
        size = image.shape[:2]
        return cls(image, np.zeros(size, np.uint8), np.zeros(size, np.int16))


@dataclass(frozen=True)
class Placed:
    """The part of an object that falls on the canvas.

    Attributes:
        rows, columns: where on the canvas.
        patch: (h, w, 4) RGBA.
        opaque: (h, w) where the object is seen.
    """

    rows: slice
    columns: slice
    patch: NDArray[np.uint8]
    opaque: NDArray[np.bool_]


def place(canvas: Canvas, patch: Image.Image, left: int, top: int) -> Placed:
    """Cut ``patch`` (RGBA) to the canvas with its corner at (left, top), which may lie outside."""
    height, width = canvas.mask.shape
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = max(x0, min(left + patch.width, width)), max(y0, min(top + patch.height, height))
    inside = np.asarray(patch)[y0 - top : y1 - top, x0 - left : x1 - left]
    return Placed(slice(y0, y1), slice(x0, x1), inside, inside[..., 3] > OPAQUE)


def hidden_fraction(canvas: Canvas, placed: Placed) -> float:
    """Largest part of an earlier object that ``placed`` would hide, 0 to 1."""
    if not canvas.objects:
        return 0.0
    under = canvas.instances[placed.rows, placed.columns][placed.opaque]
    covered = np.bincount(under, minlength=canvas.objects + 1)[1:]
    visible = np.bincount(canvas.instances.ravel(), minlength=canvas.objects + 1)[1:]
    return float((covered / np.maximum(visible, 1)).max())


def blend(canvas: Canvas, placed: Placed, label: int) -> None:
    """Draw ``placed`` on the canvas with its alpha, and its class ``label`` (1..K) on the mask."""
    alpha = placed.patch[..., 3:].astype(np.float32) / 255
    region = canvas.image[placed.rows, placed.columns]
    region[...] = (region + alpha * (placed.patch[..., :3].astype(np.float32) - region) + 0.5).astype(np.uint8)
    canvas.objects += 1
    canvas.mask[placed.rows, placed.columns][placed.opaque] = label
    canvas.instances[placed.rows, placed.columns][placed.opaque] = canvas.objects


def object_borders(instances: NDArray[np.int16]) -> NDArray[np.bool_]:
    """(H, W) the 2 px wide band on every object border: one pixel on each side."""
    border = np.zeros(instances.shape, np.bool_)
    across = instances[:, 1:] != instances[:, :-1]
    border[:, 1:] |= across
    border[:, :-1] |= across
    down = instances[1:] != instances[:-1]
    border[1:] |= down
    border[:-1] |= down
    return border


def finished_mask(canvas: Canvas) -> NDArray[np.uint8]:
    """(H, W) the mask with 255 on object borders, as in VOC."""
    mask = canvas.mask.copy()
    mask[object_borders(canvas.instances)] = IGNORED
    return mask
