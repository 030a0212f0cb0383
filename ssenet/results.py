"""Typed results: views, cards, records of evaluations. Free of torch."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    ValidationInfo,
    computed_field,
    field_validator,
    model_validator,
)

from ssenet.config import (
    WORKING_SIDE,
    AffinityTrainSettings,
    CamTrainSettings,
    LabelSource,
    Method,
    NetworkRole,
    ReluOrder,
    SegmentationTrainSettings,
)
from ssenet.lineage import Step, content_key, stored_settings

MULTI_SCALE = "MS"
"""Name of an evaluation's row that sums all scales."""

CAM_VERSION = "1"
"""Part of every CAM key: raise it when the same inputs would give other logits."""

_NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_VIEW_NAME = re.compile(rf"s({_NUMBER})(-flip)?(?:-r({_NUMBER}))?(?:-x({_NUMBER}))?(?:-y({_NUMBER}))?")


class View(BaseModel):
    """One way of looking at an image: the transformation A = flip ∘ shift ∘ rotate ∘ scale of Eq. 2.

    The frame keeps the size that ``scale`` gives it; what comes from outside the photograph is zero
    after normalisation. Raw logits of a rotated or shifted view stay in the warped frame, and a flip
    is mirrored back: they are those of shift ∘ rotate ∘ scale.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    scale: float = Field(gt=0)
    flip: bool = False
    rotation: float = Field(default=0.0, ge=-180, le=180, description="Degrees, counter-clockwise, about the centre.")
    shift_x: float = Field(default=0.0, ge=-0.5, le=0.5, description="To the right, as a fraction of the width.")
    shift_y: float = Field(default=0.0, ge=-0.5, le=0.5, description="Down, as a fraction of the height.")

    @field_validator("rotation", "shift_x", "shift_y")
    @classmethod
    def _named_exactly(cls, value: float, info: ValidationInfo) -> float:
        # To hundredths of a degree and ten-thousandths of a side, so that a name says all; and no -0.
        return round(value, 2 if info.field_name == "rotation" else 4) + 0.0

    @property
    def warped(self) -> bool:
        """Whether it is rotated or shifted."""
        return bool(self.rotation or self.shift_x or self.shift_y)

    @property
    def name(self) -> str:
        """A name that is safe in file names and npz keys, such as ``s0.5-flip`` or ``s1-r15-x-0.1``."""
        moved = {"r": self.rotation, "x": self.shift_x, "y": self.shift_y}
        warp = "".join(f"-{letter}{value:g}" for letter, value in moved.items() if value)
        return f"s{self.scale:g}" + ("-flip" if self.flip else "") + warp

    @classmethod
    def parse(cls, name: str) -> View:
        """The view that ``name`` came from, its scale to six significant digits.

        Raises:
            ValueError: it is not the name of a view.
        """
        found = _VIEW_NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"{name!r} is not the name of a view, such as s0.5-flip")
        scale, flip, *moved = found.groups()
        rotation, shift_x, shift_y = (float(value or 0) for value in moved)
        return cls(scale=float(scale), flip=flip is not None, rotation=rotation, shift_x=shift_x, shift_y=shift_y)


def views_of(scales: Iterable[float], flip: bool, **moved: float) -> list[View]:
    """All views, smallest scale first (the cheapest picture arrives first), each with its mirror image.

    ``moved`` is ``rotation``, ``shift_x`` and ``shift_y`` of all of them, as far as they are not 0.
    """
    mirrored = (False, True) if flip else (False,)
    return [View(scale=s, flip=f, **moved) for s in sorted(set(scales)) for f in mirrored]


def cam_key(image_sha: str, checkpoint_sha: str, view: View, precision: Literal["float16", "float32"]) -> str:
    """Content key of one raw coarse CAM: equal keys mean equal bytes (Architecture, CamKey)."""
    text = "|".join(["cam", CAM_VERSION, str(WORKING_SIDE), image_sha, checkpoint_sha, view.name, precision])
    return hashlib.sha256(text.encode()).hexdigest()


class CheckpointCard(BaseModel):
    """What one must know to use and to trust a set of weights."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal[1] = 1
    name: str = Field(min_length=1, max_length=120)
    method: Method | Literal["classifier", "affinity", "segmentation"] = Field(
        description="classifier: a conventional CAM of a given classifier."
    )
    backbone: str
    stride: Literal[8, 16, 32]
    classes: tuple[str, ...] = Field(min_length=1, max_length=2000)
    mean: tuple[float, float, float]
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat]
    settings: CamTrainSettings | AffinityTrainSettings | SegmentationTrainSettings | None = Field(
        default=None, description="Training settings; None when not trained here."
    )
    lineage: tuple[Step, ...] = Field(default=(), description="The steps that led to it, first to last, its own last.")
    dataset: str | None = None
    dataset_fingerprint: str | None = None
    epoch: int | None = None
    step: int | None = None
    seed: int | None = None
    metrics: dict[str, float] = Field(default_factory=dict, description="For example val_map, val_miou, val_alpha.")
    metrics_protocol: ProtocolCard | None = None
    weights_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    code_version: str
    parent: str | None = Field(default=None, description="Weights that training started from.")
    licence: str | None = None
    notes: str = ""
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its lineage; of a CAM network that carries none, the training that its settings describe."""
        if self.lineage or self.settings is None or self.role != "cam":
            return self.lineage
        key = content_key("train_cam", self.settings, {}, self.dataset_fingerprint or "")
        settings = stored_settings(self.settings)
        own = Step(kind="train_cam", key=key, settings=settings, epoch=self.epoch, weights_sha256=self.weights_sha256)
        return (own,)

    @property
    def role(self) -> NetworkRole:
        """What the network is for."""
        if self.method in ("affinity", "segmentation"):
            return self.method
        return "cam"

    @property
    def content_sha(self) -> str:
        """Hash of what its maps depend on: the weights and how they are used."""
        used: list[Any] = [self.weights_sha256, self.backbone, self.stride, self.classes, self.mean, self.std]
        if isinstance(self.settings, SegmentationTrainSettings):
            used.append(self.settings.head_dilation)  # which no tensor shows
        return hashlib.sha256(json.dumps(used).encode()).hexdigest()


class ProtocolCard(BaseModel):
    """How a number came about. No figure or table goes without one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    dataset_fingerprint: str
    split: str
    images: int
    label_source: LabelSource | Literal["none"] = Field(description="none: no image-level labels are used.")
    scales: tuple[float, ...]
    multi_scale: tuple[float, ...] = ()
    flip: bool
    relu_order: ReluOrder | None = None
    aggregation: str | None = Field(default=None, description="How views become one, where not by the usual sum.")
    normalisation: Literal["eq3", "official"] | None = "eq3"
    crf: str | None = None
    alpha_rule: str = Field(description="For example 'fixed 0.2' or 'best on the scored images'.")
    absent_classes: Literal["zero", "excluded"] = Field(
        default="zero", description="What a class with neither truth nor prediction adds to mIoU."
    )
    selection: str | None = Field(
        default=None, description="How what is shown was ordered or picked, where that looked at ground truth."
    )
    weights_sha256: str
    code_version: str

    @model_validator(mode="before")
    @classmethod
    def _recompute(cls, data: Any) -> Any:
        # A dumped card carries the computed flag; reading it back computes it anew.
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if key != "uses_ground_truth"}
        return data

    @computed_field  # type: ignore[prop-decorator]
    @property
    def uses_ground_truth(self) -> bool:
        """Whether anything was chosen or given with the ground truth of the scored images."""
        return self.label_source == "given" or "scored images" in self.alpha_rule or self.selection is not None


CheckpointCard.model_rebuild()


class EvaluationRecord(BaseModel):
    """An evaluation without its arrays: what was scored, and which rows it has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    checkpoint: str
    classes: tuple[str, ...]
    image_ids: tuple[str, ...]
    rows: tuple[str, ...] = Field(description="Names of the curves: one per single scale, such as '0.5', and 'MS'.")
    protocol: ProtocolCard
    lineage: tuple[Step, ...] = Field(default=(), description="The steps that led to the network.")
    agreed_alpha: float | None = Field(
        default=None,
        description="α at which the single scales agree most above chance, measured without the masks; null when not.",
    )
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
