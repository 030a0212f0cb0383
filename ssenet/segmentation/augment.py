"""Training crops of a photograph and its labels, a pure function of the random generator.

Rescale by a random factor, mirror, cut out a window, jitter its colours, normalise, and
put it into a container: of the mean colour for the photograph, of 255 (ignored) for the labels.
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

from ssenet.config import SegmentationOptions
from ssenet.data.augment import jitter, place
from ssenet.data.base import IGNORED

Rgb = tuple[float, float, float]
Window = tuple[int, int, int]


@dataclass(frozen=True)
class SegmentationAugment:
    """Make a training crop and its labels.

    Attributes:
        crop: side of the square crop, in pixels.
        scale_min: smallest factor of the size.
        scale_max: largest.
        jitter: strength of brightness, contrast and saturation; hue moves a third of it.
        mean: of RGB in [0, 1].
        std: of RGB in [0, 1].
    """

    crop: int
    scale_min: float
    scale_max: float
    jitter: float
    mean: Rgb
    std: Rgb

    @classmethod
    def of(cls, options: SegmentationOptions, mean: Rgb, std: Rgb) -> SegmentationAugment:
        """The augmentation that ``options`` describe."""
        return cls(options.crop, options.scale_min, options.scale_max, options.jitter, mean, std)

    def __call__(self, image: NDArray[np.uint8], labels: NDArray[np.uint8], random: Generator) -> tuple[Tensor, Tensor]:
        """(H, W, 3) and (H, W) uint8 to a normalised (3, crop, crop) float32 and labels (crop, crop) int64.

        Raises:
            ValueError: photograph and labels differ in size.
        """
        if image.shape[:2] != labels.shape:
            raise ValueError(f"a photograph of {image.shape[:2]} with labels of {labels.shape}")
        x, y = torch.from_numpy(image.copy()).permute(2, 0, 1), torch.from_numpy(labels.copy())[None]
        x, y = self._rescale(x, y, random)
        if random.random() < 0.5:
            x, y = TF.horizontal_flip(x), TF.horizontal_flip(y)
        rows, columns = (place(side, self.crop, random) for side in x.shape[-2:])
        # The window alone is jittered: colours of what is cut away are not worth the time.
        window = jitter(_read(x, rows, columns), self.jitter, random)
        normal = TF.normalize(window.float() / 255, list(self.mean), list(self.std))
        picture = _written(torch.zeros(3, self.crop, self.crop), normal, rows, columns)
        ignored = torch.full((1, self.crop, self.crop), IGNORED, dtype=torch.int64)
        return picture, _written(ignored, _read(y, rows, columns).long(), rows, columns)[0]

    def _rescale(self, x: Tensor, y: Tensor, random: Generator) -> tuple[Tensor, Tensor]:
        factor = float(random.uniform(self.scale_min, self.scale_max))
        size = [max(1, round(side * factor)) for side in x.shape[-2:]]
        picture = TF.resize(x, size, InterpolationMode.BICUBIC, antialias=True)
        return picture, TF.resize(y, size, InterpolationMode.NEAREST_EXACT)


def _read(x: Tensor, rows: Window, columns: Window) -> Tensor:
    (top, _, height), (left, _, width) = rows, columns
    return x[:, top : top + height, left : left + width]


def _written(container: Tensor, x: Tensor, rows: Window, columns: Window) -> Tensor:
    (_, top, height), (_, left, width) = rows, columns
    container[:, top : top + height, left : left + width] = x
    return container
