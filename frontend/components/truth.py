"""What is known of a photograph that was opened from a data set: its mask, and which samples to begin with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frontend import schemas as s
from frontend.client import Problem, api_url
from frontend.keeping import kept
from frontend.session import client
from ssenet.config import WORKING_SIDE
from ssenet.data.demo import CLEAR
from ssenet.data.images import decode_image, pixels_sha

_ORIGIN = re.compile(r"(?P<dataset>.+)/(?P<split>[^/]+)/(?P<index>\d+)")


@dataclass(frozen=True)
class Place:
    """Where a sample lies."""

    dataset: str
    split: str
    index: int

    @property
    def name(self) -> str:
        """As the service says where a photograph comes from."""
        return f"{self.dataset}/{self.split}/{self.index}"

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """The place that a name says, if it says one."""
        found = _ORIGIN.fullmatch(text)
        return cls(found["dataset"], found["split"], int(found["index"])) if found else None


@dataclass(frozen=True)
class Truth:
    """Ground truth of a photograph at its working size.

    Attributes:
        place: of the sample.
        mask: (H, W) labels, 0 background, i + 1 for ``classes[i]``, 255 ignored.
        classes: of the data set.
    """

    place: Place
    mask: NDArray[np.uint8]
    classes: tuple[str, ...]

    def label(self, class_name: str) -> int | None:
        """The label of a class that the mask shows."""
        if class_name not in self.classes:
            return None
        label = self.classes.index(class_name) + 1
        return label if (self.mask == label).any() else None

    @property
    def shown(self) -> list[str]:
        """Classes in the mask."""
        present = set(np.unique(self.mask).tolist())
        return [name for i, name in enumerate(self.classes) if i + 1 in present]


def labels_of_png(png: bytes) -> NDArray[np.uint8]:
    """Labels (H, W) of an indexed PNG in any colours.

    Raises:
        ValueError: its pixels are colours, not labels.
    """
    with Image.open(BytesIO(png)) as opened:
        if opened.mode not in ("P", "L"):
            raise ValueError(f"a mask is an indexed PNG, and this one is {opened.mode}")
        return np.array(opened, np.uint8)


def truth_of(image: s.Image) -> Truth | None:
    """The mask of a photograph, when it is a sample of a registered data set that has one.

    A data set may have been registered anew under an old name; the mask only counts when its sample has exactly the
    pixels of the photograph.
    """
    place = Place.parse(image.origin or "") if image.source == "dataset" else None
    dataset = next((d for d in client().datasets() if place and d.id == place.dataset), None)
    if place is None or dataset is None or place.split not in dataset.masked_splits:
        return None
    try:
        if _pixels_sha(_version(dataset), place) != image.sha:
            return None
        return Truth(place, _mask(_version(dataset), place), dataset.classes)
    except Problem as problem:
        if problem.status == 404:
            return None
        raise


@kept(max_entries=200)
def _mask(version: tuple[str, str], place: Place) -> NDArray[np.uint8]:  # noqa: ARG001 - part of the cache's key
    return labels_of_png(client().sample_mask(place.dataset, place.split, place.index, WORKING_SIDE))


@kept(max_entries=500)
def _pixels_sha(version: tuple[str, str], place: Place) -> str:  # noqa: ARG001 - part of the cache's key
    return pixels_sha(decode_image(client().sample_picture(place.dataset, place.split, place.index)))


@kept(max_entries=500)
def _thumbnail(version: tuple[str, str], place: Place, side: int) -> bytes:  # noqa: ARG001 - part of the cache's key
    return client().sample_picture(place.dataset, place.split, place.index, side)


@kept(max_entries=500)
def _labels(version: tuple[str, str], place: Place) -> tuple[str, ...]:  # noqa: ARG001 - part of the cache's key
    page = client().samples_page(place.dataset, place.split, place.index, 1)
    return page.items[0].labels if page.items else ()


def _version(dataset: s.Dataset) -> tuple[str, str]:
    """What a sample's pixels depend on besides its place."""
    return api_url(), dataset.fingerprint


def thumbnail(dataset: s.Dataset, place: Place, side: int = 128) -> bytes:
    """A small PNG of a sample; fetched once."""
    return _thumbnail(_version(dataset), place, side)


def sample_labels(dataset: s.Dataset, place: Place) -> tuple[str, ...]:
    """Image-level labels of a sample; fetched once."""
    return _labels(_version(dataset), place)


def first_looks(dataset: s.Dataset) -> list[Place]:
    """Samples of a demo set to begin with: one clear object each, small to large."""
    count = dataset.splits.get("val", 0)
    if dataset.kind != "demo" or "val" not in dataset.masked_splits:
        return []
    return [Place(dataset.id, "val", index) for index in CLEAR if index < count]
