"""Rendering in numpy equals torch, and the display options do what their names say."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ssenet.render import (
    aggregate,
    class_scores,
    colormap,
    colormaps,
    contour,
    normalise,
    overlay,
    predicted,
    scale_consistency,
    upsample,
    winner_and_score,
)
from ssenet.results import View


@given(
    h=st.integers(1, 9),
    w=st.integers(1, 9),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_upsampling_equals_torch(h: int, w: int, height: int, width: int, seed: int) -> None:
    maps = np.random.default_rng(seed).standard_normal((2, h, w)).astype(np.float32)
    expected = F.interpolate(torch.from_numpy(maps)[None], (height, width), mode="bilinear", align_corners=False)[0]
    np.testing.assert_allclose(upsample(maps, (height, width)), expected.numpy(), atol=1e-5)


def views(seed: int = 0) -> dict[View, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        View(scale=0.5): random.standard_normal((3, 4, 5)).astype(np.float32),
        View(scale=1.0): random.standard_normal((3, 8, 10)).astype(np.float32),
    }


def test_the_two_orders_of_operations_differ_and_official_needs_a_size() -> None:
    fast, official = (aggregate(views(), (32, 40), [0, 2], order) for order in ("fast", "official"))
    assert fast.shape == official.shape == (2, 32, 40)
    assert np.abs(fast - official).max() > 1e-3
    with pytest.raises(ValueError, match="no view"):
        aggregate({}, (4, 4), [0])


def test_official_order_equals_torch() -> None:
    expected = torch.zeros(1, 1, 32, 40)
    for view, maps in views().items():
        scaled = (round(32 * view.scale), round(40 * view.scale))
        x = F.interpolate(torch.from_numpy(maps[1:2])[None], scaled, mode="bilinear", align_corners=False)
        expected += F.interpolate(F.relu(x), (32, 40), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(aggregate(views(), (32, 40), [1], "official"), expected[0].numpy(), atol=1e-5)


def test_normalisations() -> None:
    maps = np.array([[[0.0, 2.0]], [[1.0, 4.0]]], np.float32)
    np.testing.assert_allclose(normalise(maps, "eq3"), [[[0, 1]], [[0.25, 1]]], atol=2e-5)
    np.testing.assert_allclose(normalise(maps, "minmax"), [[[0, 1]], [[0, 1]]], atol=1e-4)
    np.testing.assert_allclose(normalise(maps, "shared"), maps / 4, atol=1e-5)
    assert normalise(maps, "none") is maps


def test_a_dead_map_normalises_to_zero() -> None:
    assert normalise(np.zeros((1, 3, 3), np.float32)).max() == 0


def test_nobody_wins_without_classes() -> None:
    winner, score = winner_and_score(np.zeros((0, 2, 2), np.float32), [])
    assert (winner == 1).all()
    assert (score == 0).all()


def test_scores_use_the_scale_nearest_to_one() -> None:
    logits = {
        View(scale=0.5): np.full((2, 2, 2), 9, np.float32),
        View(scale=1): np.array([[[0.0]], [[-2.0]]], np.float32),
    }
    np.testing.assert_allclose(class_scores(logits), [0.5, 0.1192], atol=1e-4)
    assert class_scores(logits, exclusive=True).sum() == pytest.approx(1)
    assert predicted(np.array([0.2, 0.9, 0.6], np.float32)) == [1, 2]
    assert predicted(np.array([0.2, 0.4], np.float32)) == []


def test_consistency_is_one_for_equal_maps_and_none_for_one_scale() -> None:
    flat = np.ones((1, 4, 4), np.float32)
    assert scale_consistency({View(scale=1): flat, View(scale=2): flat}, (8, 8), 0) == pytest.approx(1)
    assert scale_consistency({View(scale=1): flat}, (8, 8), 0) is None
    assert scale_consistency({View(scale=1): -flat, View(scale=2): -flat}, (8, 8), 0) is None


@pytest.mark.parametrize("name", colormaps())
def test_colour_maps_are_tables(name: str) -> None:
    table = colormap(name)
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    assert len(np.unique(table, axis=0)) > 200


def test_an_unknown_colour_map_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="inferno"):
        colormap("rainbow")


def test_overlay_draws_the_contour_inside_the_mask() -> None:
    image, score = np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), np.float32)
    score[10:30, 10:30] = 1
    plain, drawn = overlay(image, score), overlay(image, score, alpha=0.5)
    changed = (plain != drawn).any(axis=2)
    assert changed.any()
    assert not changed[score == 0].any()
    assert contour(score > 0.5).sum() == 4 * 19
