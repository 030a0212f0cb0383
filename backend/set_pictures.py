"""Pictures of a set's items over their photographs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend import pictures
from backend.problems import invalid, not_found
from backend.schemas.sets import Picture, Variant
from backend.service import Service
from backend.store import image_sets
from backend.store.models import Dataset
from backend.store.models import ImageSet as Row
from ssenet import render
from ssenet.config import PAPER_ALPHA
from ssenet.data.base import Sample
from ssenet.data.images import encode_png
from ssenet.errors import DatasetError
from ssenet.refine.labels import plain_labels, stack
from ssenet.refine.maps import score_maps
from ssenet.refine.photographs import Photographs, photographs_of
from ssenet.refine.pictures import label_overlay
from ssenet.sets import ImageSet

Rgb = NDArray[np.uint8]
Labels = NDArray[np.uint8]
Maps = tuple[NDArray[np.int64], NDArray[np.float32]]


@dataclass(frozen=True)
class Wanted:
    """Which picture of which item."""

    index: int
    what: Picture
    variant: Variant
    class_name: str | None
    max_side: int


def tag(class_name: str | None) -> str:
    """A class's name as part of an entity tag, which holds no other characters than these."""
    return hashlib.sha256(class_name.encode()).hexdigest()[:12] if class_name is not None else ""


def draw(service: Service, row: Row, wanted: Wanted) -> bytes:
    """PNG of an item.

    Raises:
        Problem: 404, there is no such item, class or mask; 422, masks have no maps.
        DatasetError: the set is damaged, or the data set has changed.
    """
    image_set = image_sets.opened(row, service.artifacts)
    if wanted.index >= len(image_set.ids):
        raise not_found(f"item of set {row.id}", str(wanted.index))
    sample = photographs(service, row, image_set).sample(image_set.ids[wanted.index], with_mask=wanted.what == "truth")
    return encode_png(_picture(image_set, sample, wanted))


def photographs(service: Service, row: Row, image_set: ImageSet) -> Photographs:
    """The photographs that a set was made from.

    Raises:
        DatasetError: the data set is gone, or has changed.
    """
    with service.database.read() as session:
        dataset = session.get(Dataset, row.dataset_id)
    if dataset is None:
        raise DatasetError(f"Data set {row.dataset_id}, which set {row.id} was made from, is not registered any more.")
    return photographs_of(image_set, service.datasets.get(dataset))


def _picture(image_set: ImageSet, sample: Sample, wanted: Wanted) -> Rgb:
    """The photograph at the size that is asked for, with what is drawn over it: not more pixels than are sent."""
    photo = pictures.shrink(sample.image, wanted.max_side)
    if wanted.what == "photo":
        return photo
    if wanted.what == "map":
        levels = np.clip(np.round(_map(image_set, sample, photo, wanted) * 255), 0, 255).astype(np.uint8)
        score: NDArray[np.float32] = _fitted(levels, sample, photo).astype(np.float32) / np.float32(255)
        return render.overlay(photo, score)
    labels = _labels(image_set, sample, photo, wanted.variant) if wanted.what == "labels" else sample.mask
    if labels is None:
        raise not_found("mask of image", sample.id)
    return label_overlay(photo, _fitted(labels, sample, photo, labels=True))


def _fitted(drawn: NDArray[np.uint8], sample: Sample, photo: Rgb, *, labels: bool = False) -> NDArray[np.uint8]:
    """Labels or levels (H, W) of the whole photograph at the size of the shrunken one."""
    if drawn.shape == photo.shape[:2]:
        return drawn
    if drawn.shape != sample.image.shape[:2]:
        raise DatasetError(
            f"What the set holds of image {sample.id} is of {drawn.shape}, and the photograph of "
            f"{sample.image.shape[:2]}: it was replaced. Make the set anew."
        )
    return pictures.shrink(drawn, max(photo.shape[:2]), labels=labels)


def _labels(image_set: ImageSet, sample: Sample, photo: Rgb, variant: Variant) -> Labels:
    if image_set.manifest.kind == "masks":
        return image_set.mask(sample.id)
    if image_set.manifest.kind == "crf":
        classes, scores = _refined(image_set, sample.id, variant)
        return plain_labels(scores, classes)
    classes, maps, background = score_maps(image_set, sample.id, _size(image_set, sample, photo))
    if background is None:
        background = np.full(maps.shape[1:], PAPER_ALPHA, np.float32)
    return plain_labels(stack(background, maps), classes)


def _map(image_set: ImageSet, sample: Sample, photo: Rgb, wanted: Wanted) -> NDArray[np.float32]:
    """The map (H, W) of the class that is asked for, or of the first."""
    classes, maps = _maps(image_set, sample, photo, wanted.variant)
    names = [image_set.manifest.classes[k] for k in classes]
    if not names or (wanted.class_name is not None and wanted.class_name not in names):
        raise not_found(f"map of image {sample.id}", wanted.class_name or "of any class")
    return maps[names.index(wanted.class_name) if wanted.class_name is not None else 0]


def _maps(image_set: ImageSet, sample: Sample, photo: Rgb, variant: Variant) -> Maps:
    if image_set.manifest.kind == "masks":
        raise invalid("/query/what", "A set of masks has no maps; ask for its labels.")
    if image_set.manifest.kind == "crf":
        classes, scores = _refined(image_set, sample.id, variant)
        return classes, scores[1:]
    found = score_maps(image_set, sample.id, _size(image_set, sample, photo))
    return found.classes, found.maps


def _refined(image_set: ImageSet, image_id: str, variant: Variant) -> Maps:
    """Classes (k,) and scores (k + 1, H, W), background first."""
    arrays = image_set.arrays(image_id)
    try:
        return arrays["classes"].astype(np.int64), arrays[variant].astype(np.float32)
    except KeyError as error:
        raise DatasetError(f"{image_set.path(image_id)} is no item of a set of CRF scores: {error}") from error


def _size(image_set: ImageSet, sample: Sample, photo: Rgb) -> tuple[int, int]:
    """Where maps are made: CAMs at any size, those of a walk only at the photograph's own."""
    shape = photo.shape if image_set.manifest.kind == "cams" else sample.image.shape
    return shape[0], shape[1]
