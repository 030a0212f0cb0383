"""The spatial linear transformations A of Eq. 2: apply to images and maps alike, and say where they are valid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


def resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear interpolation of (B, C, H, W) to an explicit size, ``align_corners=False``, no antialiasing.

    The size is explicit because a ``scale_factor`` of 0.3 would map coordinates by 0.3
    instead of by the ratio of the sizes (448 · 0.3 = 134.4 becomes 134).
    """
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def side_of(x: Tensor) -> tuple[int, int]:
    """Height and width of (B, C, H, W)."""
    return x.shape[-2], x.shape[-1]


class Transform(Protocol):
    """A of Eq. 2: linear in the pixel values, the same for images and class activation maps."""

    def image(self, x: Tensor) -> Tensor:
        """A x for images (B, C, H, W)."""

    def maps(self, y: Tensor, size: tuple[int, int]) -> Tensor:
        """A y for maps (B, K, h, w) of any resolution, sampled at ``size``."""

    def valid(self, size: tuple[int, int], device: torch.device) -> Tensor:
        """(1, 1, *size) of 0 and 1: cells whose source lies inside the image."""


@dataclass(frozen=True)
class Scale:
    """Resize to ``size`` (height, width)."""

    size: tuple[int, int]

    def image(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, *size)."""
        return resize(x, self.size)

    def maps(self, y: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, K, h, w) to (B, K, *size)."""
        return resize(y, size)

    def valid(self, size: tuple[int, int], device: torch.device) -> Tensor:
        """Every cell is valid."""
        return torch.ones(1, 1, *size, device=device)


@dataclass(frozen=True)
class Flip:
    """Mirror left and right."""

    def image(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return x.flip(-1)

    def maps(self, y: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, K, h, w) to (B, K, *size)."""
        mirrored = y.flip(-1)
        return mirrored if y.shape[-2:] == size else resize(mirrored, size)

    def valid(self, size: tuple[int, int], device: torch.device) -> Tensor:
        """Every cell is valid."""
        return torch.ones(1, 1, *size, device=device)


def warp(x: Tensor, degrees: float, shift_x: float = 0.0, shift_y: float = 0.0, aspect: float | None = None) -> Tensor:
    """Turn (B, C, H, W) about its centre, then move it, in one bilinear interpolation; zero comes from outside.

    Args:
        x: images or maps.
        degrees: counter-clockwise.
        shift_x: to the right, as a fraction of the width.
        shift_y: down, as a fraction of the height.
        aspect: height / width of what ``x`` shows, where rounding of its sides has changed that a little;
            None takes it from ``x``.
    """
    ratio = aspect or x.shape[-2] / x.shape[-1]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    # Normalised coordinates are stretched by the aspect ratio; undo it so that angles are angles.
    turn = [[cos, -sin * ratio], [sin / ratio, cos]]
    # Normalised coordinates span 2. Where a pixel comes from: move back first, then turn back.
    matrix = [[a, b, -2 * (a * shift_x + b * shift_y)] for a, b in turn]
    theta = torch.tensor([matrix], dtype=x.dtype, device=x.device).expand(len(x), -1, -1)
    grid = F.affine_grid(theta, [*x.shape], align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


@dataclass(frozen=True)
class Warp:
    """Turn counter-clockwise about the centre by ``degrees``, then shift; what comes from outside is zero.

    Attributes:
        degrees: of the turn.
        shift_x: to the right, as a fraction of the width.
        shift_y: down, as a fraction of the height.
    """

    degrees: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0

    def image(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return warp(x, self.degrees, self.shift_x, self.shift_y)

    def maps(self, y: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, K, h, w) to (B, K, *size)."""
        moved = self.image(y)
        return moved if y.shape[-2:] == size else resize(moved, size)

    def valid(self, size: tuple[int, int], device: torch.device) -> Tensor:
        """Cells that come wholly from inside the image."""
        return (self.image(torch.ones(1, 1, *size, device=device)) > 0.999).float()


class Rotate(Warp):
    """Turn counter-clockwise about the centre by ``degrees``."""

    def __init__(self, degrees: float) -> None:
        super().__init__(degrees)


class Shift(Warp):
    """Move right by ``shift_x`` of the width and down by ``shift_y`` of the height."""

    def __init__(self, shift_x: float, shift_y: float) -> None:
        super().__init__(0.0, shift_x, shift_y)
