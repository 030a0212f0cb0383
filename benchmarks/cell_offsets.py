"""Where the cells of EfficientNet-Lite0 look: centroid of the squared input gradient of single cells.

``align_corners=False`` upsampling takes cell i of a stride-16 map to lie at 16 i + 7.5. Noise
images of n seeds; mean and standard error in pixels along both axes.
"""

from __future__ import annotations

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

from ssenet.models.backbones import LITE0
from ssenet.models.cam import build_cam_net
from ssenet.weights.imagenet import load_imagenet_backbone

STRIDE, CELLS, SEEDS = 16, (7, 8), 16


def offsets(backbone: nn.Module, side: int) -> np.ndarray:
    """(n, 2) distance in pixels from 16 i to the centroid, rows then columns."""
    out = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        smooth = F.interpolate(torch.randn(1, 3, 64, 64), size=(side, side), mode="bilinear")
        image = (smooth + 0.3 * torch.randn(1, 3, side, side)).requires_grad_()
        features = backbone(image)
        out += [_centroid(features, image, cell, side) - STRIDE * cell for cell in CELLS]
    return np.array(out)


def _centroid(features: Tensor, image: Tensor, cell: int, side: int) -> np.ndarray:
    (gradient,) = torch.autograd.grad(features[0, :, cell, cell].square().sum(), image, retain_graph=True)
    weight = gradient.square().sum((0, 1))
    weight = weight / weight.sum()
    axis = torch.arange(float(side))
    return np.array([float((weight.sum(1) * axis).sum()), float((weight.sum(0) * axis).sum())])


def main() -> None:
    network = build_cam_net(LITE0, STRIDE, 1)
    load_imagenet_backbone(network)
    network.eval()
    table = Table("side px", "rows", "columns", title=f"offset of a cell from 16 i, ideal 7.5 px, n = {SEEDS} images")
    for side in (256, 257, 264):
        values = offsets(network.backbone, side)
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        table.add_row(str(side), *(f"{m:.1f} ± {e:.1f}" for m, e in zip(values.mean(axis=0), error, strict=True)))
    Console().print(table)


if __name__ == "__main__":
    main()
