"""The grid that scores walk on: pooling maps onto it, and bringing them back. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssenet.affinity.labels import cells

Floats = NDArray[np.float32]
Size = tuple[int, int]


@dataclass(frozen=True)
class WalkGrid:
    """The cells of a photograph.

    Attributes:
        size: height and width of the photograph.
        working: height and width that the network sees; smaller than ``size`` for large photographs.
        stride: pixels of the working image a cell.
    """

    size: Size
    working: Size
    stride: int

    @classmethod
    def of(cls, size: Size, stride: int, working_side: int) -> WalkGrid:
        """The grid of a photograph whose long side goes through the network with ``working_side`` pixels at most."""
        ratio = min(1.0, working_side / max(size))
        height, width = (max(1, round(side * ratio)) for side in size)
        return cls(size, (height, width), stride)

    @property
    def cells(self) -> Size:
        """Rows h and columns w; the last ones reach beyond the photograph where the stride does not divide it."""
        return cells(self.working[0], self.stride), cells(self.working[1], self.stride)

    @property
    def own_cells(self) -> Size:
        """Rows and columns of the grid that the photograph has at its own size."""
        return cells(self.size[0], self.stride), cells(self.size[1], self.stride)

    def pool(self, maps: Floats) -> Floats:
        """Means (k, h, w) over cells of maps (k, H, W) in the photograph's pixels; beyond it, they are zero."""
        rows, columns = (self._shares(axis) for axis in (0, 1))
        return np.matmul(np.matmul(rows, maps), columns.T)

    def _shares(self, axis: int) -> Floats:
        """(cells, pixels): how much of each cell a pixel covers."""
        side, cell = self.size[axis], self.stride * self.size[axis] / self.working[axis]
        first = np.arange(self.cells[axis])[:, None] * cell
        pixels = np.arange(side)[None]
        covered = np.minimum(pixels + 1, first + cell) - np.maximum(pixels, first)
        return (np.clip(covered, 0, None) / cell).astype(np.float32)

    def spread(self, maps: Floats) -> Floats:
        """Maps (k, h, w) on the grid that the photograph has at its own size, interpolated linearly."""
        if self.working == self.size:
            return maps
        rows, columns = (self._between(axis) for axis in (0, 1))
        return np.matmul(np.matmul(rows, maps), columns.T)

    def _between(self, axis: int) -> Floats:
        """(own cells, cells): weights of the two cells whose centres lie around each own cell's centre."""
        count, own = self.cells[axis], np.arange(self.own_cells[axis])
        centre = np.clip((own + 0.5) * self.working[axis] / self.size[axis] - 0.5, 0, count - 1)
        distance = np.abs(centre[:, None] - np.arange(count)[None])
        return np.clip(1 - distance, 0, None).astype(np.float32)
