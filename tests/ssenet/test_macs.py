"""Multiply-accumulates against sums made by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ssenet.macs import multiply_accumulates
from ssenet.models.cam import build_cam_net

TINY = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1, bias=False),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8),
    nn.Conv2d(8, 5, 1),
).eval()


def test_a_tiny_network_counted_by_hand() -> None:
    first = 10 * 12 * 8 * (3 * 3 * 3)  # every output pixel and channel sees 27 values
    depthwise = 5 * 6 * 8 * (3 * 3)  # half the size; each channel sees its own
    classifier = 5 * 6 * 5 * 8
    assert multiply_accumulates(TINY, (10, 12)) == first + depthwise + classifier


def test_no_image_goes_through_and_the_network_stays_as_it_is() -> None:
    seen: list[torch.device] = []
    handle = TINY[0].register_forward_hook(lambda _module, _inputs, output: seen.append(output.device))
    before = {name: tensor.clone() for name, tensor in TINY.state_dict().items()}
    multiply_accumulates(TINY, (7, 5))
    handle.remove()
    assert seen == [torch.device("meta")]
    for name, tensor in TINY.state_dict().items():
        assert tensor.device == before[name].device and torch.equal(tensor, before[name])


@pytest.mark.parametrize(
    ("backbone", "stride", "expected"), [("resnet38", 8, 376.4), ("tf_efficientnet_lite0", 16, 2.98)]
)
def test_the_networks_of_the_product(backbone: str, stride: int, expected: float) -> None:
    with torch.device("meta"):  # weights are not needed to count
        network = build_cam_net(backbone, stride, 20, bias=False).eval()
    assert multiply_accumulates(network, (375, 500)) / 1e9 == pytest.approx(expected, rel=2e-3)
