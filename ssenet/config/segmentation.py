"""Settings of the segmentation network: DeepLab on pseudo-labels, and its test."""

from __future__ import annotations

from pydantic import model_validator

from ssenet.config.base import Identifier, Scales, TrainOptions, setting
from ssenet.config.refine import CrfChoice, CrfPreset

TEST_SCALES = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
"""The test scales of the published retraining."""


class SegmentationOptions(TrainOptions):
    """DeepLab: a backbone, a dilated 3×3 head, cross-entropy on pseudo-labels."""

    head_dilation: int = setting(12, "Dilation of the head's 3×3 convolution.", group="network", ge=1, le=64)
    head_channels: int = setting(512, "Channels of the head.", group="network", ge=8, le=4096)
    dropout: float = setting(0.5, "Dropout before the last convolution.", group="network", ge=0, lt=1)
    scale_min: float = setting(0.5, "Smallest random scale of a training image.", group="images", ge=0.1, le=4)
    scale_max: float = setting(1.5, "Largest random scale of a training image.", group="images", ge=0.1, le=4)
    epochs: int = setting(10, "Passes over the training images.", group="optimiser", ge=1, le=1000)
    batch_size: int = setting(8, "Images a step.", group="optimiser", unit="images", ge=1, le=256)

    @model_validator(mode="after")
    def _ordered(self) -> SegmentationOptions:
        if self.scale_min > self.scale_max:
            raise ValueError("scale_min must not exceed scale_max")
        return self


class SegmentationTrainSettings(SegmentationOptions):
    """Train DeepLab on a set of pseudo-labels."""

    labels: Identifier = setting(..., "Set of pseudo-labels.", group="data")
    val_split: Identifier = setting("val", "Split that mIoU is measured on after each epoch.", group="data")
    val_images: int | None = setting(
        None, "Validate on the first images only; empty uses all.", group="data", unit="images", ge=1
    )
    start: Identifier | None = setting(
        None, "Checkpoint whose backbone it starts from; empty starts from ImageNet, if pretrained.", group="data"
    )


class SegmentationTestOptions(CrfChoice):
    """Test of a segmentation network: mean of logits over scales and flip, softmax, CRF if wished."""

    scales: Scales = setting(TEST_SCALES, "Scales of the input image.", group="views")
    flip: bool = setting(True, "Also average with the mirrored image.", group="views")
    crf: CrfPreset = setting("off", "Dense CRF on the class probabilities.", group="crf")


class SegmentationTestSettings(SegmentationTestOptions):
    """Predict a split, and score it where it has masks."""

    checkpoint: Identifier = setting(..., "Segmentation network.", group="data")
    dataset: Identifier = setting("demo", "Data set.", group="data")
    split: Identifier = setting("val", "Split.", group="data")
    images: int | None = setting(None, "Only the first images; empty takes all.", group="data", unit="images", ge=1)
