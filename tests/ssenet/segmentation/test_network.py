"""DeepLab as published: its layers, what learns how fast, and what freezing freezes."""

import numpy as np
import pytest
import torch
from torch import nn

from ssenet.config import SegmentationOptions, SegmentationTrainSettings
from ssenet.errors import SettingsError
from ssenet.models.cam import batch_norms
from ssenet.segmentation.network import DeepLab, build_deeplab, started_deeplab, upsample
from ssenet.training.schedule import build_optimiser

NAME = "mobilenetv2_050"


def options(**changes: object) -> SegmentationOptions:
    """A small backbone, otherwise the defaults."""
    return SegmentationOptions.model_validate({"backbone": NAME, "pretrained": False, **changes})


@pytest.mark.parametrize("stride", [8, 16])
def test_logits_come_at_the_stride_with_a_background(stride: int) -> None:
    network = build_deeplab(options(stride=stride, head_channels=16), 5).eval()
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, 64, 96)).shape == (2, 6, 64 // stride, 96 // stride)


def test_resnet38_keeps_odd_sizes_and_has_the_published_head() -> None:
    with torch.device("meta"):
        network = build_deeplab(SegmentationOptions(backbone="resnet38", stride=8, pretrained=False), 20)
        logits = network.eval()(torch.zeros(1, 3, 65, 41))
    assert logits.shape == (1, 21, 9, 6)
    convolutions = [m for m in [*network.head, network.classifier] if isinstance(m, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size[0], c.dilation[0]) for c in convolutions] == [
        (4096, 512, 3, 12),
        (512, 512, 1, 1),
        (512, 21, 1, 1),
    ]
    assert [c.bias is not None for c in convolutions] == [False, False, True]
    assert [m.p for m in network.modules() if type(m) is nn.Dropout] == [0.5]
    assert network.input_size((65, 41), 1.25) == (81, 51)


def test_a_stride_that_resnet38_does_not_have_is_refused() -> None:
    with pytest.raises(SettingsError, match="resnet38 has stride 8, not 16"):
        build_deeplab(SegmentationOptions(backbone="resnet38", stride=16), 20)


def test_inputs_of_timm_backbones_are_tiled() -> None:
    network = build_deeplab(options(head_channels=8), 2)
    assert network.input_size((60, 100), 1.0) == (64, 96)
    assert network.input_size((60, 10), 0.5) == (32, 32)


def test_upsampling_maps_corners_to_corners_and_is_linear_between() -> None:
    coarse = torch.tensor([[[[0.0, 3.0], [6.0, 9.0]]]])
    full = upsample(coarse, (3, 4))[0, 0].numpy()
    rows, columns = np.linspace(0, 6, 3)[:, None], np.linspace(0, 3, 4)[None]
    np.testing.assert_allclose(full, rows + columns, atol=1e-6)


def test_the_head_learns_faster_and_vectors_are_not_decayed() -> None:
    settings = SegmentationTrainSettings(
        labels="l", backbone=NAME, pretrained=False, optimiser="sgd", lr=0.001, weight_decay=5e-4, head_channels=8
    )
    network = build_deeplab(settings, 2)
    groups = build_optimiser(network, settings, network.new_parameters()).param_groups
    assert [(g["lr"], g["weight_decay"]) for g in groups] == [
        (0.001, 5e-4),
        (0.002, 0.0),
        (pytest.approx(0.01), 5e-4),
        (pytest.approx(0.02), 0.0),
    ]
    assert sum(p.numel() for g in groups for p in g["params"]) == sum(p.numel() for p in network.parameters())
    assert any(p is network.classifier.bias for p in groups[3]["params"])


def moved(network: DeepLab, batch_norm: str) -> set[str]:
    """Names of buffers that a forward pass in training mode moves."""
    before = {name: tensor.clone() for name, tensor in network.named_buffers()}
    network.train_mode(batch_norm, 0.3)
    network(torch.randn(2, 3, 64, 64))
    return {n for n, t in network.named_buffers() if "running" in n and not torch.equal(t, before[n])}


def test_frozen_batch_norm_is_the_backbones_and_the_heads_still_moves() -> None:
    network, parent = started_deeplab(options(batch_norm="frozen", frozen_stages=2, head_channels=8), 2, None)
    assert parent is None
    assert not any(p.requires_grad for layer in batch_norms(network.backbone) for p in layer.parameters())
    assert not any(p.requires_grad for stage in network.stages()[:2] for m in stage for p in m.parameters())
    assert all(p.requires_grad for p in network.new_parameters())
    assert any(p.requires_grad for p in network.backbone.parameters())
    assert moved(network, "frozen") == {f"head.{i}.running_{what}" for i in (1, 4) for what in ("mean", "var")}


def test_batch_statistics_move_by_the_momentum_everywhere() -> None:
    network, _ = started_deeplab(options(head_channels=8), 2, None)
    names = {name for name, _ in network.named_buffers() if "running" in name}
    assert moved(network, "all") == names
    assert {layer.momentum for layer in batch_norms(network)} == {0.3}
