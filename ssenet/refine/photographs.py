"""The photographs behind a set, by id. Free of torch."""

from __future__ import annotations

from functools import lru_cache

from ssenet.config import DatasetSpec
from ssenet.data import Dataset, Sample, open_dataset
from ssenet.errors import DatasetError
from ssenet.sets import ImageSet


class Photographs:
    """The images of one split of an opened data set.

    Raises:
        DatasetError: there is no such split.
    """

    def __init__(self, dataset: Dataset, split: str) -> None:
        self.dataset, self.split = dataset, split
        self._positions = {image_id: index for index, image_id in enumerate(dataset.ids(split))}

    def sample(self, image_id: str, *, with_mask: bool = False) -> Sample:
        """One photograph, in the form it has in epoch 0. Raises DatasetError when it is not in the split."""
        if image_id not in self._positions:
            raise DatasetError(f"Split {self.split} of {self.dataset.spec.name} has no image {image_id}.")
        return self.dataset.sample(self.split, self._positions[image_id], with_mask=with_mask)

    @property
    def have_masks(self) -> bool:
        """Whether every image of the split has a mask."""
        return self.split in self.dataset.masked_splits


def photographs_of(image_set: ImageSet, dataset: Dataset) -> Photographs:
    """The photographs that a set was made from.

    Raises:
        DatasetError: the data set is another one, or has changed since.
    """
    manifest = image_set.manifest
    if dataset.fingerprint != manifest.dataset_fingerprint:
        raise DatasetError(
            f"{image_set.folder} was made from data set {manifest.dataset} as it was then; {dataset.spec.name} is "
            "another one, or its files have changed. Make the set again from this data set."
        )
    return Photographs(dataset, manifest.split)


@lru_cache(maxsize=1)
def photographs_in(spec: DatasetSpec, split: str) -> Photographs:
    """A split opened from its description; opened once in a process."""
    return Photographs(open_dataset(spec), split)
