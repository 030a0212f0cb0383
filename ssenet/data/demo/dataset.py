"""The demo set as a data set: composed when an image is asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssenet.config import DatasetSpec
from ssenet.data.base import Sample, checked_index, checked_split, fingerprint_of, labels_in_mask
from ssenet.data.demo import CLASSES
from ssenet.data.demo.assets import check_assets, load_assets
from ssenet.data.demo.compose import COMPOSER_VERSION, compose, generator
from ssenet.errors import DatasetError


class DemoDataset:
    """Ten classes of cut-outs over photographs, with exact masks.

    Images of ``train`` differ from epoch to epoch; those of ``val`` never do. Both
    are a pure function of (seed, split, epoch, index), and the two splits share
    neither a cut-out nor a background.

    Raises:
        DatasetError: the pictures are missing, or other classes are asked for.
    """

    def __init__(self, spec: DatasetSpec) -> None:
        if spec.classes not in (None, CLASSES):
            raise DatasetError(f"The demo set has its own classes ({', '.join(CLASSES)}): leave classes empty.")
        self.spec = spec
        self.classes = CLASSES
        self.splits = {"train": spec.train_images, "val": spec.val_images}
        self.unlabelled: dict[str, int] = {}
        self.has_masks = True
        self.masked_splits = ("train", "val")
        self.label_source = "masks (exact, composed)"
        self._assets = load_assets()
        self._labels: dict[tuple[str, int], NDArray[np.float32]] = {}
        self.fingerprint = fingerprint_of(
            ["demo", COMPOSER_VERSION, self._assets.sha256, spec.seed, spec.train_images, spec.val_images]
        )

    def ids(self, split: str) -> list[str]:
        """``train_00000`` and so on."""
        return [f"{split}_{i:05d}" for i in range(checked_split(self.spec, self.splits, split))]

    def sample(self, split: str, index: int, *, epoch: int = 0, with_mask: bool = True) -> Sample:
        """Compose an image. Raises DatasetError for one that does not exist."""
        checked_index(self.spec, self.splits, split, index)
        rng = generator(self.spec.seed, split, 0 if split == "val" else epoch, index)
        composite = compose(self._assets.splits[split], rng)
        labels = labels_in_mask(composite.mask, len(CLASSES))
        return Sample(f"{split}_{index:05d}", composite.image, labels, composite.mask if with_mask else None)

    def labels(self, split: str, index: int) -> NDArray[np.float32]:
        """(K,) labels of epoch 0, composed once. Raises DatasetError for a sample that does not exist."""
        if (split, index) not in self._labels:
            self._labels[split, index] = self.sample(split, index).labels
        return self._labels[split, index].copy()

    def check(self) -> list[str]:
        """Pictures that are missing or altered."""
        return check_assets()
