"""What every data set is: samples with image-level labels and, where known, masks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ssenet.config import DatasetSpec
from ssenet.errors import DatasetError

IGNORED = 255
"""Mask value of pixels that belong to no class and are never scored."""


@dataclass(frozen=True)
class Sample:
    """One image with what is known about it.

    Attributes:
        id: name of the image, unique in its split.
        image: (H, W, 3) RGB, upright.
        labels: (K,) 1 where a class is in the image, else 0.
        mask: (H, W) 0 background, k + 1 class k, 255 ignored; None when unknown or not asked for.
    """

    id: str
    image: NDArray[np.uint8]
    labels: NDArray[np.float32]
    mask: NDArray[np.uint8] | None


class Dataset(Protocol):
    """A data set whose samples are a pure function of (spec, split, index, epoch)."""

    @property
    def spec(self) -> DatasetSpec:
        """How it was opened."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the K classes, without the background."""

    @property
    def fingerprint(self) -> str:
        """sha256 over everything that determines the samples."""

    @property
    def splits(self) -> dict[str, int]:
        """Name of each split → number of images."""

    @property
    def unlabelled(self) -> dict[str, int]:
        """Name of each list of photographs without labels or masks → number of images; they can only be predicted."""

    @property
    def has_masks(self) -> bool:
        """Whether there is a split with a mask for every image."""

    @property
    def masked_splits(self) -> tuple[str, ...]:
        """The splits with a mask for every image."""

    @property
    def label_source(self) -> str:
        """Where image-level labels and masks come from, for people."""

    def ids(self, split: str) -> list[str]:
        """Ids of a split, in order. Raises DatasetError for an unknown split."""

    def sample(self, split: str, index: int, *, epoch: int = 0, with_mask: bool = True) -> Sample:
        """One sample. Raises DatasetError when it cannot be read or does not exist."""

    def labels(self, split: str, index: int) -> NDArray[np.float32]:
        """(K,) labels of one sample (of epoch 0) without decoding its image where that can be avoided."""

    def check(self) -> list[str]:
        """Problems in words, from reading every file; empty when there are none."""


def checked_split(spec: DatasetSpec, splits: Mapping[str, int], split: str) -> int:
    """Number of images of ``split``. Raises DatasetError when there is no such split."""
    if split not in splits:
        known = ", ".join(splits) or "none"
        raise DatasetError(f"Data set {spec.name} has no split {split!r}; it has: {known}.")
    return splits[split]


def checked_index(spec: DatasetSpec, splits: Mapping[str, int], split: str, index: int) -> None:
    """Raise DatasetError unless image ``index`` of ``split`` exists."""
    count = checked_split(spec, splits, split)
    if not 0 <= index < count:
        raise DatasetError(f"Split {split} of data set {spec.name} has images 0 to {count - 1}, not {index}.")


def labels_in_mask(mask: NDArray[np.uint8], classes: int) -> NDArray[np.float32]:
    """(K,) labels of the classes with at least one pixel in ``mask`` (H, W).

    Raises:
        DatasetError: the mask has a label above K that is not 255.
    """
    present = np.flatnonzero(np.bincount(mask.ravel(), minlength=256)[:IGNORED])
    if present.size and present[-1] > classes:
        raise DatasetError(
            f"label {present[-1]} in a mask, but there are {classes} classes (labels 0 to {classes}, and 255 ignored)"
        )
    labels = np.zeros(classes, np.float32)
    labels[present[present > 0] - 1] = 1
    return labels


def labels_of(names: Iterable[str], classes: tuple[str, ...]) -> NDArray[np.float32]:
    """(K,) labels from class names. Raises DatasetError for a name that is no class."""
    labels = np.zeros(len(classes), np.float32)
    for name in names:
        if name not in classes:
            raise DatasetError(f"unknown class {name!r}; the classes are: {', '.join(classes)}")
        labels[classes.index(name)] = 1
    return labels


def fingerprint_of(parts: Iterable[object]) -> str:
    """sha256 over the text of ``parts``, each on its own line."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part}\n".encode())
    return digest.hexdigest()
