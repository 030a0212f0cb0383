"""CamNet: a backbone, a 1×1 convolution as classifier, global average pooling.

The classifier's weights applied to every cell *are* the class activation map of Zhou
et al. (2016): no backward pass and no hooks are needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, cast

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ssenet.config import BatchNorm
from ssenet.models.backbones import TimmBackbone, tiled
from ssenet.models.resnet38 import ResNet38Cam, check_stride


class TimmCam(nn.Module):
    """A timm backbone with a 1×1 classifier.

    Shapes: image (B, 3, H, W) to coarse logits (B, K, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, backbone: str, stride: int, classes: int, *, dropout: float = 0.0, bias: bool = False) -> None:
        super().__init__()
        self.backbone = TimmBackbone(backbone, stride)
        self.dropout = nn.Dropout2d(dropout)
        self.classifier = nn.Conv2d(self.backbone.channels, classes, 1, bias=bias)
        nn.init.xavier_uniform_(self.classifier.weight)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.classifier(self.dropout(self.backbone(x))))

    def stages(self) -> list[list[nn.Module]]:
        """Modules from the stem on."""
        return self.backbone.stages()


CamNet = ResNet38Cam | TimmCam
"""An image (B, 3, H, W) to coarse logits (B, K, h, w); ``classifier`` is its 1×1 convolution."""


def build_cam_net(backbone: str, stride: int, classes: int, *, dropout: float = 0.0, bias: bool = False) -> CamNet:
    """An untrained CamNet.

    Raises:
        SettingsError: unknown backbone, or one that cannot give this stride.
    """
    if backbone == "resnet38":
        check_stride(stride)
        return ResNet38Cam(classes, dropout=dropout)
    return TimmCam(backbone, stride, classes, dropout=dropout, bias=bias)


def global_average(coarse: Tensor) -> Tensor:
    """P of Eq. 1: class scores (B, K) from coarse logits (B, K, h, w)."""
    return coarse.mean(dim=(2, 3))


def tiled_side(side: float, network: CamNet, *, least: int = 2) -> int:
    """The side nearest to ``side`` px that the cells of ``network`` tile, at least ``least`` cells.

    ResNet38 keeps any size, as the released code does.
    """
    if isinstance(network, ResNet38Cam):
        return max(1, round(side))
    return tiled(side, network.backbone.stride, least=least)


class Staged(Protocol):
    """A network that names its stages, and is an ``nn.Module``."""

    def stages(self) -> list[list[nn.Module]]:
        """Modules from the stem on."""

    def modules(self) -> Iterator[nn.Module]:
        """All modules."""

    def train(self, mode: bool = True) -> Any:
        """Training mode."""


def freeze(network: Staged, *, stages: int, batch_norm: bool) -> None:
    """Fix the first ``stages`` stages, and with ``batch_norm`` every batch norm's affine, for good."""
    for module in (m for stage in network.stages()[:stages] for m in stage):
        module.requires_grad_(False)
    if batch_norm:
        for module in batch_norms(network):
            module.requires_grad_(False)


def batch_norms(network: Staged | nn.Module) -> list[_BatchNorm]:
    """All batch norm layers, timm's fused ones included."""
    return [m for m in network.modules() if isinstance(m, _BatchNorm)]


def train_mode(network: Staged, batch_norm: BatchNorm, momentum: float) -> None:
    """Training mode; frozen batch norm keeps using its running statistics as they are."""
    network.train()
    for module in batch_norms(network):
        module.momentum = momentum
        module.train(batch_norm != "frozen")


@contextmanager
def statistics_kept(network: CamNet, keep: bool = True) -> Iterator[None]:
    """Within, forward passes leave the running statistics of batch norm as they are.

    Two branches of different size have different statistics. When both move the running
    ones, those describe neither.
    """
    layers = batch_norms(network) if keep else []
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
