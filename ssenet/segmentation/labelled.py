"""The photographs of a set of masks, with their labels. Free of torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssenet.data.base import Dataset, labels_in_mask
from ssenet.errors import DatasetError, SettingsError
from ssenet.refine.photographs import photographs_of
from ssenet.sets import ImageSet


class LabelledImages:
    """Photographs of a data set with the labels of a set of masks.

    Args:
        dataset: the data set that the set was made from.
        labels: a set of masks.

    Raises:
        DatasetError: the set was made from another data set, or holds no image.
        SettingsError: it has other classes.
    """

    def __init__(self, dataset: Dataset, labels: ImageSet) -> None:
        self.dataset, self.labels = dataset, labels
        self.photographs = photographs_of(labels, dataset)
        if labels.manifest.classes != tuple(dataset.classes):
            raise SettingsError(f"These labels have other classes than {dataset.spec.name}. Choose its own labels.")
        if not labels.ids:
            raise DatasetError(f"{labels.folder} holds no labels. Make pseudo-labels of at least one image.")

    def __len__(self) -> int:
        return len(self.labels.ids)

    def __getitem__(self, position: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Photograph (H, W, 3) and labels (H, W) of one image of the set.

        A data set whose photographs change from epoch to epoch gives those of its first epoch:
        the labels were made for these.

        Raises:
            DatasetError: a file cannot be read, the sizes differ, or a label is of no class.
        """
        image_id = self.labels.ids[position]
        image, labels = self.photographs.sample(image_id).image, self.labels.mask(image_id)
        if labels.shape != image.shape[:2]:
            (h, w), (height, width) = labels.shape, image.shape[:2]
            raise DatasetError(f"The labels of {image_id} have {w} x {h} px, but the image has {width} x {height} px.")
        labels_in_mask(labels, len(self.dataset.classes))
        return image, labels
