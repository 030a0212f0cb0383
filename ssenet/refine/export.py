"""A set of masks as a VOC folder that other tools, and this one, can train on. Free of torch."""

from __future__ import annotations

from pathlib import Path

from ssenet.data.base import Dataset, Sample
from ssenet.data.export import Progress, finish_voc, make_folders, write_sample
from ssenet.errors import DatasetError
from ssenet.refine.photographs import photographs_of
from ssenet.sets import ImageSet


def write_voc_labels(
    image_set: ImageSet, dataset: Dataset, folder: Path, *, quality: int = 95, progress: Progress | None = None
) -> None:
    """Write the masks of a set with their photographs as a VOC folder; its one split is named as the set's.

    Args:
        image_set: of masks.
        dataset: that the set was made from.
        folder: to write; new or empty.
        quality: of the JPEG photographs.
        progress: called with (images done, images in all).

    Raises:
        DatasetError: the folder is not empty, the set holds no masks, or the data set is another one.
    """
    if image_set.manifest.kind != "masks":
        raise DatasetError(f"{image_set.folder} is a set of {image_set.manifest.kind}; only masks can be exported.")
    photographs = photographs_of(image_set, dataset)
    make_folders(folder)
    for done, image_id in enumerate(image_set.ids, 1):
        sample = photographs.sample(image_id)
        mask = image_set.mask(image_id)
        write_sample(folder, Sample(image_id, sample.image, sample.labels, mask), quality)
        if progress is not None:
            progress(done, len(image_set.ids))
    finish_voc(folder, image_set.manifest.classes, {image_set.manifest.split: list(image_set.ids)})
