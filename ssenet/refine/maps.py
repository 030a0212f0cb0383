"""Score maps of a photograph at its own size, from the items of a set. Free of torch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ssenet.config import CamInferSettings, ReluOrder
from ssenet.errors import DatasetError
from ssenet.render import aggregate, normalise, upsample
from ssenet.results import View
from ssenet.sets import ImageSet

Floats = NDArray[np.float32]
Size = tuple[int, int]


class ScoreMaps(NamedTuple):
    """Scores of the classes that a photograph may hold.

    Attributes:
        classes: (k,) indices, ascending or as the network ordered them.
        maps: (k, H, W).
        background: (H, W); None where the maps bring none of their own.
    """

    classes: NDArray[np.int64]
    maps: Floats
    background: Floats | None


def with_background(maps: Floats, power: float) -> Floats:
    """Scores (k + 1, H, W) of the background (1 - max)^power and the maps (k, H, W); all 1 without any map."""
    peak = maps.max(axis=0) if len(maps) else np.zeros(maps.shape[1:], np.float32)
    background = np.power(1 - np.clip(peak, 0, 1), np.float32(power))
    return np.concatenate([background[None], maps]).astype(np.float32)


def cam_maps(image_set: ImageSet, image_id: str, size: Size) -> tuple[NDArray[np.int64], Floats]:
    """Normalised CAMs of all views of one photograph: classes (k,) and maps (k, H, W) in [0, 1].

    Raises:
        DatasetError: the item is missing or damaged, or holds no views.
    """
    relu_order: ReluOrder = CamInferSettings.model_validate(image_set.manifest.settings).relu_order
    arrays = image_set.arrays(image_id)
    try:
        classes = arrays.pop("classes").astype(np.int64)
        arrays.pop("scores", None)
        coarse = {View.parse(name): maps for name, maps in arrays.items()}
        total = aggregate(coarse, size, range(len(classes)), relu_order)
    except (KeyError, ValueError, IndexError) as error:
        raise DatasetError(f"{image_set.path(image_id)} is no item of a set of CAMs: {error}") from error
    return classes, normalise(total, "official" if relu_order == "official" else "eq3")


def walk_maps(image_set: ImageSet, image_id: str, size: Size) -> ScoreMaps:
    """Scores after a random walk, in the photograph's pixels.

    The walk's grid covers the photograph padded to a multiple of the stride: its maps are
    scaled to h·stride × w·stride, and the padding is cut off, as the released code does.

    Raises:
        DatasetError: the item is missing or damaged, or belongs to a photograph of another size.
    """
    arrays, path = image_set.arrays(image_id), image_set.path(image_id)
    try:
        classes, maps, background, stride = (arrays[n] for n in ("classes", "maps", "background", "stride"))
        made_for = (int(arrays["size"][0]), int(arrays["size"][1]))
    except (KeyError, IndexError) as error:
        raise DatasetError(f"{path} is no item of a set of random walk scores: {error}") from error
    if made_for != size:
        raise DatasetError(f"{path} was made for a photograph of {made_for}, not {size}: the data set has changed.")
    stacked = np.concatenate([background[None], maps]).astype(np.float32)
    padded = (stacked.shape[1] * int(stride), stacked.shape[2] * int(stride))
    whole = upsample(stacked, padded)[:, : size[0], : size[1]]
    return ScoreMaps(classes.astype(np.int64), whole[1:], whole[0])


def score_maps(image_set: ImageSet, image_id: str, size: Size) -> ScoreMaps:
    """The maps of a set of CAMs or of random walk scores.

    Raises:
        DatasetError: as ``cam_maps`` and ``walk_maps``.
    """
    if image_set.manifest.kind == "walk":
        return walk_maps(image_set, image_id, size)
    return ScoreMaps(*cam_maps(image_set, image_id, size), None)
