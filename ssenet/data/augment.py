"""Augmentation of training images, each a pure function of its random generator.

The order is that of the released code: rescale the long side, mirror, jitter colours,
normalise, crop into a container of zeros, so that padding has the mean colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as TF

from ssenet.config import CamTrainSettings


def generator(seed: int, epoch: int, index: int, stream: int = 0) -> Generator:
    """The random numbers of one image in one epoch; ``stream`` separates independent uses."""
    return np.random.default_rng([seed, epoch, index, stream])


@dataclass(frozen=True)
class Augment:
    """Make a training crop from a photograph.

    Attributes:
        crop: side of the square crop, in pixels.
        scale_min: shortest long side after rescaling, in pixels.
        scale_max: longest, inclusive.
        jitter: strength of brightness, contrast and saturation; hue moves a third of it.
        mean: of RGB in [0, 1].
        std: of RGB in [0, 1].
    """

    crop: int
    scale_min: int
    scale_max: int
    jitter: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def of(
        cls, settings: CamTrainSettings, mean: tuple[float, float, float], std: tuple[float, float, float]
    ) -> Augment:
        """The augmentation that ``settings`` describe."""
        return cls(settings.crop, settings.scale_min, settings.scale_max, settings.jitter, mean, std)

    def __call__(self, image: NDArray[np.uint8], random: Generator) -> Tensor:
        """(H, W, 3) uint8 to a normalised (3, crop, crop) float32."""
        x = torch.from_numpy(image.copy()).permute(2, 0, 1)
        x = self._rescale(x, random)
        if random.random() < 0.5:
            x = TF.horizontal_flip(x)
        x = jitter(x, self.jitter, random)
        x = TF.normalize(x.float() / 255, list(self.mean), list(self.std))
        return self._crop(x, random)

    def _rescale(self, x: Tensor, random: Generator) -> Tensor:
        target = int(random.integers(self.scale_min, self.scale_max, endpoint=True))
        height, width = x.shape[-2:]
        ratio = target / max(height, width)
        size = [max(1, round(height * ratio)), max(1, round(width * ratio))]
        return TF.resize(x, size, InterpolationMode.BICUBIC, antialias=True)

    def _crop(self, x: Tensor, random: Generator) -> Tensor:
        (top, to_top, height), (left, to_left, width) = (place(side, self.crop, random) for side in x.shape[-2:])
        container = torch.zeros(3, self.crop, self.crop)
        container[:, to_top : to_top + height, to_left : to_left + width] = x[
            :, top : top + height, left : left + width
        ]
        return container


def jitter(x: Tensor, strength: float, random: Generator) -> Tensor:
    """Brightness, contrast, saturation and hue of a picture (3, H, W) uint8, changed in a random order.

    Factors lie within 1 ± ``strength``; hue turns by a third of it at most.
    """
    factors = 1 + random.uniform(-strength, strength, 3)
    hue = float(random.uniform(-strength, strength)) / 3
    order = random.permutation(4)
    if strength == 0:
        return x
    for step in order:
        if step == 0:
            x = TF.adjust_brightness(x, float(factors[0]))
        elif step == 1:
            x = TF.adjust_contrast(x, float(factors[1]))
        elif step == 2:
            x = TF.adjust_saturation(x, float(factors[2]))
        else:
            x = TF.adjust_hue(x, hue)
    return x


def place(side: int, crop: int, random: Generator) -> tuple[int, int, int]:
    """Where to read from, where to write to, and how much, along one axis of ``side`` cut to ``crop``."""
    spare = side - crop
    offset = int(random.integers(0, abs(spare), endpoint=True))
    return (offset, 0, crop) if spare > 0 else (0, offset, side)
