"""Random walk of class scores along affinities, without the n × n transition matrix. Free of torch.

With A the symmetric matrix of affinities, 1 on its diagonal, W = A^β element by element
and c its column sums, T = W diag(1/c), and scores M (k, n) become M·T^(2^log_steps) (Ahn
and Kwak 2018, section 3.4). W couples a cell with the few cells around it only, always
at the same offsets, so that T has one diagonal an offset and one for its opposite. The
walk applies those to the scores again and again: 2^log_steps · 69 · n multiplications a
class at radius 5, where squaring T takes log_steps · n³ and soon fills it. (Squaring the
sparse T first does not pay: T² has four times the diagonals for half the steps.)

Computed in float64: steps in float32 round the same way again and again, which 4,096 of
them make an error of 1e-4. Processors are slow with numbers just above zero; powers of
affinities below 5e-32, which the 1 on the diagonal swallows, are therefore taken as
zero, and scores are lifted by 1e-154, which a walk neither spreads nor loses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import dia_array

from ssenet.affinity.pairs import PairAffinities

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_SWALLOWED = float(np.finfo(np.float64).eps ** 2)
_LIFT = float(np.sqrt(np.finfo(np.float64).tiny))


class Transition:
    """The transition matrix T of a map of n = h·w cells, by its diagonals.

    Args:
        pairs: affinities of its pairs.
        beta: β, the power they are raised to.
    """

    def __init__(self, pairs: PairAffinities, beta: float) -> None:
        self.size = pairs.grid.size
        cells = self.size[0] * self.size[1]
        diagonals, shifts = _diagonals(pairs, beta)
        sums = dia_array((diagonals, shifts), shape=(cells, cells)) @ np.ones(cells)
        _divide_rows(diagonals, shifts, sums)
        self.diagonal: Doubles = diagonals[0]
        """Probability (n,) of staying on a cell in one step."""
        self._transposed = dia_array((diagonals, shifts), shape=(cells, cells))

    def walk(self, scores: Floats | Doubles, steps: int) -> Doubles:
        """``scores @ T^steps`` for scores (k, h, w).

        Columns of T sum to 1: a cell's new score is a weighted mean of those around it.
        """
        out = np.empty((len(scores), *self.size))
        for k, plane in enumerate(scores):
            x = plane.ravel().astype(np.float64) + _LIFT
            for _ in range(steps):
                x = self._transposed @ x
            out[k] = x.reshape(self.size)
        return out


def random_walk(scores: Floats | Doubles, pairs: PairAffinities, beta: float, log_steps: int) -> Floats:
    """Scores (k, h, w) after 2^``log_steps`` steps along the affinities ``pairs`` to the power ``beta``."""
    return Transition(pairs, beta).walk(scores, 2**log_steps).astype(np.float32)


def _diagonals(pairs: PairAffinities, beta: float) -> tuple[Doubles, NDArray[np.int64]]:
    """W (2m + 1, n) in scipy's diagonal format: row d holds W[j - shift_d, j] at j."""
    height, width = pairs.grid.size
    cells, offsets = height * width, pairs.grid.offsets
    out, shifts = np.zeros((2 * len(offsets) + 1, cells)), [0]
    out[0] = 1
    for index, ((dy, dx), values) in enumerate(zip(offsets, pairs.values, strict=True)):
        powers = values.astype(np.float64) ** beta
        plane, shift = np.zeros((height, width)), dy * width + dx
        pairs.grid.at(plane)[:] = np.where(powers < _SWALLOWED, 0, powers)
        out[2 * index + 1, shift:] = plane.ravel()[: cells - shift]
        out[2 * index + 2] = plane.ravel()
        shifts += [shift, -shift]
    return out, np.array(shifts)


def _divide_rows(diagonals: Doubles, shifts: NDArray[np.int64], sums: Doubles) -> None:
    """Turn W into diag(1/sums)·W, which is the transposed T, in place."""
    cells = len(sums)
    for diagonal, shift in zip(diagonals, shifts, strict=True):
        first, last = max(0, shift), min(cells, cells + shift)
        diagonal[first:last] /= sums[first - shift : last - shift]
