"""How long a training takes, from the pixels that pass through the network. Free of torch."""

from __future__ import annotations

from ssenet.config import DEFAULT_BACKBONE, CamTrainSettings

BACKWARD = 2.0
"""A backward pass costs about two forward passes."""

REFERENCE = {DEFAULT_BACKBONE: 1.6, "resnet38": 0.05}
"""Megapixels of forward work a second, measured on two cores of an AMD EPYC (Zen 4) in float32."""


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


def training_seconds(settings: CamTrainSettings, train_images: int, val_images: int, throughput: float) -> float:
    """Seconds at ``throughput`` megapixels of forward work a second."""
    return training_work(settings, train_images, val_images) / throughput
