"""Settings of the whole pipeline, and its presets."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from ssenet.config.base import Closed, Identifier, setting
from ssenet.config.cam import CamSettings, CamTrainSettings, Method, PresetName, train_preset
from ssenet.config.refine import AffinityOptions, CrfOptions, PseudoLabelOptions, WalkOptions
from ssenet.config.segmentation import SegmentationOptions, SegmentationTestOptions
from ssenet.config.stages import PipelineKind


class PipelineSettings(Closed):
    """CAM → dense CRF → AffinityNet → random walk → pseudo-labels → segmentation network → test.

    Data set, splits and image counts stand here once; those in ``train`` are overruled.
    """

    dataset: Identifier = setting("demo", "Data set.", group="data")
    split: Identifier = setting("train", "Split that pseudo-labels are made for.", group="data")
    images: int | None = setting(
        None, "Only the first images of it; empty takes all.", group="data", unit="images", ge=1
    )
    val_split: Identifier = setting("val", "Split that the segmentation network is tested on.", group="data")
    val_images: int | None = setting(
        None, "Only the first images of it; empty takes all.", group="data", unit="images", ge=1
    )
    checkpoint: Identifier | None = setting(None, "CAM network to start from; empty trains one.", group="data")
    train: CamTrainSettings | None = Field(default=None, description="How the CAM network is trained.")
    start_from_cam: bool = setting(
        False,
        "AffinityNet and the segmentation network start from the CAM network's backbone, which must be the same; "
        "otherwise from ImageNet.",
        group="data",
    )
    cams: CamSettings = CamSettings()
    crf: CrfOptions = CrfOptions()
    affinity: AffinityOptions = AffinityOptions()
    walk: WalkOptions = WalkOptions()
    labels: PseudoLabelOptions = PseudoLabelOptions()
    segmentation: SegmentationOptions = SegmentationOptions()
    test: SegmentationTestOptions = SegmentationTestOptions()
    last: PipelineKind = setting("evaluate_segmentation", "Stage to stop after.", group="run")

    @model_validator(mode="after")
    def _one_start(self) -> PipelineSettings:
        if (self.checkpoint is None) == (self.train is None):
            raise ValueError("give either a checkpoint to start from, or settings to train one with")
        return self


_RESNET38: dict[str, Any] = {
    "backbone": "resnet38",
    "stride": 8,
    "optimiser": "sgd",
    "momentum": 5e-4,
    "weight_decay": 5e-4,
    "crop": 448,
    "frozen_stages": 2,
    "batch_norm": "frozen",
    "batch_size": 8,
}
_PAPER: dict[str, Any] = {
    # AffinityNet as released for ResNet38. Its momentum is really 5e-4, as with the CAM network.
    "affinity": {**_RESNET38, "lr": 0.01, "epochs": 8},
    # The retraining that SSENet's author points to: real momentum, batch statistics, 20,000 steps of 10 images.
    "segmentation": {
        **_RESNET38,
        "momentum": 0.9,
        "lr": 0.001,
        "batch_size": 10,
        "epochs": 19,
        "batch_norm": "all",
        "batch_norm_momentum": 3e-4,
        "frozen_stages": 0,
    },
    "cams": {"relu_order": "official"},
    "test": {"crf": "seam"},
}
_COMPOSED: dict[str, Any] = {
    # For the composed photographs of the demo set, which are small: maps of half scale are a few cells wide and
    # blur the sum; a walk of 256 steps would cross the whole photograph. Backgrounds, β and steps were chosen on
    # demo training images with their masks, so scores on that split are optimistic.
    "start_from_cam": True,
    "cams": {"scales": (1.0, 1.5)},
    "crf": {"crf_iterations": 5, "alpha_low": 2.0, "alpha_high": 12.0},
    "affinity": {"stride": 16, "batch_norm": "frozen", "lr": 1e-3, "epochs": 4},
    "walk": {"beta": 16.0, "log_steps": 6, "alpha": 0.25},
    "segmentation": {"crop": 256, "epochs": 8, "head_channels": 256, "dropout": 0.1},
    "test": {"scales": (0.75, 1.0, 1.25)},
}
_QUICK: dict[str, Any] = {
    **_COMPOSED,
    "images": 96,
    "val_images": 40,
    "affinity": {**_COMPOSED["affinity"], "epochs": 3},
    "segmentation": {"crop": 224, "epochs": 4, "head_channels": 128, "dropout": 0.1},
    "test": {"scales": (1.0,)},
}


def pipeline_preset(
    name: PresetName, method: Method = "ssenet", *, checkpoint: str | None = None, **changes: Any
) -> PipelineSettings:
    """The settings behind one of the buttons of the Pipeline page.

    Args:
        name: of the preset.
        method: of the CAM network that is trained.
        checkpoint: start from this one instead of training.
        changes: fields of ``PipelineSettings`` that replace the preset's.
    """
    stages = {"quick": _QUICK, "demo": _COMPOSED, "paper": _PAPER}[name]
    start: dict[str, Any] = {"checkpoint": checkpoint} if checkpoint else {"train": train_preset(name, method)}
    return PipelineSettings.model_validate({**stages, **start, **changes})
