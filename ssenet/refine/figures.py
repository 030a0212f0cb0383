"""Before-and-after pictures of the stages, from their sets. Free of torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssenet.config import PAPER_ALPHA, CrfSettings, PseudoLabelSettings
from ssenet.refine.labels import plain_labels, stack
from ssenet.refine.maps import cam_maps, score_maps, with_background
from ssenet.refine.photographs import Photographs
from ssenet.refine.pictures import Picture, before_after, label_overlay, titled_strip
from ssenet.sets import ImageSet

Labels = NDArray[np.uint8]


def crf_labels(crf: ImageSet, cams: ImageSet, image_id: str, size: tuple[int, int]) -> tuple[Labels, Labels]:
    """Labels (H, W) of a photograph before and after the CRF, both under the strong background.

    Args:
        crf: the set of CRF scores.
        cams: the set of CAMs they were made from.
        image_id: of the photograph.
        size: its height and width.

    Raises:
        DatasetError: an item is missing or damaged.
    """
    power = CrfSettings.model_validate(crf.manifest.settings).alpha_low
    classes, maps = cam_maps(cams, image_id, size)
    refined = crf.arrays(image_id)
    before = plain_labels(with_background(maps, power), classes)
    return before, plain_labels(refined["low"], refined["classes"])


def crf_figure(crf: ImageSet, cams: ImageSet, photographs: Photographs, image_id: str) -> Picture:
    """The photograph, its labels before and after the CRF, and the truth where known."""
    sample = photographs.sample(image_id, with_mask=photographs.have_masks)
    before, after = crf_labels(crf, cams, image_id, (sample.image.shape[0], sample.image.shape[1]))
    return before_after(sample.image, before, after, sample.mask)


def maps_labels(maps: ImageSet, image_id: str, size: tuple[int, int], alpha: float = PAPER_ALPHA) -> Labels:
    """Labels (H, W) straight from score maps, nothing ignored, no CRF.

    Args:
        maps: a set of CAMs or of random walk scores.
        image_id: of the photograph.
        size: its height and width.
        alpha: background score for maps that bring none of their own.
    """
    scores = score_maps(maps, image_id, size)
    background = np.full(size, alpha, np.float32) if scores.background is None else scores.background
    return plain_labels(stack(background, scores.maps), scores.classes)


def label_figure(masks: ImageSet, maps: ImageSet, photographs: Photographs, image_id: str) -> Picture:
    """The photograph, the labels its score maps give by themselves, the pseudo-labels, and the truth where known."""
    sample = photographs.sample(image_id, with_mask=photographs.have_masks)
    alpha = PseudoLabelSettings.model_validate(masks.manifest.settings).alpha
    before = maps_labels(maps, image_id, (sample.image.shape[0], sample.image.shape[1]), alpha)
    return before_after(sample.image, before, masks.mask(image_id), sample.mask)


def mask_figure(masks: ImageSet, photographs: Photographs, image_id: str) -> Picture:
    """The photograph, its labels in a set of masks, and the truth where known."""
    sample = photographs.sample(image_id, with_mask=photographs.have_masks)
    panels = {"photograph": sample.image}
    panels[masks.manifest.subject or "labels"] = label_overlay(sample.image, masks.mask(image_id))
    if sample.mask is not None:
        panels["ground truth"] = label_overlay(sample.image, sample.mask)
    return titled_strip(panels)
