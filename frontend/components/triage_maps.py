"""Pictures of a ranking: photographs, masks and maps of samples, each drawn once."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from frontend import schemas as s
from frontend.components.markup import data_url
from frontend.components.truth import labels_of_png
from frontend.keeping import kept
from frontend.session import client
from ssenet.data.images import voc_palette, working_size
from ssenet.render import Normalisation, aggregate, normalise, overlay, upsample
from ssenet.results import ProtocolCard, View

Picture = NDArray[np.uint8]
Coarse = dict[View, NDArray[np.float32]]


@dataclass(frozen=True)
class Spot:
    """A sample as the caches know it: a data set that was registered anew is another one."""

    fingerprint: str
    dataset: str
    split: str
    index: int

    @classmethod
    def of(cls, dataset: str, protocol: ProtocolCard, index: int) -> Spot:
        """Number ``index`` of what a ranking was measured on."""
        return cls(protocol.dataset_fingerprint, dataset, protocol.split, index)


@kept(max_entries=1000)
def opened(spot: Spot) -> s.Image:
    """The photograph made of a sample: the same each time."""
    return client().open_sample(spot.dataset, spot.split, spot.index)


@kept(max_entries=300)
def photograph(spot: Spot, side: int) -> Picture:
    """(H, W, 3) RGB of a sample, its long side at most ``side`` pixels."""
    with Image.open(BytesIO(client().sample_picture(spot.dataset, spot.split, spot.index, side))) as picture:
        return np.asarray(picture.convert("RGB"))


@kept(max_entries=1000)
def photograph_url(spot: Spot, side: int) -> str:
    """The same for the page."""
    return data_url(photograph(spot, side))


@kept(max_entries=300)
def mask_url(spot: Spot, side: int, label: int) -> str:
    """A sample's mask of one label over its dimmed photograph."""
    picture = photograph(spot, side)
    labels = labels_of_png(client().sample_mask(spot.dataset, spot.split, spot.index, side))
    if labels.shape != picture.shape[:2]:  # rounded another way
        labels = np.asarray(Image.fromarray(labels).resize(picture.shape[1::-1], Image.Resampling.NEAREST))
    drawn = picture.astype(np.float32) * 0.45
    inside = labels == label
    drawn[inside] = 0.35 * picture[inside] + 0.65 * voc_palette()[label]
    return data_url(drawn.astype(np.uint8))


@kept(max_entries=2000)
def map_url(
    spot: Spot, checkpoint: str, index: int, scales: tuple[float, ...], protocol: ProtocolCard, alpha: float, side: int
) -> str:
    """The map of one class from the views of ``scales`` over the photograph, with the α contour.

    Raises:
        Pending: the service is computing some of them; nothing is kept, so that the next run asks again.
    """
    image = opened(spot)
    order, picture = protocol.relu_order or "fast", photograph(spot, side)
    how: Normalisation = "official" if order == "official" else "eq3"
    coarse = _coarse(checkpoint, image.id, protocol, scales)
    score = normalise(aggregate(coarse, working_size(image.height, image.width), [index], order), how)
    shown = upsample(score, (picture.shape[0], picture.shape[1]))[0]
    return data_url(overlay(picture, shown, alpha=alpha, line=max(2, side // 130)))


@kept(max_entries=200)
def _cams(checkpoint: str, image: str, scales: tuple[float, ...], flip: bool) -> bytes:
    # A ``Pending`` passes through, and exceptions are not cached: the next run asks again.
    return client().all_views(checkpoint, image, scales, flip)


def _coarse(checkpoint: str, image: str, protocol: ProtocolCard, scales: tuple[float, ...]) -> Coarse:
    """Raw logits of the views of ``scales``, which are among the protocol's; all of those are asked for at once."""
    data = _cams(checkpoint, image, protocol.scales, protocol.flip)
    with np.load(BytesIO(data), allow_pickle=False) as arrays:
        views = [View.parse(name) for name in arrays.files]
        return {view: arrays[view.name].astype(np.float32) for view in views if view.scale in scales}
