"""Affinities of a photograph from a trained AffinityNet."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from ssenet.affinity.distances import pair_affinities
from ssenet.affinity.grid import WalkGrid
from ssenet.affinity.network import AffinityNet, build_affinity_net
from ssenet.affinity.pairs import PairAffinities, PairGrid
from ssenet.errors import CheckpointError
from ssenet.inference import best_device
from ssenet.results import CheckpointCard
from ssenet.weights.loading import load_strictly, read_weights

Rgb = NDArray[np.uint8]

_PROBE = 64
_WORKSPACE = 3.5
"""Peak of a forward pass over input and output of its largest layer: measured 2.1 (Lite0) to 3.1 (ResNet38)."""


class AffinityInference:
    """A trained AffinityNet with the normalisation it expects.

    Args:
        model: the AffinityNet; put into evaluation mode.
        card: what its weights are.
        device: where it runs; None takes ``best_device``.
    """

    def __init__(self, model: AffinityNet, card: CheckpointCard, device: torch.device | None = None) -> None:
        self.device, self.card = device or best_device(), card
        self.model: AffinityNet = model.to(self.device).eval()
        self.stride: int = model.stride
        self._mean = torch.tensor(card.mean, device=self.device).view(3, 1, 1)
        self._std = torch.tensor(card.std, device=self.device).view(3, 1, 1)

    @torch.inference_mode()
    def affinities(self, image: Rgb, radius: int = 5, working_side: int = 1024) -> PairAffinities:
        """Affinities of the photograph's cells.

        A photograph with a longer side than ``working_side`` pixels is scaled down to it,
        and the grid is that of the smaller image. The image is padded with the mean colour
        at the bottom and right to whole cells, as released.

        Args:
            image: (H, W, 3) RGB.
            radius: of the pairs, in cells; a map too small for it takes a smaller one.
            working_side: longest side, in pixels, that goes through the network.
        """
        grid = WalkGrid.of((image.shape[0], image.shape[1]), self.stride, working_side)
        features: Tensor = self.model(self._input(image, grid)[None])
        pairs = PairGrid.fitting(grid.cells, radius)
        return PairAffinities(pairs, pair_affinities(features.float(), pairs)[0].cpu().numpy())

    def _input(self, image: Rgb, grid: WalkGrid) -> Tensor:
        """Scaled by PIL's bicubic filter where it is too large, normalised, then padded: (3, h, w)."""
        (height, width), (rows, columns) = grid.working, grid.cells
        scaled = image
        if grid.working != grid.size:
            scaled = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))
        x = torch.from_numpy(scaled.copy()).to(self.device)
        x = (x.permute(2, 0, 1).float() / 255 - self._mean) / self._std
        return F.pad(x, (0, columns * self.stride - width, 0, rows * self.stride - height))

    @property
    def free_memory(self) -> int:
        """Bytes that are free, in the machine and on the network's device."""
        free = int(psutil.virtual_memory().available)
        return min(free, torch.cuda.mem_get_info(self.device)[0]) if self.device.type == "cuda" else free

    @cached_property
    def pixel_bytes(self) -> float:
        """The most bytes of activations, a pixel of the input, that live at once; from a small image."""
        return _WORKSPACE * _largest_layer(self.model, torch.zeros(1, 3, _PROBE, _PROBE, device=self.device))


@torch.inference_mode()
def _largest_layer(model: nn.Module, image: Tensor) -> float:
    """Bytes of input and output of the layer with the most, a pixel of ``image``."""
    largest = 0

    def measure(_module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        nonlocal largest
        tensors = [t for t in (*inputs, output) if isinstance(t, Tensor)]
        largest = max(largest, sum(t.numel() * t.element_size() for t in tensors))

    leaves = [module for module in model.modules() if not any(module.children())]
    hooks = [module.register_forward_hook(measure) for module in leaves]
    try:
        model(image)
    finally:
        for hook in hooks:
            hook.remove()
    return largest / (image.shape[-1] * image.shape[-2])


def load_affinity(weights: Path, card: CheckpointCard, device: torch.device | None = None) -> AffinityInference:
    """The network of an affinity checkpoint; the file's hash and every tensor must match its card.

    Raises:
        CheckpointError: another kind of network, a damaged file, or one that is not what the card describes.
    """
    if card.role != "affinity":
        raise CheckpointError(f"{card.name} is a network of kind {card.role}. Choose an AffinityNet.")
    state = read_weights(weights, card)
    model = build_affinity_net(card.backbone, card.stride)
    load_strictly(model, state, card)
    return AffinityInference(model, card, device)
