"""Settings of the CAM network: training, inference, evaluation, and the recipes behind them."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import model_validator

from ssenet.config.base import DEFAULT_BACKBONE, Closed, Identifier, Scales, TrainOptions, setting

Method = Literal["baseline", "ssenet"]
SerForm = Literal["paper", "official"]
Equivariance = Literal["scale", "flip", "rotate"]
LabelSource = Literal["given", "predicted", "all"]
ReluOrder = Literal["fast", "official"]

INFERENCE_SCALES = (0.5, 1.0, 1.5, 2.0)
"""The four test scales of the paper and of the released code."""
WORKING_SIDE = 512
"""Scale 1 of an inspected photograph: its long side in pixels, when it is larger. About VOC's 500."""
CURVE_SCALES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
"""The single scales of Fig. 5."""


class CamTrainSettings(TrainOptions):
    """Train a CAM network: the baseline, or the two-branch SSENet (Eqs. 1 and 2)."""

    # What is trained
    dataset: Identifier = setting("demo", "Data set to train on.", group="data")
    split: Identifier = setting("train", "Split to train on.", group="data")
    val_split: Identifier = setting("val", "Split that mAP and CAM mIoU are measured on.", group="data")
    train_images: int | None = setting(
        None, "Use only the first images of the split; empty uses all.", group="data", unit="images", ge=1
    )
    val_images: int | None = setting(
        None, "Validate on the first images only; empty uses all.", group="data", unit="images", ge=1
    )
    method: Method = setting("ssenet", "baseline: one branch. ssenet: two branches and SER.", group="method")

    # The two branches
    rate: float = setting(0.5, "Downsampling rate of the small branch.", group="method", ge=0.1, le=0.95)
    eta: float = setting(1.0, "Weight η of the scale equivariant regularisation.", group="method", ge=0, le=100)
    ser_form: SerForm = setting(
        "official",
        "official: squared difference of ReLU'd, max-normalised, label-masked maps, as released. "
        "paper: L2 norm of the raw CAM difference (Eq. 2).",
        group="method",
    )
    equivariance: Equivariance = setting(
        "scale", "Spatial transformation A of Eq. 2; flip and rotate are the paper's extension.", group="method"
    )
    angle: float = setting(
        30.0, "Largest rotation, drawn evenly from ± this; used by A = rotate.", group="method", unit="°", gt=0, le=180
    )

    # The network
    dropout: float = setting(0.0, "Dropout before the classifier.", group="network", ge=0, lt=1)

    # The images
    scale_min: int = setting(
        256, "Shortest long side after random rescaling.", group="images", unit="px", ge=32, le=4096
    )
    scale_max: int = setting(
        435, "Longest long side after random rescaling.", group="images", unit="px", ge=32, le=4096
    )

    @model_validator(mode="after")
    def _consistent(self) -> CamTrainSettings:
        if self.scale_min > self.scale_max:
            raise ValueError("scale_min must not exceed scale_max")
        if self.method == "ssenet" and self.equivariance == "scale":
            self._check_small_branch()
        return self

    def _check_small_branch(self) -> None:
        if self.small_side >= self.crop:
            raise ValueError(
                f"a rate of {self.rate:g} makes both branches {self.crop} px wide: lower rate or raise crop"
            )
        if self.small_side < 2 * self.stride:
            raise ValueError(
                f"the small branch would see {self.small_side} px at stride {self.stride}, "
                "less than two cells: raise crop or rate"
            )

    @property
    def small_side(self) -> int:
        """Side in pixels of the small branch.

        ResNet38's is rounded down as torch does for a scale factor (448 · 0.3 gives 134, as
        released); other backbones take the nearest multiple of their stride.
        """
        if self.backbone == "resnet38":
            return math.floor(self.crop * self.rate)
        return max(2, math.floor(self.crop * self.rate / self.stride + 0.5)) * self.stride


class CamSettings(Closed):
    """How class activation maps are computed from a network."""

    scales: Scales = setting(INFERENCE_SCALES, "Scales of the input image.", group="views")
    flip: bool = setting(True, "Also average with the mirrored image.", group="views")
    relu_order: ReluOrder = setting(
        "fast",
        "fast: coarse logits → image size → ReLU. official: → scaled input size → ReLU → image size, as released.",
        group="views",
    )
    labels: LabelSource = setting("given", "Which classes get a map: given, predicted or all.", group="labels")


class CamInferSettings(CamSettings):
    """Write the CAMs of a data set's split to disk."""

    checkpoint: Identifier = setting(..., "Checkpoint whose CAMs are computed.", group="data")
    dataset: Identifier = setting("demo", "Data set.", group="data")
    split: Identifier = setting("val", "Split.", group="data")
    images: int | None = setting(None, "Only the first images; empty takes all.", group="data", unit="images", ge=1)


class EvaluateSettings(CamSettings):
    """Score a checkpoint's CAMs against masks for every α at once (Eqs. 4 to 6)."""

    checkpoint: Identifier = setting(..., "Checkpoint to evaluate.", group="data")
    dataset: Identifier = setting("demo", "Data set with masks.", group="data")
    split: Identifier = setting("val", "Split.", group="data")
    images: int | None = setting(None, "Only the first images; empty takes all.", group="data", unit="images", ge=1)
    scales: Scales = setting(CURVE_SCALES, "Single scales to score.", group="views")
    multi_scale: Scales = setting(INFERENCE_SCALES, "Scales of the multi-scale row.", group="views")
    cams: Identifier | None = setting(
        None,
        "Score this set of CAMs instead of running the network; split, images and views must be the set's.",
        group="data",
    )
    flip: bool = setting(False, "Also average with the mirrored image.", group="views")


_RESNET38: dict[str, Any] = {
    # As the released code runs. Its momentum is really 5e-4: the weight decay lands in
    # torch's positional momentum argument, and 0.9 is the poly power.
    "backbone": "resnet38",
    "stride": 8,
    "optimiser": "sgd",
    "lr": 0.01,
    "momentum": 5e-4,
    "weight_decay": 5e-4,
    "head_lr_factor": 10.0,
    "poly_power": 0.9,
    "crop": 448,
    "scale_min": 448,
    "scale_max": 768,
    "batch_size": 8,
    "epochs": 15,
    "rate": 0.3,
    "batch_norm": "frozen",
    "frozen_stages": 2,
    "dropout": 0.5,
}
_TIMM: dict[str, Any] = {"optimiser": "adamw", "lr": 3e-4, "head_lr_factor": 10.0, "stride": 16}


def recipe(backbone: str) -> dict[str, Any]:
    """Settings that train ``backbone`` well; the rest keeps its defaults."""
    if backbone == "resnet38":
        return dict(_RESNET38)
    return {**_TIMM, "backbone": backbone, "pretrained": backbone == DEFAULT_BACKBONE}


PresetName = Literal["quick", "demo", "paper"]
_PRESETS: dict[PresetName, dict[str, Any]] = {
    # About a minute on two CPU cores, evaluation included: it shows the machinery, not the effect.
    "quick": {
        **recipe(DEFAULT_BACKBONE),
        "crop": 128,
        "scale_min": 128,
        "scale_max": 192,
        "epochs": 2,
        "train_images": 128,
        "val_images": 24,
        "batch_size": 16,
    },
    "demo": {**recipe(DEFAULT_BACKBONE), "epochs": 10, "batch_norm": "large"},
    "paper": recipe("resnet38"),
}


def train_preset(name: PresetName, method: Method = "ssenet", **changes: Any) -> CamTrainSettings:
    """The settings behind one of the three buttons of the Train page."""
    return CamTrainSettings(**{**_PRESETS[name], "method": method, **changes})
