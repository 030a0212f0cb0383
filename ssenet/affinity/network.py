"""AffinityNet (Ahn and Kwak 2018): features whose L1 distance says whether two cells belong together.

Three feature levels of a backbone pass through 1×1 convolutions of 64, 128 and 256 channels,
are joined, and mixed by one more 1×1 convolution. Names of the heads are the released ones.
On ResNet38 the levels are the activated inputs of b5 and b6 and the output. On a timm
backbone they are, by the same recipe, the two levels before the deepest, and the output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ssenet.errors import SettingsError
from ssenet.models.backbones import TimmBackbone
from ssenet.models.resnet38 import STRIDE, ResNet38, check_stride

WIDTHS = (64, 128, 256)
CHANNELS = sum(WIDTHS)
RESNET38_GAIN = 4.0
"""Of the mixing layer's initial weights, as released."""
TIMM_GAIN = 0.5
"""The same on timm backbones. At 4 their affinities start near e^-7 and an epoch goes by before they tell pairs
apart; at 0.5 they start near one half (measured on EfficientNet-Lite0, 36 steps: pair accuracy 0.84 against 0.68)."""


def _level_head(channels: int, width: int) -> nn.Conv2d:
    layer = nn.Conv2d(channels, width, 1, bias=False)
    nn.init.kaiming_normal_(layer.weight)
    return layer


def _mixing_head(gain: float) -> nn.Conv2d:
    layer = nn.Conv2d(CHANNELS, CHANNELS, 1, bias=False)
    nn.init.xavier_uniform_(layer.weight, gain=gain)
    return layer


def _joined(levels: Sequence[Tensor], heads: Sequence[nn.Conv2d], mix: nn.Conv2d) -> Tensor:
    """Features (B, 448, h, w) on the grid of the last level."""
    size = levels[-1].shape[-2:]
    maps = [F.elu(head(level)) for head, level in zip(heads, levels, strict=True)]
    resized = [m if m.shape[-2:] == size else F.interpolate(m, size, mode="bilinear") for m in maps]
    return F.elu(mix(torch.cat(resized, dim=1)))


class ResNet38Affinity(ResNet38):
    """AffinityNet on ResNet38, with the keys of the released code; stride 8.

    Shapes: image (B, 3, H, W) to features (B, 448, ceil(H/8), ceil(W/8)).
    """

    stride = STRIDE

    def __init__(self) -> None:
        super().__init__()
        self.f8_3, self.f8_4, self.f8_5 = (_level_head(c, w) for c, w in zip((512, 1024, 4096), WIDTHS, strict=True))
        self.f9 = _mixing_head(RESNET38_GAIN)

    def heads(self) -> list[nn.Parameter]:
        """Parameters of the new layers."""
        return [p for layer in (self.f8_3, self.f8_4, self.f8_5, self.f9) for p in layer.parameters()]

    def forward(self, x: Tensor) -> Tensor:
        return _joined(self.taps(x), (self.f8_3, self.f8_4, self.f8_5), self.f9)


class TimmAffinity(nn.Module):
    """AffinityNet on a timm backbone.

    Shapes: image (B, 3, H, W) to features (B, 448, ceil(H/stride), ceil(W/stride)).

    Raises:
        SettingsError: timm knows no such model, it cannot give this stride, or not its feature levels.
    """

    def __init__(self, backbone: str, stride: int) -> None:
        super().__init__()
        self.backbone, self.stride = TimmBackbone(backbone, stride), stride
        channels = self._level_channels()
        self.f8_3, self.f8_4, self.f8_5 = (_level_head(c, w) for c, w in zip(channels, WIDTHS, strict=True))
        self.f9 = _mixing_head(TIMM_GAIN)

    def _level_channels(self) -> list[int]:
        self.backbone.eval()
        with torch.no_grad():
            channels = [level.shape[1] for level in self.levels(torch.zeros(1, 3, 4 * self.stride, 4 * self.stride))]
        self.backbone.train()
        return channels

    def levels(self, x: Tensor) -> list[Tensor]:
        """The two feature levels before the deepest, and the backbone's output."""
        model = cast(Any, self.backbone.model)
        if not hasattr(model, "forward_intermediates"):
            raise SettingsError(f"timm gives no feature levels of {self.backbone.name}. Choose another backbone.")
        output, levels = model.forward_intermediates(x)
        if len(levels) < 3:
            raise SettingsError(f"{self.backbone.name} has only {len(levels)} feature levels, and three are needed.")
        return [levels[-3], levels[-2], output]

    def stages(self) -> list[list[nn.Module]]:
        """Modules of the backbone from the stem on."""
        return self.backbone.stages()

    def heads(self) -> list[nn.Parameter]:
        """Parameters of the new layers."""
        return [p for layer in (self.f8_3, self.f8_4, self.f8_5, self.f9) for p in layer.parameters()]

    def forward(self, x: Tensor) -> Tensor:
        return _joined(self.levels(x), (self.f8_3, self.f8_4, self.f8_5), self.f9)


AffinityNet = ResNet38Affinity | TimmAffinity
"""An image (B, 3, H, W) to features (B, 448, h, w)."""


def build_affinity_net(backbone: str, stride: int) -> AffinityNet:
    """An untrained AffinityNet.

    Raises:
        SettingsError: unknown backbone, or one that cannot give this stride.
    """
    if backbone != "resnet38":
        return TimmAffinity(backbone, stride)
    check_stride(stride)
    return ResNet38Affinity()
