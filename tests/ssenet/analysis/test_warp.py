"""Warps of maps and photographs against loops written from the definition, and what must hold of any of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssenet.analysis.warp import mirrored, unwarp_maps, valid, warp_maps, warp_photograph
from ssenet.results import View

VIEWS = st.builds(
    View,
    scale=st.sampled_from([0.5, 1.0, 2.0]),
    flip=st.booleans(),
    rotation=st.floats(-180, 180),
    shift_x=st.floats(-0.5, 0.5),
    shift_y=st.floats(-0.5, 0.5),
)


def by_loops(plane: np.ndarray, view: View) -> tuple[np.ndarray, np.ndarray]:
    """(shift ∘ rotate) of a plane, and how much of each pixel's source lies inside; pixel by pixel."""
    height, width = plane.shape
    out, inside = np.zeros(plane.shape), np.zeros(plane.shape)
    cos, sin = math.cos(math.radians(view.rotation)), math.sin(math.radians(view.rotation))
    for row in range(height):
        for column in range(width):
            x = column - (width - 1) / 2 - view.shift_x * width
            y = row - (height - 1) / 2 - view.shift_y * height
            # y points down: turning counter-clockwise brings what was clockwise of a pixel to it.
            u, v = cos * x - sin * y + (width - 1) / 2, sin * x + cos * y + (height - 1) / 2
            for j in (math.floor(v), math.floor(v) + 1):
                for i in (math.floor(u), math.floor(u) + 1):
                    weight = (1 - abs(u - i)) * (1 - abs(v - j))
                    if 0 <= i < width and 0 <= j < height:
                        out[row, column] += weight * plane[j, i]
                        inside[row, column] += weight
    return out, inside


@given(view=VIEWS, seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_warp_equals_the_loops(view: View, seed: int) -> None:
    plane = np.random.default_rng(seed).standard_normal((7, 10)).astype(np.float32)
    expected, inside = by_loops(plane, view)
    np.testing.assert_allclose(warp_maps(plane[None], view)[0], expected, atol=1e-5)
    certain = np.abs(inside - 0.999) > 1e-4
    assert np.array_equal(valid(view, (7, 10))[certain], (inside > 0.999)[certain])


@given(view=VIEWS)
@settings(max_examples=25, deadline=None)
def test_the_inverse_brings_a_smooth_map_back(view: View) -> None:
    y, x = np.mgrid[0:48, 0:64].astype(np.float32)
    plane = np.stack([np.sin(x / 16) + np.cos(y / 16), x / 64])
    back = unwarp_maps(warp_maps(plane, view), view)
    # What both ways see whole: its source lies inside, and what lies there came from inside.
    whole = (unwarp_maps(valid(view, (48, 64))[None].astype(np.float32), view)[0] > 0.999) & valid(
        view, (48, 64), inverse=True
    )
    assert np.abs(back - plane)[:, whole].max(initial=0) < 0.02


def test_a_quarter_turn_is_exact_and_counter_clockwise() -> None:
    plane = np.arange(9, dtype=np.float32).reshape(1, 3, 3)
    turned = warp_maps(plane, View(scale=1, rotation=90))
    np.testing.assert_allclose(turned[0], np.rot90(plane[0]), atol=1e-5)
    assert valid(View(scale=1, rotation=90), (3, 3)).all()


def test_a_shift_of_whole_pixels_moves_right_and_down() -> None:
    plane = np.zeros((1, 4, 10), np.float32)
    plane[0, 1, 2] = 1
    moved = warp_maps(plane, View(scale=1, shift_x=0.3, shift_y=0.25))
    assert np.argwhere(moved[0] > 0.5).tolist() == [[2, 5]]
    area = valid(View(scale=1, shift_x=0.3, shift_y=0.25), (4, 10))
    assert not area[0].any() and not area[:, :3].any() and area[1:, 3:].all()
    back = valid(View(scale=1, shift_x=0.3, shift_y=0.25), (4, 10), inverse=True)
    assert back[:3, :7].all() and not back[3].any() and not back[:, 7:].any()


def test_a_view_that_moves_nothing_changes_nothing_but_by_its_flip() -> None:
    plane = np.random.default_rng(0).standard_normal((2, 5, 6)).astype(np.float32)
    for view in (View(scale=0.5), View(scale=2, flip=True)):
        assert np.array_equal(warp_maps(plane, view), plane) and np.array_equal(unwarp_maps(plane, view), plane)
        assert valid(view, (5, 6)).all()
    flipped = mirrored(plane, View(scale=1, flip=True))
    assert np.array_equal(flipped, plane[..., ::-1])
    assert np.array_equal(mirrored(flipped, View(scale=1, flip=True)), plane)


@pytest.mark.parametrize("flip", [False, True])
def test_a_warped_photograph_has_the_networks_mean_outside(flip: bool) -> None:
    image = np.full((40, 60, 3), 200, np.uint8)
    moved = warp_photograph(image, View(scale=1, shift_x=0.5, flip=flip), fill=(0.2, 0.4, 0.6))
    outside, inside = (59, 0) if flip else (0, 59)
    assert moved[20, outside].tolist() == [51, 102, 153] and moved[20, inside].tolist() == [200] * 3
    assert moved.shape == image.shape and moved.dtype == np.uint8
