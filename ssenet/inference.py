"""Raw coarse logits of a photograph, one forward pass per scale. No backward, no hooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ssenet.errors import CheckpointError
from ssenet.models.cam import CamNet, build_cam_net, tiled_side
from ssenet.models.resnet38 import ResNet38Cam
from ssenet.render import scaled_size
from ssenet.results import CheckpointCard, View
from ssenet.transforms import warp
from ssenet.weights.loading import load_strictly, read_weights

Rgb = NDArray[np.uint8]


def best_device() -> torch.device:
    """The first CUDA device when there is one, otherwise the CPU."""
    return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


class Network:
    """A trained CamNet with the normalisation it expects.

    Args:
        model: the CamNet.
        card: what its weights are.
        device: where it runs; None takes ``best_device``.
    """

    def __init__(self, model: CamNet, card: CheckpointCard, device: torch.device | None = None) -> None:
        self.device = device or best_device()
        self.card = card
        self.model: CamNet = model.to(self.device).eval()
        self._mean = torch.tensor(card.mean, device=self.device).view(3, 1, 1)
        self._std = torch.tensor(card.std, device=self.device).view(3, 1, 1)

    @property
    def bytes(self) -> int:
        """Memory of the weights."""
        return sum(t.numel() * t.element_size() for t in self.model.state_dict().values())

    def coarse_logits(self, image: Rgb, views: Iterable[View]) -> dict[View, NDArray[np.float32]]:
        """Raw logits (K, h, w) of each view, mirrored back where the view is mirrored.

        Those of a rotated or shifted view stay in the warped frame (``View``).

        Args:
            image: (H, W, 3) RGB.
            views: what to compute; the views of one scale share a forward pass.
        """
        out: dict[View, NDArray[np.float32]] = {}
        ordered = sorted(set(views), key=lambda view: (view.scale, view.flip, view.name))
        for scale, group in groupby(ordered, key=lambda view: view.scale):
            out.update(self._one_scale(image, scale, list(group)))
        return out

    @torch.inference_mode()
    def _one_scale(self, image: Rgb, scale: float, views: Sequence[View]) -> dict[View, NDArray[np.float32]]:
        x = self._input(image, scale)
        batch = torch.stack([transformed(x, view, image.shape[0] / image.shape[1]) for view in views])
        logits: Tensor = self.model(batch)
        aligned = [y.flip(-1) if view.flip else y for y, view in zip(logits, views, strict=True)]
        return {view: y.float().cpu().numpy() for view, y in zip(views, aligned, strict=True)}

    def _input(self, image: Rgb, scale: float) -> Tensor:
        """Scaled by PIL's bicubic filter, as released, and normalised: (3, h, w)."""
        height, width = self.input_size((image.shape[0], image.shape[1]), scale)
        scaled = image
        if (height, width) != image.shape[:2]:
            scaled = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))
        x = torch.from_numpy(scaled.copy()).to(self.device)
        return (x.permute(2, 0, 1).float() / 255 - self._mean) / self._std

    def input_size(self, size: tuple[int, int], scale: float) -> tuple[int, int]:
        """Height and width that the network sees; a timm backbone's cells must tile them."""
        if isinstance(self.model, ResNet38Cam):
            return scaled_size(size, scale)
        height, width = (tiled_side(side * scale, self.model) for side in size)
        return height, width


def transformed(x: Tensor, view: View, aspect: float) -> Tensor:
    """What the network sees of a normalised photograph (3, h, w), which is at the view's scale already.

    It is turned and shifted with zeros from outside, as in training, and mirrored last.

    Args:
        x: the scaled photograph; its sides are rounded to what the network can see.
        view: how to look at it.
        aspect: height / width of the photograph itself, so that an angle is one of the photograph.
    """
    if view.warped:
        x = warp(x[None], view.rotation, view.shift_x, view.shift_y, aspect)[0]
    return x.flip(-1) if view.flip else x


def load_network(weights: Path, card: CheckpointCard, device: torch.device | None = None) -> Network:
    """The CAM network of a checkpoint; the file's hash and every tensor must match its card.

    Raises:
        CheckpointError: the file is damaged, is not what the card describes, or is of a kind we do not load.
    """
    if card.role != "cam":
        raise CheckpointError(f"{card.name} is a network for {card.role}: it has no class activation maps.")
    state = read_weights(weights, card)
    model = build_cam_net(card.backbone, card.stride, len(card.classes), bias="classifier.bias" in state)
    load_strictly(model, state, card)
    return Network(model, card, device)
