"""How the maps of several views become one: which views, mean or maximum, where the ReLU and Eq. 3 stand.

``official`` is what the released code does, ``fast`` what this product does by default; with ``combine=mean`` and
``normalise=after`` both give, to the last bit, the maps that ``ssenet.evaluate`` scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ssenet import __version__
from ssenet.analysis.bands import GRID
from ssenet.config import INFERENCE_SCALES, CamInferSettings
from ssenet.config.base import Closed, Scales, setting
from ssenet.curves import Counts, Curve, counts, curve_of
from ssenet.data.base import Sample
from ssenet.errors import DatasetError, SettingsError
from ssenet.histograms import EDGES, AlphaHistogram
from ssenet.refine.photographs import Photographs
from ssenet.refine.protocol import cam_weights
from ssenet.render import normalise, scaled_size, upsample, winner_and_score
from ssenet.results import ProtocolCard, View, views_of
from ssenet.sets import ImageSet

Floats = NDArray[np.float32]
Coarse = Mapping[View, Floats]
Size = tuple[int, int]
Combine = Literal["mean", "max"]
Relu = Literal["fast", "official", "coarse", "after"]
Where = Literal["after", "each"]


class Aggregation(Closed):
    """One way to make one map of several views."""

    scales: Scales = setting(INFERENCE_SCALES, "Scales of the input image.", group="views")
    flip: bool = setting(True, "Also the mirrored image.", group="views")
    combine: Combine = setting("mean", "mean: average of the views' maps. max: their maximum.", group="order")
    relu: Relu = setting(
        "fast",
        "fast: upsample → ReLU → combine. official: upsample to the scaled input → ReLU → image size → combine, as "
        "released. coarse: ReLU → upsample → combine. after: upsample → combine → ReLU.",
        group="order",
    )
    normalise: Where = setting(
        "after", "after: Eq. 3 of the combined map. each: Eq. 3 of every view's map before combining.", group="order"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Aggregation:
        if self.relu == "after" and self.normalise == "each":
            raise ValueError("Eq. 3 of every view contains its ReLU: with normalise=each the ReLU cannot come after")
        return self

    @property
    def views(self) -> list[View]:
        """The views that take part."""
        return views_of(self.scales, self.flip)


PARITY = Aggregation(relu="official")
"""As the released code aggregates."""


def aggregated(coarse: Coarse, size: Size, how: Aggregation) -> Floats:
    """Normalised maps (k, H, W) in [0, 1] of raw coarse logits (k, h, w) by view.

    Args:
        coarse: at least the views of ``how``, mirrored ones already mirrored back.
        size: H and W of the photograph.
        how: the order of things.

    Raises:
        SettingsError: a view is not there.
    """
    lacking = [view.name for view in how.views if view not in coarse]
    if lacking:
        raise SettingsError(f"The maps lack the views {', '.join(lacking)}. Choose among those that were computed.")
    combined = _combined([_view(coarse[view], size, view.scale, how) for view in how.views], how.combine)
    if how.normalise == "each":
        return combined / np.float32(len(how.views)) if how.combine == "mean" else combined
    return _eq3(np.maximum(combined, 0) if how.relu == "after" else combined, how)


def _view(maps: Floats, size: Size, scale: float, how: Aggregation) -> Floats:
    """The map of one view before it is combined."""
    maps = maps.astype(np.float32, copy=False)
    if how.relu == "coarse":
        full = upsample(np.maximum(maps, 0), size)
    elif how.relu == "official":
        full = upsample(np.maximum(upsample(maps, scaled_size(size, scale)), 0), size)
    else:
        full = upsample(maps, size)
        if how.relu == "fast":
            full = np.maximum(full, 0)
    return _eq3(full, how) if how.normalise == "each" else full


def _combined(maps: Sequence[Floats], combine: Combine) -> Floats:
    """Sum or maximum over the views.

    Before Eq. 3 a sum is as good as a mean up to ε; the sum is kept so that the figures are those of ``evaluate``.
    """
    total = maps[0].copy()
    for one in maps[1:]:
        if combine == "max":
            np.maximum(total, one, out=total)
        else:
            total += one
    return total


def _eq3(maps: Floats, how: Aggregation) -> Floats:
    return normalise(maps, "official" if how.relu == "official" else "eq3")


def count_image(image_set: ImageSet, sample: Sample, how: Aggregation) -> AlphaHistogram:
    """Count one photograph of a set of CAMs against its mask.

    Raises:
        DatasetError: the item is damaged, or there is no mask.
        SettingsError: a view is not in the set.
    """
    if sample.mask is None:
        raise DatasetError(f"{sample.id} has no mask to score against.")
    classes, coarse = coarse_of(image_set, sample.id)
    maps = aggregated(coarse, (sample.image.shape[0], sample.image.shape[1]), how)
    winner, score = winner_and_score(maps, classes)
    return AlphaHistogram.of_image(sample.mask, winner, score, len(image_set.manifest.classes))


def coarse_of(image_set: ImageSet, image_id: str) -> tuple[list[int], dict[View, Floats]]:
    """Classes (k,) and raw coarse logits by view of one photograph of a set of CAMs.

    Raises:
        DatasetError: the item is missing or damaged.
    """
    arrays = image_set.arrays(image_id)
    try:
        classes = [int(k) for k in arrays.pop("classes")]
        arrays.pop("scores", None)
        return classes, {View.parse(name): maps.astype(np.float32) for name, maps in arrays.items()}
    except (KeyError, ValueError) as error:
        raise DatasetError(f"{image_set.path(image_id)} is no item of a set of CAMs: {error}") from error


def offered(image_set: ImageSet) -> Aggregation:
    """The aggregation that a set of CAMs was made for: all its views.

    Raises:
        SettingsError: it is not a set of CAMs.
    """
    if image_set.manifest.kind != "cams":
        raise SettingsError(f"A set of {image_set.manifest.kind} has no views to aggregate. Choose a set of CAMs.")
    made = CamInferSettings.model_validate(image_set.manifest.settings)
    return Aggregation(scales=made.scales, flip=made.flip, relu=made.relu_order)


def add(parts: Sequence[Counts]) -> Counts:
    """Counts of all images of ``parts`` together. Raises ValueError when there is none."""
    if not parts:
        raise ValueError("there is nothing to add")
    return Counts(
        np.sum([part.truth for part in parts], axis=0),
        np.sum([part.predicted for part in parts], axis=0),
        np.sum([part.hit for part in parts], axis=0),
    )


class AggregationCounts(BaseModel):
    """Pixels of photographs under one aggregation, at the α's of ``GRID``; counts of several parts add up.

    Attributes:
        truth: (K + 1,) pixels of each class, background first.
        predicted: (101, K + 1) pixels that are given each class.
        hit: (101, K + 1) true positives.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    how: Aggregation
    first: int = Field(ge=0, description="Number of the first photograph in the set, from 0.")
    images: int = Field(ge=0, description="Photographs counted.")
    total: int = Field(ge=0, description="Photographs in the set.")
    classes: tuple[str, ...]
    truth: tuple[int, ...]
    predicted: tuple[tuple[int, ...], ...]
    hit: tuple[tuple[int, ...], ...]
    protocol: ProtocolCard

    @property
    def counts(self) -> Counts:
        """As arrays."""
        return Counts(np.array(self.truth), np.array(self.predicted), np.array(self.hit))

    @property
    def curve(self) -> Curve:
        """mIoU, m_FN and m_FP at the α's of ``GRID``."""
        return curve_of(self.counts, EDGES[GRID].astype(np.float64))

    def plus(self, other: AggregationCounts) -> AggregationCounts:
        """Both parts together. Raises ValueError when they are of different aggregations or sets."""
        if (self.how, self.classes, self.total) != (other.how, other.classes, other.total):
            raise ValueError("these counts are not of one set under one aggregation")
        c, images = add([self.counts, other.counts]), self.images + other.images
        return self.model_copy(
            update={
                "first": min(self.first, other.first),
                "images": images,
                "truth": tuple(c.truth.tolist()),
                "predicted": tuple(map(tuple, c.predicted.tolist())),
                "hit": tuple(map(tuple, c.hit.tolist())),
                "protocol": self.protocol.model_copy(update={"images": images}),
            }
        )


def score_part(
    image_set: ImageSet, photographs: Photographs, how: Aggregation, first: int, most: int
) -> AggregationCounts:
    """Count at most ``most`` photographs of a set of CAMs, from number ``first`` on.

    Raises:
        DatasetError: there are no masks, or an item is damaged.
        SettingsError: the set has not all the views, or no photograph of that number.
    """
    ids = image_set.ids[first : first + most]
    if not ids:
        raise SettingsError(f"The set has the photographs 0 to {len(image_set.ids) - 1}, not {first}.")
    # One photograph in memory at a time.
    parts = [counts(count_image(image_set, photographs.sample(i, with_mask=True), how)) for i in ids]
    c = add(parts)
    return AggregationCounts(
        how=how,
        first=first,
        images=len(ids),
        total=len(image_set.ids),
        classes=image_set.manifest.classes,
        truth=tuple(c.truth.tolist()),
        predicted=tuple(map(tuple, c.predicted[GRID].tolist())),
        hit=tuple(map(tuple, c.hit[GRID].tolist())),
        protocol=_protocol(image_set, how, len(ids)),
    )


def _protocol(image_set: ImageSet, how: Aggregation, images: int) -> ProtocolCard:
    manifest = image_set.manifest
    made = CamInferSettings.model_validate(manifest.settings)
    order = f"{how.relu}, {how.combine} over views, Eq. 3 {'of every view' if how.normalise == 'each' else 'after'}"
    return ProtocolCard(
        dataset=manifest.dataset,
        dataset_fingerprint=manifest.dataset_fingerprint,
        split=manifest.split,
        images=images,
        label_source=made.labels,
        scales=(),
        multi_scale=how.scales,
        flip=how.flip,
        relu_order="official" if how.relu == "official" else "fast",
        normalisation="official" if how.relu == "official" else "eq3",
        aggregation=order,
        alpha_rule="every α; a best α is chosen on the scored images",
        weights_sha256=cam_weights(manifest.lineage),
        code_version=__version__,
    )
