"""Training crops of AffinityNet: photographs with the labels of their cells, from a set of CRF scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset
from torchvision.transforms.v2 import functional as TF

from ssenet.affinity.labels import affinity_labels
from ssenet.data.augment import generator, jitter, place
from ssenet.errors import DatasetError
from ssenet.refine.photographs import Photographs
from ssenet.sets import ImageSet


@dataclass(frozen=True)
class AffinityAugment:
    """Make a training crop from a photograph and its CRF scores; there is no rescaling, as released.

    Attributes:
        crop: side of the square crop, in pixels.
        stride: pixels a cell.
        jitter: strength of colour jitter.
        mean: of RGB in [0, 1].
        std: of RGB in [0, 1].
    """

    crop: int
    stride: int
    jitter: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __call__(
        self,
        image: NDArray[np.uint8],
        low: NDArray[np.floating],
        high: NDArray[np.floating],
        classes: NDArray[np.int64],
        random: Generator,
    ) -> tuple[Tensor, Tensor]:
        """A normalised crop (3, crop, crop) and the labels (h, w) of its cells.

        Args:
            image: (H, W, 3) RGB.
            low: (k + 1, H, W) scores under the strong background.
            high: the same under the weak background.
            classes: (k,) indices.
            random: of this image in this epoch.
        """
        x = jitter(torch.from_numpy(image.copy()).permute(2, 0, 1), self.jitter, random)
        x = TF.normalize(x.float() / 255, list(self.mean), list(self.std))
        places = [place(side, self.crop, random) for side in image.shape[:2]]
        x = torch.from_numpy(self._cut(x.numpy(), places))
        labels = affinity_labels(self._cut(low, places), self._cut(high, places), classes, self.stride)
        cells = torch.from_numpy(labels)
        return (x.flip(-1), cells.flip(-1)) if random.random() < 0.5 else (x, cells)

    def _cut(self, maps: NDArray[np.floating], places: list[tuple[int, int, int]]) -> NDArray[np.float32]:
        """The crop (c, crop, crop) of maps (c, H, W); where they do not reach, it is zero."""
        (top, to_top, height), (left, to_left, width) = places
        out = np.zeros((len(maps), self.crop, self.crop), np.float32)
        window = maps[:, top : top + height, left : left + width]
        out[:, to_top : to_top + height, to_left : to_left + width] = window
        return out


class AffinityCrops(TorchDataset[tuple[Tensor, ...]]):
    """Augmented crops of images of a CRF set; each a pure function of (seed, epoch, index).

    Args:
        crf: the set.
        photographs: of the same split.
        indices: of images of the set.
        epoch: counted from 0.
        seed: of the run.
        augment: how crops are made.
    """

    def __init__(
        self,
        crf: ImageSet,
        photographs: Photographs,
        indices: list[int],
        epoch: int,
        seed: int,
        augment: AffinityAugment,
    ) -> None:
        self.crf, self.photographs, self.indices = crf, photographs, indices
        self.epoch, self.seed, self.augment = epoch, seed, augment

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> tuple[Tensor, ...]:
        index = self.indices[position]
        image_id = self.crf.ids[index]
        image, arrays = self.photographs.sample(image_id).image, self.crf.arrays(image_id)
        try:
            low, high, classes = arrays["low"], arrays["high"], arrays["classes"].astype(np.int64)
        except KeyError as error:
            raise DatasetError(f"{self.crf.path(image_id)} is no item of a set of CRF scores: {error}") from error
        if low.shape[1:] != image.shape[:2]:
            raise DatasetError(f"{self.crf.path(image_id)} was made for a photograph of another size.")
        return self.augment(image, low, high, classes, generator(self.seed, self.epoch, index))
