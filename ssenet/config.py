"""Closed, validated settings of every stage, and the named recipes and presets.

One definition serves the command line, the API's job specs, the generated forms of
the pages and the card of every checkpoint. Unknown keys are errors. This module is
free of torch, so that the API and the pages can import it.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

Method = Literal["baseline", "ssenet"]
SerForm = Literal["paper", "official"]
Equivariance = Literal["scale", "flip", "rotate"]
LabelSource = Literal["given", "predicted", "all"]
ReluOrder = Literal["fast", "official"]
Stride = Literal[8, 16]
BatchNorm = Literal["all", "large", "frozen"]

DEFAULT_BACKBONE = "tf_efficientnet_lite0"
PAPER_ALPHA = 0.2
INFERENCE_SCALES = (0.5, 1.0, 1.5, 2.0)
"""The four test scales of the paper and of the released code."""
WORKING_SIDE = 512
"""Scale 1 of an inspected photograph: its long side in pixels, when it is larger. About VOC's 500."""
CURVE_SCALES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
"""The single scales of Fig. 5."""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""An id or a name: never a path."""
Scale = Annotated[float, Field(ge=0.1, le=4.0)]
Scales = Annotated[tuple[Scale, ...], Field(min_length=1, max_length=16)]


class Closed(BaseModel):
    """Base of all settings: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _field(default: Any, description: str, *, group: str, unit: str = "", **limits: Any) -> Any:
    """A settings field that the generated form can label, group and limit."""
    extra: dict[str, JsonValue] = {"group": group, "unit": unit}
    return Field(default=default, description=description, json_schema_extra=extra, **limits)


class DatasetSpec(Closed):
    """How to open a data set. Only the operator writes one; job specs name it by id."""

    name: Identifier
    kind: Literal["demo", "voc", "csv"]
    path: str | None = Field(default=None, description="Folder of a VOC set, or the CSV file of a CSV set.")
    classes: tuple[str, ...] | None = Field(
        default=None, description="Class names in order; None reads classes.txt or takes the 20 of VOC."
    )
    labels: Literal["masks", "xml", "csv"] = Field(
        default="masks", description="Where image-level labels come from in a VOC folder."
    )
    seed: int = Field(default=0, ge=0, description="Seed of a composed demo set.")
    train_images: int = Field(default=400, ge=1, le=1_000_000, description="Images an epoch of a demo set.")
    val_images: int = Field(default=120, ge=1, le=100_000, description="Validation images of a demo set.")

    @model_validator(mode="after")
    def _path_where_needed(self) -> DatasetSpec:
        if (self.path is None) != (self.kind == "demo"):
            raise ValueError("a voc or csv data set needs a path, and a demo set has none")
        return self


class CamTrainSettings(Closed):
    """Train a CAM network: the baseline, or the two-branch SSENet (Eqs. 1 and 2)."""

    # What is trained
    dataset: Identifier = _field("demo", "Data set to train on.", group="data")
    split: Identifier = _field("train", "Split to train on.", group="data")
    val_split: Identifier = _field("val", "Split that mAP and CAM mIoU are measured on.", group="data")
    train_images: int | None = _field(
        None, "Use only the first images of the split; empty uses all.", group="data", unit="images", ge=1
    )
    val_images: int | None = _field(
        None, "Validate on the first images only; empty uses all.", group="data", unit="images", ge=1
    )
    method: Method = _field("ssenet", "baseline: one branch. ssenet: two branches and SER.", group="method")

    # The two branches
    rate: float = _field(0.5, "Downsampling rate of the small branch.", group="method", ge=0.1, le=0.95)
    eta: float = _field(1.0, "Weight η of the scale equivariant regularisation.", group="method", ge=0, le=100)
    ser_form: SerForm = _field(
        "official",
        "official: squared difference of ReLU'd, max-normalised, label-masked maps, as released. "
        "paper: L2 norm of the raw CAM difference (Eq. 2).",
        group="method",
    )
    equivariance: Equivariance = _field(
        "scale", "Spatial transformation A of Eq. 2; flip and rotate are the paper's extension.", group="method"
    )
    angle: float = _field(
        30.0, "Largest rotation, drawn evenly from ± this; used by A = rotate.", group="method", unit="°", gt=0, le=180
    )

    # The network
    backbone: str = _field(
        DEFAULT_BACKBONE,
        "resnet38, or any timm model name.",
        group="network",
        pattern=r"^[a-z0-9][a-z0-9_.]{0,79}$",
    )
    stride: Stride = _field(16, "Output stride of the feature map.", group="network", unit="px")
    pretrained: bool = _field(
        True, "Start from ImageNet weights; refused for a backbone whose weights are not installed.", group="network"
    )
    batch_norm: BatchNorm = _field(
        "all",
        "Whose images move the running statistics: of all branches, of the large branch only, or none (frozen, "
        "affine included).",
        group="network",
    )
    batch_norm_momentum: float = _field(
        0.1, "Weight of a new batch in the running statistics.", group="network", gt=0, le=1
    )
    frozen_stages: int = _field(0, "Stages, from the stem on, that are not trained.", group="network", ge=0, le=8)
    dropout: float = _field(0.0, "Dropout before the classifier.", group="network", ge=0, lt=1)

    # The images
    crop: int = _field(256, "Side of the training crop.", group="images", unit="px", ge=32, le=1024, multiple_of=8)
    scale_min: int = _field(
        256, "Shortest long side after random rescaling.", group="images", unit="px", ge=32, le=4096
    )
    scale_max: int = _field(435, "Longest long side after random rescaling.", group="images", unit="px", ge=32, le=4096)
    jitter: float = _field(0.3, "Strength of brightness, contrast and saturation jitter.", group="images", ge=0, le=1)

    # The optimiser
    epochs: int = _field(8, "Passes over the training split.", group="optimiser", ge=1, le=1000)
    batch_size: int = _field(16, "Images a step.", group="optimiser", unit="images", ge=1, le=256)
    optimiser: Literal["sgd", "adamw"] = _field("adamw", "Optimiser.", group="optimiser")
    lr: float = _field(3e-4, "Initial learning rate of the backbone.", group="optimiser", gt=0, le=10)
    head_lr_factor: float = _field(
        10.0, "Learning rate of the classifier relative to it.", group="optimiser", gt=0, le=1000
    )
    momentum: float = _field(0.9, "SGD momentum; unused by adamw.", group="optimiser", ge=0, lt=1)
    weight_decay: float = _field(5e-4, "Weight decay.", group="optimiser", ge=0, le=1)
    poly_power: float = _field(0.9, "γ of the poly schedule.", group="optimiser", ge=0, le=10)
    seed: int = _field(
        0, "Seed; every random choice is a function of (seed, epoch, index).", group="run", ge=0, le=2**31 - 1
    )
    workers: int = _field(
        0,
        "Data loading processes; 0 chooses: none on a CPU, up to 8 on a GPU. The result does not depend on it.",
        group="run",
        ge=0,
        le=64,
    )
    save_every_steps: int = _field(
        200, "Steps between two resumable states.", group="run", unit="steps", ge=1, le=100_000
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

    scales: Scales = _field(INFERENCE_SCALES, "Scales of the input image.", group="views")
    flip: bool = _field(True, "Also average with the mirrored image.", group="views")
    relu_order: ReluOrder = _field(
        "fast",
        "fast: coarse logits → image size → ReLU. official: → scaled input size → ReLU → image size, as released.",
        group="views",
    )
    labels: LabelSource = _field("given", "Which classes get a map: given, predicted or all.", group="labels")


class CamInferSettings(CamSettings):
    """Write the CAMs of a data set's split to disk."""

    checkpoint: Identifier = _field(..., "Checkpoint whose CAMs are computed.", group="data")
    dataset: Identifier = _field("demo", "Data set.", group="data")
    split: Identifier = _field("val", "Split.", group="data")
    images: int | None = _field(None, "Only the first images; empty takes all.", group="data", unit="images", ge=1)


class EvaluateSettings(CamSettings):
    """Score a checkpoint's CAMs against masks for every α at once (Eqs. 4 to 6)."""

    checkpoint: Identifier = _field(..., "Checkpoint to evaluate.", group="data")
    dataset: Identifier = _field("demo", "Data set with masks.", group="data")
    split: Identifier = _field("val", "Split.", group="data")
    images: int | None = _field(None, "Only the first images; empty takes all.", group="data", unit="images", ge=1)
    scales: Scales = _field(CURVE_SCALES, "Single scales to score.", group="views")
    multi_scale: Scales = _field(INFERENCE_SCALES, "Scales of the multi-scale row.", group="views")
    flip: bool = _field(False, "Also average with the mirrored image.", group="views")


JobKind = Literal["train_cam", "infer_cam", "evaluate"]
STAGES: dict[JobKind, type[Closed]] = {
    "train_cam": CamTrainSettings,
    "infer_cam": CamInferSettings,
    "evaluate": EvaluateSettings,
}

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
