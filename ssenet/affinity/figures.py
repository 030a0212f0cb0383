"""Before-and-after pictures of the random walk, from its sets. Free of torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssenet.affinity.background import background_first
from ssenet.config import WalkSettings
from ssenet.refine.labels import plain_labels
from ssenet.refine.maps import cam_maps, walk_maps
from ssenet.refine.photographs import Photographs
from ssenet.refine.pictures import Picture, before_after
from ssenet.sets import ImageSet

Labels = NDArray[np.uint8]


def walk_labels(walk: ImageSet, cams: ImageSet, image_id: str, size: tuple[int, int]) -> tuple[Labels, Labels]:
    """Labels (H, W) of a photograph before and after the walk, with the same background.

    Args:
        walk: the set of random walk scores.
        cams: the set of CAMs they were made from.
        image_id: of the photograph.
        size: its height and width.

    Raises:
        DatasetError: an item is missing or damaged.
    """
    settings = WalkSettings.model_validate(walk.manifest.settings)
    classes, maps = cam_maps(cams, image_id, size)
    walked = walk_maps(walk, image_id, size)
    assert walked.background is not None, "scores after a walk have their own background"
    after = np.concatenate([walked.background[None], walked.maps])
    return plain_labels(background_first(maps, settings), classes), plain_labels(after, walked.classes)


def walk_figure(walk: ImageSet, cams: ImageSet, photographs: Photographs, image_id: str) -> Picture:
    """The photograph, its labels before and after the walk, and the truth where known."""
    sample = photographs.sample(image_id, with_mask=photographs.have_masks)
    before, after = walk_labels(walk, cams, image_id, (sample.image.shape[0], sample.image.shape[1]))
    return before_after(sample.image, before, after, sample.mask)
