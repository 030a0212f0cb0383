"""Warps in numpy against torch, and the network's warped views against what torch gives by hand."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from ssenet.analysis.warp import valid, warp_maps
from ssenet.inference import load_network
from ssenet.results import View
from ssenet.transforms import Rotate, Shift, Warp
from ssenet.weights.builtin import builtin

WARPS = [
    View(scale=1, rotation=15),
    View(scale=1, rotation=-90),
    View(scale=1, shift_x=0.1),
    View(scale=1, shift_x=-0.317, shift_y=0.25),
    View(scale=1, rotation=-33.3, shift_x=0.05, shift_y=-0.12),
]
TOLERANCE = 1e-4


@pytest.mark.parametrize("view", WARPS, ids=lambda view: view.name)
@pytest.mark.parametrize("size", [(37, 53), (384, 500)], ids=str)
def test_numpy_warps_as_torch_does(view: View, size: tuple[int, int]) -> None:
    maps = np.random.default_rng(0).random((3, *size)).astype(np.float32)
    transform = Warp(view.rotation, view.shift_x, view.shift_y)
    expected = transform.maps(torch.from_numpy(maps)[None], size)[0].numpy()
    area = valid(view, size)
    same_area = area == (transform.valid(size, torch.device("cpu"))[0, 0].numpy() > 0)
    worst = float(np.abs(warp_maps(maps, view) - expected)[:, area].max())
    print(f"{view.name} at {size}: largest difference {worst:.1e}, valid area {area.mean():.3f}")  # noqa: T201
    assert worst <= TOLERANCE
    assert same_area.mean() > 0.999


def test_rotate_and_shift_are_warps_of_one_kind() -> None:
    x = torch.randn(2, 3, 9, 14)
    assert torch.equal(Rotate(20).image(x), Warp(20).image(x))
    moved = Shift(2 / 14, -1 / 9).image(x)
    torch.testing.assert_close(moved[..., :-1, 2:], x[..., 1:, :-2], atol=1e-5, rtol=0)
    assert (moved[..., -1, :].abs().max() < 1e-5) and (moved[..., :2].abs().max() < 1e-5)
    # In one interpolation, first turned and then shifted.
    both = Warp(180, 2 / 14, 0).image(x)
    torch.testing.assert_close(both[..., 2:], x.flip(-1, -2)[..., :-2], atol=1e-4, rtol=0)


def by_hand(image: np.ndarray, view: View, size: tuple[int, int]) -> torch.Tensor:
    """Logits of a view step by step: scale, normalise, turn, shift, mirror, network, mirror back."""
    scaled = Image.fromarray(image).resize(size[::-1], Image.Resampling.BICUBIC)
    x = torch.from_numpy(np.asarray(scaled).copy()).permute(2, 0, 1).float() / 255
    card = NETWORK.card
    x = (x - torch.tensor(card.mean)[:, None, None]) / torch.tensor(card.std)[:, None, None]
    angle, ratio = np.radians(view.rotation), image.shape[0] / image.shape[1]
    turn = np.array([[np.cos(angle), -np.sin(angle) * ratio], [np.sin(angle) / ratio, np.cos(angle)]])
    moved = -2 * turn @ np.array([view.shift_x, view.shift_y])
    theta = torch.tensor(np.column_stack([turn, moved]), dtype=torch.float32)[None]
    grid = F.affine_grid(theta, [1, 3, *size], align_corners=False)
    x = F.grid_sample(x[None], grid, padding_mode="zeros", align_corners=False)
    with torch.inference_mode():
        y = NETWORK.model(x.flip(-1) if view.flip else x)[0]
    return y.flip(-1) if view.flip else y


FOUND = builtin("demo-ssenet")
assert FOUND is not None
NETWORK = load_network(FOUND.weights, FOUND.card, torch.device("cpu"))


@pytest.mark.parametrize("flip", [False, True])
def test_warped_views_of_a_network_equal_torch_by_hand(flip: bool) -> None:
    image = np.random.default_rng(1).integers(0, 255, (96, 120, 3), dtype=np.uint8)
    views = [view.model_copy(update={"scale": s, "flip": flip}) for view in WARPS for s in (0.5, 1.0)]
    found = NETWORK.coarse_logits(image, views)
    for view in views:
        expected = by_hand(image, view, NETWORK.input_size((96, 120), view.scale)).numpy()
        np.testing.assert_allclose(found[view], expected, atol=2e-4, rtol=1e-4)
    plain = NETWORK.coarse_logits(image, [View(scale=1.0)])[View(scale=1.0)]
    assert all(np.abs(found[v] - plain).max() > 0.1 for v in views if v.scale == 1.0)
