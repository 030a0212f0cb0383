"""How much memory a random walk takes, said before it starts. Free of torch."""

from __future__ import annotations

from ssenet.affinity.grid import WalkGrid
from ssenet.affinity.pairs import PairGrid
from ssenet.errors import SettingsError

_FLOAT, _DOUBLE = 4, 8
_COPIES = 4
"""Planes that live at once for each class at the photograph's size: the sum of views, one view, and two between."""
_LEAST_SIDE = 64


def predicted_memory(
    height: int, width: int, channels: int, *, stride: int, radius: int, classes: int, pixel_bytes: float
) -> int:
    """Bytes that a photograph's affinities and walk add, at most.

    Args:
        height: in pixels, of the image that the network sees.
        width: in pixels.
        channels: of the features whose differences are taken.
        stride: pixels a cell.
        radius: of the pairs.
        classes: that walk, the background included.
        pixel_bytes: the network's own peak, a pixel.
    """
    grid = PairGrid.fitting((-(-height // stride), -(-width // stride)), radius)
    cells, offsets = grid.size[0] * grid.size[1], len(grid.offsets)
    network = pixel_bytes * height * width
    features = 3 * channels * cells * _FLOAT  # as they are, channels last, and the differences at one offset
    pairs = 2 * offsets * cells * _FLOAT  # distances and affinities
    diagonals = (2 * offsets + 1) * cells * _DOUBLE
    scores = (2 * classes + 3) * cells * _DOUBLE
    return int(max(network, features + pairs) + diagonals + scores)


def check_memory(grid: WalkGrid, channels: int, *, radius: int, classes: int, pixel_bytes: float, free: int) -> int:
    """The bytes that a photograph needs in all.

    Args:
        grid: of the photograph.
        channels: of the features.
        radius: of the pairs.
        classes: that walk, the background included.
        pixel_bytes: the network's own peak, a pixel of its input.
        free: bytes that are free.

    Raises:
        SettingsError: more than is free; the message says what to lower.
    """
    maps = _COPIES * classes * grid.size[0] * grid.size[1] * _FLOAT
    working = predicted_memory(
        *grid.working, channels, stride=grid.stride, radius=radius, classes=classes, pixel_bytes=pixel_bytes
    )
    if maps + working > free:
        raise SettingsError(_too_large(grid, maps, working, free))
    return maps + working


def _too_large(grid: WalkGrid, maps: int, working: int, free: int) -> str:
    height, width = grid.size
    side = int(max(grid.working) * (max(0, free - maps) / working) ** 0.5 * 0.95) // 8 * 8
    remedy = f"Lower working_side to {side}" if side >= _LEAST_SIDE else "Use smaller photographs"
    return (
        f"The random walk of a photograph of {width} × {height} pixels needs about {(maps + working) / 1e9:.1f} GB "
        f"at a working side of {max(grid.working)} pixels, and {free / 1e9:.1f} GB are free. {remedy}, or free memory."
    )
