"""How long a stage takes, from the pixels that it works on. Free of torch."""

from __future__ import annotations

from collections.abc import Iterable

from ssenet.config import (
    DEFAULT_BACKBONE,
    AffinityTrainSettings,
    CamInferSettings,
    CamTrainSettings,
    Closed,
    CrfChoice,
    CrfSettings,
    EvaluateSettings,
    SegmentationTestSettings,
    SegmentationTrainSettings,
)
from ssenet.crf import parameters

BACKWARD = 2.0
"""A backward pass costs about two forward passes."""

REFERENCE = {DEFAULT_BACKBONE: 0.92, "resnet38": 0.021}
"""Megapixels of forward work a second, measured on one core of an AMD EPYC (Zen 4) in float32.

On two cores the trainer takes one and leaves the other to the pages."""

START_SECONDS = 10.0
"""Loading torch, the network and the data set."""


def training_work(settings: CamTrainSettings, train_images: int, val_images: int) -> float:
    """Megapixels of forward work, a backward pass counted as ``BACKWARD`` forward ones.

    Args:
        settings: of the run.
        train_images: images of the training split.
        val_images: images of the validation split.
    """
    images = min(train_images, settings.train_images or train_images)
    validated = min(val_images, settings.val_images or val_images)
    pixels = settings.crop**2
    if settings.method == "ssenet":
        ratio = settings.rate**2 if settings.equivariance == "scale" else 1.0
        pixels = int(pixels * (1 + ratio))
    trained = images * pixels * (1 + BACKWARD)
    return settings.epochs * (trained + validated * settings.scale_max**2 * 0.75) / 1e6


IMAGE_PIXELS = 320 * 320
"""Assumed pixels of an image, where a data set's images are not measured."""
_CRF_WEIGHT = 0.15
"""One mean-field iteration on a pixel, as a share of a forward pass of the default backbone on it."""
_WALK_WEIGHT = 3.0
"""AffinityNet and the random walk on a pixel, in the same measure."""
_DENSE_WEIGHT = 2.0
"""Training at stride 8 or with a dense head, in the same measure."""


def stage_work(settings: Closed, images: int, val_images: int = 0) -> float:
    """Megapixels of forward work of any stage.

    Args:
        settings: of the stage.
        images: images of the split or set that it works on.
        val_images: of the split that a training validates on.
    """
    if isinstance(settings, CamTrainSettings):
        return training_work(settings, images, val_images)
    megapixels = images * IMAGE_PIXELS / 1e6
    if isinstance(settings, EvaluateSettings):
        return megapixels * _views({*settings.scales, *settings.multi_scale}, settings.flip)
    if isinstance(settings, CamInferSettings):
        return megapixels * _views(settings.scales, settings.flip)
    if isinstance(settings, AffinityTrainSettings):
        return settings.epochs * images * settings.crop**2 / 1e6 * (1 + BACKWARD) * _DENSE_WEIGHT
    if isinstance(settings, SegmentationTrainSettings):
        trained = images * settings.crop**2 / 1e6 * (1 + BACKWARD) * _DENSE_WEIGHT
        return settings.epochs * (trained + val_images * IMAGE_PIXELS / 1e6)
    if isinstance(settings, SegmentationTestSettings):
        return megapixels * (_views(settings.scales, settings.flip) + _crf(settings, 1))
    if isinstance(settings, CrfChoice):
        return megapixels * (0.1 + _crf(settings, 2 if isinstance(settings, CrfSettings) else 3))
    return megapixels * _WALK_WEIGHT


def _views(scales: Iterable[float], flip: bool) -> float:
    return sum(scale**2 for scale in scales) * (2 if flip else 1)


def _crf(choice: CrfChoice, refinements: int) -> float:
    chosen = parameters(choice)
    return 0.0 if chosen is None else chosen.iterations * refinements * _CRF_WEIGHT
