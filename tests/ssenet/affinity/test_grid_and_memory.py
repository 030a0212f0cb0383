"""Maps to cells and back, and memory that is known before it is taken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssenet.affinity.grid import WalkGrid
from ssenet.affinity.labels import average_pool
from ssenet.affinity.memory import check_memory, predicted_memory
from ssenet.errors import SettingsError


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from([8, 16]), st.integers(0, 2**31))
def test_at_its_own_size_pooling_is_the_padded_average(height: int, width: int, stride: int, seed: int) -> None:
    maps = np.random.default_rng(seed).random((2, height, width)).astype(np.float32)
    grid = WalkGrid.of((height, width), stride, 1024)
    assert grid.working == (height, width)
    assert grid.cells == grid.own_cells
    np.testing.assert_allclose(grid.pool(maps), average_pool(maps, stride), rtol=1e-5)
    cells = grid.pool(maps)
    assert grid.spread(cells) is cells


def test_a_large_photograph_takes_the_grid_of_its_working_size() -> None:
    grid = WalkGrid.of((2000, 3000), 8, 1024)
    assert grid.working == (683, 1024)
    assert grid.cells == (86, 128)
    assert grid.own_cells == (250, 375)


def test_pooling_a_large_photograph_averages_the_pixels_below_each_cell() -> None:
    maps = np.random.default_rng(0).random((1, 96, 128)).astype(np.float32)
    grid = WalkGrid.of((96, 128), 8, 64)  # half size: a cell is 16 pixels wide
    np.testing.assert_allclose(grid.pool(maps), average_pool(maps, 16), rtol=1e-5)


@given(st.integers(65, 150), st.integers(65, 150))
def test_spreading_keeps_constants_and_straight_ramps(height: int, width: int) -> None:
    grid = WalkGrid.of((height, width), 8, 64)
    rows, columns = grid.cells
    np.testing.assert_allclose(grid.spread(np.ones((1, rows, columns), np.float32)), 1, rtol=1e-5)
    ramp = np.broadcast_to(np.arange(columns, dtype=np.float32), (1, rows, columns))
    spread = grid.spread(ramp)
    assert spread.shape == (1, *grid.own_cells)
    centres = (np.arange(grid.own_cells[1]) + 0.5) * grid.working[1] / width - 0.5
    np.testing.assert_allclose(spread[0, 0], np.clip(centres, 0, columns - 1), atol=1e-4)


def _predicted(side: int) -> int:
    return predicted_memory(side, side, 448, stride=8, radius=5, classes=4, pixel_bytes=400)


def test_predicted_memory_grows_with_the_area() -> None:
    assert _predicted(2048) == pytest.approx(4 * _predicted(1024), rel=0.05)
    assert _predicted(1024) > 400 * 1024 * 1024


def test_memory_that_does_not_suffice_names_a_working_side_that_would() -> None:
    grid = WalkGrid.of((3000, 4000), 8, 4000)
    needed = check_memory(grid, 448, radius=5, classes=4, pixel_bytes=400, free=10**12)
    with pytest.raises(
        SettingsError, match=r"4000 × 3000 pixels needs about 5\.\d GB .* Lower working_side to"
    ) as raised:
        check_memory(grid, 448, radius=5, classes=4, pixel_bytes=400, free=needed // 2)
    side = int(str(raised.value).split("Lower working_side to ")[1].split(",")[0])
    smaller = WalkGrid.of((3000, 4000), 8, side)
    assert check_memory(smaller, 448, radius=5, classes=4, pixel_bytes=400, free=needed // 2) <= needed // 2
    with pytest.raises(SettingsError, match="Use smaller photographs"):
        check_memory(grid, 448, radius=5, classes=4, pixel_bytes=400, free=10**6)
