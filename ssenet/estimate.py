"""How long a training takes, from the pixels that it works on. Free of torch."""

from __future__ import annotations

from ssenet.config import DEFAULT_BACKBONE, CamTrainSettings

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
