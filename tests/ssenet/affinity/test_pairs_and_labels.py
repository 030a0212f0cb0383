"""Which cells are paired, and which labels they carry, against loops written from the definition."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ssenet.affinity.labels import affinity_labels, average_pool
from ssenet.affinity.losses import pair_labels
from ssenet.affinity.pairs import PairAffinities, PairGrid, fitting_radius, offsets
from ssenet.errors import DatasetError


def test_radius_5_has_the_34_released_offsets() -> None:
    found = offsets(5)
    assert len(found) == 34
    assert found[:5] == ((0, 1), (0, 2), (0, 3), (0, 4), (1, -4))
    assert all(0 < dy * dy + dx * dx < 25 for dy, dx in found)


@pytest.mark.parametrize("radius", range(1, 9))
def test_offsets_and_their_opposites_are_all_cells_within_the_radius(radius: int) -> None:
    both = [(s * dy, s * dx) for dy, dx in offsets(radius) for s in (1, -1)]
    reach = range(-radius, radius + 1)
    around = {(dy, dx) for dy in reach for dx in reach if 0 < dy * dy + dx * dx < radius * radius}
    assert len(both) == len(set(both))
    assert set(both) == around


def test_a_crop_of_448_pixels_has_the_released_number_of_pairs() -> None:
    grid = PairGrid((56, 56), 5)
    assert grid.inner == (52, 48)
    assert len(grid.offsets) * 52 * 48 == 84_864


@pytest.mark.parametrize(
    ("size", "radius", "expected"),
    [
        ((10, 13), 5, 5),  # the smallest side is 10, and 13 columns hold 2·5 - 1
        ((5, 9), 5, 5),
        ((5, 8), 5, 2),
        ((8, 8), 5, 3),
        ((4, 100), 5, 2),
        ((100, 4), 5, 2),
        ((2, 3), 5, 2),
        ((1, 50), 5, 1),
        ((50, 2), 5, 1),
        ((1, 1), 16, 1),
    ],
)
def test_small_maps_shrink_the_radius(size, radius, expected) -> None:
    assert fitting_radius(size, radius) == expected


@given(st.integers(1, 20), st.integers(1, 20), st.integers(2, 16))
def test_every_map_has_from_cells_whose_partners_are_inside(height: int, width: int, radius: int) -> None:
    grid = PairGrid.fitting((height, width), radius)
    cells = np.arange(height * width).reshape(height, width)
    start = grid.at(cells)
    assert start.shape == grid.inner
    assert start.size > 0
    for dy, dx in grid.offsets:
        np.testing.assert_array_equal(grid.at(cells, (dy, dx)), start + dy * width + dx)


def test_affinities_must_fit_their_grid() -> None:
    with pytest.raises(ValueError, match="affinities of shape"):
        PairAffinities(PairGrid((10, 13), 5), np.zeros((34, 10, 13), np.float32))


def _slow_labels(low, high, classes, stride):
    """Cell by cell, pixel by pixel."""
    _, height, width = low.shape
    rows, columns = -(-height // stride), -(-width // stride)
    out = np.zeros((rows, columns), int)
    for i in range(rows):
        for j in range(columns):
            window = (slice(None), slice(i * stride, (i + 1) * stride), slice(j * stride, (j + 1) * stride))
            strong, weak = (scores[window].sum(axis=(1, 2)) / stride**2 for scores in (low, high))
            foreground = int(np.argmax(strong))
            label = 255 if foreground == 0 else int(classes[foreground - 1]) + 1
            if np.argmax(weak) == 0:
                label = 0
            if max(strong.max(), weak.max()) < 1e-5:
                label = 255
            out[i, j] = label
    return out


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31), st.integers(1, 30), st.integers(1, 30), st.integers(0, 3), st.sampled_from([4, 8, 16]))
def test_labels_equal_a_loop_over_cells(seed: int, height: int, width: int, count: int, stride: int) -> None:
    random = np.random.default_rng(seed)
    low, high = (random.random((count + 1, height, width)).astype(np.float32) for _ in range(2))
    low[:, : height // 2], high[:, : height // 2] = 0, 0
    classes = random.permutation(254)[:count].astype(np.int64)
    expected = _slow_labels(low, high, classes, stride)
    np.testing.assert_array_equal(affinity_labels(low, high, classes, stride), expected)


def test_labels_carry_class_indices_not_positions() -> None:
    low = np.zeros((3, 8, 24), np.float32)
    low[2, :, :8] = 1  # confidently the second class
    low[0, :, 8:] = 1
    high = np.zeros_like(low)
    high[2, :, :8] = 1
    high[0, :, 8:16] = 1  # confidently background
    high[1, :, 16:] = 1  # between the two: ignored
    assert affinity_labels(low, high, np.array([4, 17]), 8).tolist() == [[18, 0, 255]]


def test_labels_reject_arrays_that_do_not_belong_together() -> None:
    scores = np.ones((3, 8, 8), np.float32)
    with pytest.raises(DatasetError, match="for 1 classes"):
        affinity_labels(scores, scores, np.array([1]), 8)
    with pytest.raises(DatasetError, match="254 has no label"):
        affinity_labels(scores, scores, np.array([1, 254]), 8)


def test_average_pool_pads_with_zeros() -> None:
    pooled = average_pool(np.ones((1, 9, 12), np.float32), 8)
    np.testing.assert_allclose(pooled, [[[1, 0.5], [1 / 8, 1 / 16]]])


def test_pair_labels_equal_a_loop_over_pairs() -> None:
    labels = torch.from_numpy(np.random.default_rng(1).choice([0, 3, 7, 255], (2, 7, 11)))
    grid = PairGrid((7, 11), 4)
    groups = pair_labels(labels, grid)
    for b in range(2):
        for m, (dy, dx) in enumerate(grid.offsets):
            for i in range(grid.inner[0]):
                for j in range(grid.inner[1]):
                    one = int(labels[b, i, j + 3])
                    other = int(labels[b, i + dy, j + 3 + dx])
                    valid = one != 255 and other != 255
                    assert groups.background[b, m, i, j] == (valid and one == other == 0)
                    assert groups.foreground[b, m, i, j] == (valid and one == other != 0)
                    assert groups.different[b, m, i, j] == (valid and one != other)
