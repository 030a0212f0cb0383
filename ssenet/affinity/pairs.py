"""Which pairs of cells are compared. Free of torch; the slicing works on arrays and tensors alike.

A pair is a *from* cell and an offset (dy, dx) less than a radius long that points right
or down, so that each pair of cells occurs once. As released, the same cells are *from*
cells for every offset: those that stay inside the map with all of them. The outermost
``radius - 1`` columns on both sides and rows at the bottom are only ever reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Offset = tuple[int, int]
Size = tuple[int, int]
T = TypeVar("T", NDArray[np.float32], NDArray[np.float64], NDArray[np.int64], "Tensor")


def offsets(radius: int) -> tuple[Offset, ...]:
    """Offsets (dy, dx) with dy² + dx² < radius² to the right and below, in the released order; 34 for radius 5."""
    right = [(0, dx) for dx in range(1, radius)]
    below = [(dy, dx) for dy in range(1, radius) for dx in range(1 - radius, radius)]
    return tuple(right + [(dy, dx) for dy, dx in below if dy * dy + dx * dx < radius * radius])


def fitting_radius(size: Size, radius: int) -> int:
    """The radius that is used on a map of ``size`` (h, w).

    A map that has no *from* cell at ``radius`` (h < radius or w < 2·radius - 1) takes
    (min(h, w) - 1) // 2, but at least 2. One that is too small even for 2 (a single row, or
    fewer than three columns) takes 1, which has no pairs: every cell is on its own, and a
    random walk leaves it as it is.
    """
    for candidate in (radius, max(2, (min(size) - 1) // 2)):
        if size[0] >= candidate and size[1] >= 2 * candidate - 1:
            return candidate
    return 1


@dataclass(frozen=True)
class PairGrid:
    """The pairs of a map of h × w cells.

    Attributes:
        size: h and w.
        radius: pairs lie less than this far apart; use ``fitting`` where the map may be small.
    """

    size: Size
    radius: int

    @classmethod
    def fitting(cls, size: Size, radius: int) -> PairGrid:
        """The pairs of a map that may be too small for ``radius``; see ``fitting_radius``."""
        return cls(size, fitting_radius(size, radius))

    @property
    def offsets(self) -> tuple[Offset, ...]:
        """The m offsets."""
        return offsets(self.radius)

    @property
    def inner(self) -> Size:
        """Rows h' and columns w' of *from* cells."""
        return self.size[0] - self.radius + 1, self.size[1] - 2 * (self.radius - 1)

    def at(self, cells: T, offset: Offset = (0, 0)) -> T:
        """The partners at ``offset`` of all *from* cells, a view (…, h', w') of ``cells`` (…, h, w)."""
        (rows, columns), (dy, dx) = self.inner, offset
        left = self.radius - 1 + dx
        return cells[..., dy : dy + rows, left : left + columns]


@dataclass(frozen=True)
class PairAffinities:
    """Affinities in [0, 1] of all pairs of a map.

    Attributes:
        grid: which pairs.
        values: (m, h', w') by offset and *from* cell.

    Raises:
        ValueError: the values are not those of the grid's pairs.
    """

    grid: PairGrid
    values: NDArray[np.float32]

    def __post_init__(self) -> None:
        expected = (len(self.grid.offsets), *self.grid.inner)
        if self.values.shape != expected:
            raise ValueError(f"affinities of shape {self.values.shape} for pairs of shape {expected}")
