"""How much work a job is, before it is done: megapixels that pass through a network or a dense CRF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ssenet.config import (
    AffinityTrainSettings,
    CamTrainSettings,
    Closed,
    CrfChoice,
    CrfSettings,
    EvaluateSettings,
    SegmentationTrainSettings,
    TriageSettings,
)
from ssenet.crf import parameters
from ssenet.estimate import BACKWARD, training_work

IMAGE_PIXELS = 320 * 320
"""Assumed pixels of an image, where a data set's images are not measured."""
_WITHOUT_CRF = 0.2
"""Iterations that reading an image, and writing its item, takes as long as."""


@dataclass(frozen=True)
class Extent:
    """What a job's settings do not say themselves.

    Attributes:
        images: that it works on.
        val_images: that a training validates on.
        backbone: of its network; None where it has none.
    """

    images: int
    val_images: int = 0
    backbone: str | None = None


def work(settings: Closed, extent: Extent) -> float:
    """Megapixels: of forward work through the network, or else of iterations of a CRF."""
    if isinstance(settings, CamTrainSettings):
        return training_work(settings, extent.images, extent.val_images)
    if isinstance(settings, (AffinityTrainSettings, SegmentationTrainSettings)):
        trained = extent.images * settings.crop**2 * (1 + BACKWARD)
        return settings.epochs * (trained + extent.val_images * IMAGE_PIXELS) / 1e6
    views = sum(scale**2 for scale in _scales(settings)) * (2 if getattr(settings, "flip", False) else 1)
    views *= 2 if isinstance(settings, TriageSettings) and settings.other is not None else 1  # networks
    return extent.images * IMAGE_PIXELS * (views if extent.backbone is not None else _iterations(settings)) / 1e6


def _scales(settings: Closed) -> set[float]:
    scales: Any = getattr(settings, "scales", (1.0,))
    return set(scales) | (set(settings.multi_scale) if isinstance(settings, EvaluateSettings) else set())


def _iterations(settings: Closed) -> float:
    chosen = parameters(settings) if isinstance(settings, CrfChoice) else None
    if chosen is None:
        return _WITHOUT_CRF
    return _WITHOUT_CRF + chosen.iterations * (2 if isinstance(settings, CrfSettings) else 1)  # under two backgrounds
