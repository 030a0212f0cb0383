"""Any timm backbone as a dense feature extractor.

Where a cell looks matters here more than elsewhere: upsampling with
``align_corners=False`` puts cell i of a stride-s map at pixel s·i + (s - 1)/2, and an
offset of half a cell at half scale is a whole cell in the photograph, an inconsistency
between scales that is plain geometry. At sides
that are multiples of the stride, EfficientNet-Lite0's cells lie nearest to where they
should (``benchmarks/cell_offsets.py``), so images are scaled to such (``tiled_side``).
"""

from __future__ import annotations

import math
from typing import Any, cast

import timm
import torch
from torch import Tensor, nn

from ssenet.errors import SettingsError

LITE0 = "tf_efficientnet_lite0"


class TimmBackbone(nn.Module):
    """A timm model by name at output stride 8, 16 or 32.

    Shapes: image (B, 3, H, W) to features (B, C, ceil(H/stride), ceil(W/stride)).

    Raises:
        SettingsError: timm knows no such model, or it cannot give this stride.
    """

    def __init__(self, name: str, stride: int) -> None:
        super().__init__()
        self.name, self.stride = name, stride
        self.model = _create(name, stride)
        self.channels = int(cast(int, self.model.num_features))
        self._check_stride()

    def _check_stride(self) -> None:
        self.model.eval()
        with torch.no_grad():
            side = self(torch.zeros(1, 3, 4 * self.stride, 4 * self.stride)).shape
        self.model.train()
        if len(side) != 4 or side[1] != self.channels or side[-1] != 4:
            raise SettingsError(
                f"{self.name} does not give a feature map of stride {self.stride}: its output has shape "
                f"{tuple(side)} for a {4 * self.stride} px image. Choose a convolutional model or another stride."
            )

    def forward(self, x: Tensor) -> Tensor:
        # timm's own name for "everything before pooling"; nn.Module does not declare it.
        return cast(Any, self.model).forward_features(x)

    def stages(self) -> list[list[nn.Module]]:
        """Stem, then the model's own stages in order, as far as timm names them."""
        stem = [m for name, m in self.model.named_children() if name in {"conv_stem", "bn1", "conv1", "stem"}]
        return [stem, *([stage] for stage in _named_stages(self.model))]


def tiled(side: float, stride: int, *, least: int = 2) -> int:
    """The side nearest to ``side`` px that cells of ``stride`` px tile, at least ``least`` cells."""
    return max(least, math.floor(side / stride + 0.5)) * stride


def _named_stages(model: nn.Module) -> list[nn.Module]:
    stages = getattr(model, "stages", None) or getattr(model, "blocks", None)
    if isinstance(stages, nn.Module):
        return list(stages.children())
    return [m for name, m in model.named_children() if name.startswith("layer")]


def _create(name: str, stride: int) -> nn.Module:
    if not timm.is_model(name):
        near = ", ".join(timm.list_models(f"*{name.split('_')[-1][:8]}*")[:5])
        raise SettingsError(f"timm knows no model named {name!r}." + (f" Near it: {near}." if near else ""))
    options: dict[str, Any] = {} if stride == 32 else {"output_stride": stride}
    try:
        return timm.create_model(name, pretrained=False, num_classes=0, global_pool="", **options)
    except (TypeError, NotImplementedError, AssertionError) as error:
        raise SettingsError(f"{name} cannot be built at stride {stride}: {error}") from error


def normalisation(name: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean and standard deviation of RGB in [0, 1] that ``name`` was trained with."""
    if name == LITE0:
        # The weights expect (x - 127) / 128, which is not quite timm's 0.5.
        return (127 / 255,) * 3, (128 / 255,) * 3
    if name == "resnet38" or not timm.is_model(name):
        return (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    config = timm.get_pretrained_cfg(name)
    if config is None:
        return (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    (m0, m1, m2), (s0, s1, s2) = config.mean, config.std
    return (m0, m1, m2), (s0, s1, s2)
