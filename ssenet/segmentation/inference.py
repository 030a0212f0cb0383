"""Class probabilities of a photograph from a segmentation network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ssenet.config import SegmentationTrainSettings
from ssenet.errors import CheckpointError
from ssenet.inference import best_device
from ssenet.results import CheckpointCard
from ssenet.segmentation.network import DeepLab, build_deeplab, upsample
from ssenet.weights.loading import load_strictly, read_weights

Rgb = NDArray[np.uint8]


class SegmentationNetwork:
    """A trained DeepLab with the normalisation it expects.

    Args:
        model: the DeepLab; put into evaluation mode.
        card: what its weights are.
        device: where it runs; None takes ``best_device``.
    """

    def __init__(self, model: DeepLab, card: CheckpointCard, device: torch.device | None = None) -> None:
        self.device, self.card = device or best_device(), card
        self.model = model.to(self.device).eval()
        self._mean = torch.tensor(card.mean, device=self.device).view(3, 1, 1)
        self._std = torch.tensor(card.std, device=self.device).view(3, 1, 1)

    @torch.inference_mode()
    def probabilities(self, image: Rgb, scales: Iterable[float] = (1.0,), flip: bool = False) -> NDArray[np.float32]:
        """Softmax over the mean of logits of all views: (K + 1, H, W), background first.

        Besides the weights, memory is two such maps and the largest view's forward pass.

        Args:
            image: (H, W, 3) RGB.
            scales: of the input; each once.
            flip: also average with the mirrored image.
        """
        size, chosen = (image.shape[0], image.shape[1]), sorted(set(scales))
        total = torch.zeros((len(self.card.classes) + 1, *size), device=self.device)
        for scale in chosen:
            total += upsample(self._coarse(image, scale, flip), size)[0]
        total /= len(chosen)
        total.sub_(total.amax(dim=0)).exp_()
        return total.div_(total.sum(dim=0)).cpu().numpy()

    def labels(self, image: Rgb, scales: Iterable[float] = (1.0,), flip: bool = False) -> Rgb:
        """The most probable label of every pixel (H, W): 0 background, k + 1 class k."""
        return self.probabilities(image, scales, flip).argmax(axis=0).astype(np.uint8)

    def _coarse(self, image: Rgb, scale: float, flip: bool) -> Tensor:
        """Logits (1, K + 1, h, w) of one scale, averaged with those of the mirrored image.

        Averaged before upsampling: with aligned corners, mirroring and upsampling commute.
        """
        x = self._input(image, scale)
        batch = torch.stack([x, x.flip(-1)] if flip else [x])
        logits: Tensor = self.model(batch).float()
        return (logits[:1] + logits[1:].flip(-1)) / 2 if flip else logits

    def _input(self, image: Rgb, scale: float) -> Tensor:
        """Scaled by PIL's bicubic filter and normalised: (3, h, w)."""
        height, width = self.model.input_size((image.shape[0], image.shape[1]), scale)
        scaled = image
        if (height, width) != image.shape[:2]:
            scaled = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))
        x = torch.from_numpy(scaled.copy()).to(self.device)
        return (x.permute(2, 0, 1).float() / 255 - self._mean) / self._std


def load_segmentation(weights: Path, card: CheckpointCard, device: torch.device | None = None) -> SegmentationNetwork:
    """The network of a segmentation checkpoint; the file's hash and every tensor must match its card.

    Raises:
        CheckpointError: another kind of network, a damaged file, or one that is not what the card describes.
    """
    if card.role != "segmentation" or not isinstance(card.settings, SegmentationTrainSettings):
        raise CheckpointError(f"{card.name} is a network of kind {card.role}. Choose a segmentation network.")
    state = read_weights(weights, card)
    model = build_deeplab(card.settings, len(card.classes))
    load_strictly(model, state, card)
    return SegmentationNetwork(model, card, device)
