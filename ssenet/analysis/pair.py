"""Two evaluations side by side: what they have in common, and at which α each is looked at. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ssenet.analysis.bootstrap import MOST_SAMPLES
from ssenet.config import PAPER_ALPHA
from ssenet.config.base import Closed
from ssenet.curves import curve
from ssenet.errors import SettingsError
from ssenet.histograms import EDGES, AlphaHistogram, nearest_edge
from ssenet.results import MULTI_SCALE, EvaluationRecord, ProtocolCard

Absent = Literal["zero", "excluded"]
AlphaChoice = Annotated[float, Field(ge=0, le=1)] | Literal["best"]
"""A background threshold, or ``best``: each row's own, of the highest mIoU on the compared images."""


class Choice(Closed):
    """What is compared, at which α, and with how many resamples."""

    row: str = Field(default=MULTI_SCALE, max_length=20, description="A single scale such as '0.5', or MS.")
    alpha_a: AlphaChoice = PAPER_ALPHA
    alpha_b: AlphaChoice = PAPER_ALPHA
    samples: int = Field(default=2000, ge=100, le=MOST_SAMPLES, description="Resamples of the images.")
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


@dataclass(frozen=True)
class Evaluated:
    """An evaluation with its arrays."""

    record: EvaluationRecord
    histograms: Mapping[str, AlphaHistogram]

    @property
    def absent(self) -> Absent:
        """What a class with neither truth nor prediction adds to mIoU."""
        return self.record.protocol.absent_classes


def on_common_images(a: Evaluated, b: Evaluated) -> tuple[Evaluated, Evaluated]:
    """Both evaluations restricted to the images they share, in the order of A.

    Raises:
        SettingsError: other data, other classes, or no image in common.
    """
    if a.record.protocol.dataset_fingerprint != b.record.protocol.dataset_fingerprint:
        raise SettingsError(
            f"{a.record.checkpoint} was scored on {_data(a)} and {b.record.checkpoint} on {_data(b)}: other pictures "
            "or masks. Evaluate both on the same data set."
        )
    if a.record.classes != b.record.classes:
        raise SettingsError("The two evaluations name other classes, so they cannot be compared class by class.")
    shared = set(a.record.image_ids) & set(b.record.image_ids)
    if not shared:
        raise SettingsError(
            "The two evaluations have no image in common. Evaluate one of them again on the other's split."
        )
    order = tuple(image for image in a.record.image_ids if image in shared)
    return _restricted(a, order), _restricted(b, order)


def _data(one: Evaluated) -> str:
    protocol = one.record.protocol
    return f"{protocol.dataset} (data {protocol.dataset_fingerprint[:8]})"


def _restricted(one: Evaluated, images: tuple[str, ...]) -> Evaluated:
    if one.record.image_ids == images:
        return one
    position = {image: i for i, image in enumerate(one.record.image_ids)}
    chosen = np.array([position[image] for image in images], np.int64)
    record = one.record.model_copy(update={"image_ids": images})
    return Evaluated(record, {name: histogram.take(chosen) for name, histogram in one.histograms.items()})


def common_rows(a: Evaluated, b: Evaluated, wanted: str) -> list[str]:
    """Rows of A that B has too.

    Raises:
        SettingsError: ``wanted`` is none of them.
    """
    names = [name for name in a.record.rows if name in b.record.rows]
    if wanted not in names:
        known = ", ".join(names) or "none"
        raise SettingsError(f"The evaluations do not both have a row {wanted!r}; rows in common: {known}.")
    return names


def differing(a: ProtocolCard, b: ProtocolCard) -> tuple[str, ...]:
    """Fields of the protocols that differ although they should not, for a comparison of weights."""
    expected = {"weights_sha256", "images", "alpha_rule", "code_version", "dataset", "uses_ground_truth", "scales"}
    one, other = a.model_dump(exclude=expected), b.model_dump(exclude=expected)
    return tuple(name for name in one if one[name] != other[name])


def row_alpha(one: Evaluated, row: str, choice: AlphaChoice) -> float:
    """The edge that a row is compared at; the best one is chosen on the images of ``one``."""
    if choice == "best":
        return round(curve(one.histograms[row], one.absent).best()[0], 6)
    return round(float(EDGES[nearest_edge(choice)]), 6)


def ruled(protocol: ProtocolCard, choice: AlphaChoice, images: int) -> ProtocolCard:
    """The card of a figure at this α on so many images."""
    rule = "each row's best on the scored images" if choice == "best" else f"fixed {choice:g}"
    return protocol.model_copy(update={"alpha_rule": rule, "images": images})
