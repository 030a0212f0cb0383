"""The sparse random walk against dense matrices, and what a walk never does."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssenet.affinity.pairs import PairAffinities, PairGrid
from ssenet.affinity.walk import Transition, random_walk


def _pairs(seed: int, size: tuple[int, int], radius: int) -> PairAffinities:
    grid = PairGrid.fitting(size, radius)
    values = np.random.default_rng(seed).random((len(grid.offsets), *grid.inner))
    return PairAffinities(grid, values.astype(np.float32))


def _dense(pairs: PairAffinities, beta: float) -> np.ndarray:
    """T pair by pair, in float64."""
    grid, (height, width) = pairs.grid, pairs.grid.size
    matrix = np.eye(height * width)
    for m, (dy, dx) in enumerate(grid.offsets):
        for i in range(grid.inner[0]):
            for j in range(grid.inner[1]):
                start = i * width + j + grid.radius - 1
                end = start + dy * width + dx
                matrix[start, end] = matrix[end, start] = float(pairs.values[m, i, j]) ** beta
    return matrix / matrix.sum(axis=0)


_MAPS = (st.integers(0, 2**31), st.integers(1, 9), st.integers(1, 11), st.integers(2, 5), st.floats(0.5, 16))


@settings(deadline=None, max_examples=40)
@given(*_MAPS, st.integers(0, 8))
def test_walk_equals_the_power_of_the_dense_matrix(
    seed: int, height: int, width: int, radius: int, beta: float, log_steps: int
) -> None:
    pairs = _pairs(seed, (height, width), radius)
    scores = np.random.default_rng(seed + 1).random((3, height, width)).astype(np.float32)
    power = np.linalg.matrix_power(_dense(pairs, beta), 2**log_steps)
    expected = (scores.reshape(3, -1) @ power).reshape(scores.shape)
    np.testing.assert_allclose(random_walk(scores, pairs, beta, log_steps), expected, rtol=2e-7)
    np.testing.assert_allclose(Transition(pairs, beta).walk(scores, 2**log_steps), expected, rtol=1e-12)


@settings(deadline=None, max_examples=30)
@given(*_MAPS)
def test_a_constant_stays_and_nothing_leaves_its_range(
    seed: int, height: int, width: int, radius: int, beta: float
) -> None:
    pairs = _pairs(seed, (height, width), radius)
    constant = np.full((1, height, width), 0.2, np.float32)
    np.testing.assert_allclose(random_walk(constant, pairs, beta, 10), constant, rtol=1e-6)
    scores = np.random.default_rng(seed).random((2, height, width)).astype(np.float32)
    walked = random_walk(scores, pairs, beta, 6)
    assert walked.min() >= scores.min() * (1 - 1e-6)
    assert walked.max() <= scores.max() * (1 + 1e-6)


def test_columns_of_the_transition_matrix_sum_to_one() -> None:
    pairs = _pairs(0, (7, 12), 5)
    one_cell_each = np.eye(84, dtype=np.float64).reshape(84, 7, 12)
    matrix = Transition(pairs, 8).walk(one_cell_each, 1).reshape(84, 84)
    np.testing.assert_allclose(matrix.sum(axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(matrix, _dense(pairs, 8), atol=1e-12)
    np.testing.assert_allclose(Transition(pairs, 8).diagonal, np.diag(matrix))


def test_affinity_one_everywhere_evens_out_and_zero_leaves_alone() -> None:
    grid = PairGrid((9, 12), 5)
    scores = np.random.default_rng(0).random((2, 9, 12)).astype(np.float32)
    shape = (len(grid.offsets), *grid.inner)
    alone = random_walk(scores, PairAffinities(grid, np.zeros(shape, np.float32)), 8, 8)
    np.testing.assert_allclose(alone, scores, rtol=1e-6)
    together = random_walk(scores, PairAffinities(grid, np.ones(shape, np.float32)), 8, 12)
    reached = together[:, :, 4:8]  # columns with a from cell
    assert np.ptp(reached) < np.ptp(scores[:, :, 4:8]) / 3


@pytest.mark.parametrize("size", [(1, 40), (30, 2), (1, 1)])
def test_maps_without_pairs_stay_as_they_are(size: tuple[int, int]) -> None:
    scores = np.random.default_rng(0).random((2, *size)).astype(np.float32)
    np.testing.assert_allclose(random_walk(scores, _pairs(0, size, 5), 8, 8), scores, rtol=1e-6)


def test_memory_grows_with_the_cells_not_with_their_square() -> None:
    pairs = _pairs(0, (60, 80), 5)
    scores = np.ones((3, 60, 80), np.float32)
    tracemalloc.start()
    random_walk(scores, pairs, 8, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    n = 60 * 80
    assert peak < 8 * n * 120  # 69 diagonals, and some planes
    assert peak < 4 * n * n / 15  # far from one float32 matrix
