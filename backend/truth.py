"""The mask of a photograph that was opened from a data set."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from backend.service import Service
from backend.store.models import Dataset as DatasetRow
from backend.store.models import Image
from ssenet.data.images import pixels_sha
from ssenet.errors import DatasetError

_ORIGIN = re.compile(r"(?P<dataset>[^/]+)/(?P<split>[^/]+)/(?P<index>\d+)")


def known_mask(service: Service, image_id: str, classes: tuple[str, ...]) -> NDArray[np.uint8] | None:
    """Labels (H, W) at the photograph's own size, where its data set has them and means the same classes.

    None for a photograph from elsewhere, and for one whose data set is gone, without masks, of other classes, or
    holds other pixels there by now.
    """
    with service.database.read() as session:
        image = session.get(Image, image_id)
        place = _ORIGIN.fullmatch(image.origin or "") if image and image.source == "dataset" else None
        row = session.get(DatasetRow, place["dataset"]) if place else None
    if image is None or place is None or row is None or tuple(row.classes) != classes:
        return None
    if place["split"] not in row.masked_splits:
        return None
    try:
        sample = service.datasets.get(row).sample(place["split"], int(place["index"]), with_mask=True)
    except DatasetError:
        return None
    return sample.mask if pixels_sha(sample.image) == image.sha else None
