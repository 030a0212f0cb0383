"""What all settings share: a closed base, names, fields that a form can draw, and the parts common to trainings."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, field_validator, model_validator

from ssenet.config.strict import check_type, plain_types

Stride = Literal[8, 16]
BatchNorm = Literal["all", "large", "frozen"]

DEFAULT_BACKBONE = "tf_efficientnet_lite0"
PAPER_ALPHA = 0.2

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""An id or a name: never a path."""
Scale = Annotated[float, Field(ge=0.1, le=4.0)]
Scales = Annotated[tuple[Scale, ...], Field(min_length=1, max_length=16)]


class Closed(BaseModel):
    """Base of all settings: immutable, an unknown key is an error, and nothing stands for a value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    from_text: ClassVar[bool] = False
    """Whether values come as texts, as they do in the query of an address."""

    @field_validator("*", mode="before")
    @classmethod
    def _of_its_type(cls, value: object, info: ValidationInfo) -> object:
        """A number is no text and no truth value: pydantic would take ``"0.5"`` and ``true`` for numbers."""
        annotation: Any = cls.model_fields[str(info.field_name)].annotation
        if not cls.from_text:
            check_type(value, plain_types(annotation))
        return value


def setting(default: Any, description: str, *, group: str, unit: str = "", **limits: Any) -> Any:
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


class TrainOptions(Closed):
    """What all trainings have in common: backbone, crops, optimiser, and how the run saves itself."""

    backbone: str = setting(
        DEFAULT_BACKBONE,
        "resnet38, or any timm model name.",
        group="network",
        pattern=r"^[a-z0-9][a-z0-9_.]{0,79}$",
    )
    stride: Stride = setting(16, "Output stride of the feature map.", group="network", unit="px")
    pretrained: bool = setting(
        True, "Start from ImageNet weights; refused for a backbone whose weights are not installed.", group="network"
    )
    batch_norm: BatchNorm = setting(
        "all",
        "Whose images move the running statistics: of all branches, of the large branch only, or none (frozen, "
        "affine included).",
        group="network",
    )
    batch_norm_momentum: float = setting(
        0.1, "Weight of a new batch in the running statistics.", group="network", gt=0, le=1
    )
    frozen_stages: int = setting(0, "Stages, from the stem on, that are not trained.", group="network", ge=0, le=8)
    crop: int = setting(256, "Side of the training crop.", group="images", unit="px", ge=32, le=1024, multiple_of=8)
    jitter: float = setting(0.3, "Strength of brightness, contrast and saturation jitter.", group="images", ge=0, le=1)
    epochs: int = setting(8, "Passes over the training images.", group="optimiser", ge=1, le=1000)
    batch_size: int = setting(16, "Images a step.", group="optimiser", unit="images", ge=1, le=256)
    optimiser: Literal["sgd", "adamw"] = setting("adamw", "Optimiser.", group="optimiser")
    lr: float = setting(3e-4, "Initial learning rate of the backbone.", group="optimiser", gt=0, le=10)
    head_lr_factor: float = setting(
        10.0, "Learning rate of the new layers relative to it.", group="optimiser", gt=0, le=1000
    )
    momentum: float = setting(0.9, "SGD momentum; unused by adamw.", group="optimiser", ge=0, lt=1)
    weight_decay: float = setting(5e-4, "Weight decay.", group="optimiser", ge=0, le=1)
    poly_power: float = setting(0.9, "γ of the poly schedule.", group="optimiser", ge=0, le=10)
    seed: int = setting(
        0, "Seed; every random choice is a function of (seed, epoch, index).", group="run", ge=0, le=2**31 - 1
    )
    workers: int = setting(
        0,
        "Data loading processes; 0 chooses: none on a CPU, up to 8 on a GPU. The result does not depend on it.",
        group="run",
        ge=0,
        le=64,
    )
    save_every_steps: int = setting(
        200, "Steps between two resumable states.", group="run", unit="steps", ge=1, le=100_000
    )
