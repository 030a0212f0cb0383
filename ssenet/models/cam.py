"""CamNet: a backbone, a 1×1 convolution as classifier, global average pooling.

The classifier's weights applied to every cell *are* the class activation map of Zhou
et al. (2016): no backward pass and no hooks are needed.
"""

from __future__ import annotations

import math
from typing import cast

from torch import Tensor, nn

from ssenet.models.backbones import TimmBackbone
from ssenet.models.resnet38 import ResNet38Cam


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
    stride = network.backbone.stride
    return max(least, math.floor(side / stride + 0.5)) * stride


def freeze(network: CamNet, *, stages: int, batch_norm: bool) -> None:
    """Fix the first ``stages`` stages, and with ``batch_norm`` every batch norm's affine, for good."""
    for module in (m for stage in network.stages()[:stages] for m in stage):
        module.requires_grad_(False)
    if batch_norm:
        for module in batch_norms(network):
            module.requires_grad_(False)


def batch_norms(network: nn.Module) -> list[nn.Module]:
    """All batch norm layers, timm's fused ones included."""
    return [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]


def train_mode(network: CamNet, *, freeze_batch_norm: bool) -> None:
    """Training mode; with ``freeze_batch_norm`` the running statistics stay as they are."""
    network.train()
    if freeze_batch_norm:
        for module in batch_norms(network):
            module.eval()
