"""Class activation maps on demand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from backend.schemas.common import Answer
from backend.service import IDENTIFIER
from ssenet.config import INFERENCE_SCALES, LabelSource, ReluOrder
from ssenet.config.base import Scale
from ssenet.cost import ViewCost
from ssenet.render import Normalisation, colormaps


class Moved(BaseModel):
    """How the photograph is turned and moved before the network sees it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    rotation: float = Field(default=0.0, ge=-180, le=180, description="Degrees, counter-clockwise, about the centre.")
    shift_x: float = Field(default=0.0, ge=-0.5, le=0.5, description="To the right, as a fraction of the width.")
    shift_y: float = Field(default=0.0, ge=-0.5, le=0.5, description="Down, as a fraction of the height.")

    @property
    def moved(self) -> dict[str, float]:
        """The three as a view takes them."""
        return {"rotation": self.rotation, "shift_x": self.shift_x, "shift_y": self.shift_y}


class CamQuery(Moved):
    """Which maps, and how they are drawn; drawing needs no network.

    Maps of a rotated or shifted photograph stay in its warped frame, and so does the overlay.
    """

    image: str = Field(pattern=IDENTIFIER, description="Id of the photograph.")
    scales: Annotated[list[Scale], Field(min_length=1, max_length=16)] = list(INFERENCE_SCALES)
    flip: bool = Field(default=False, description="Also with the mirrored image.")
    relu_order: ReluOrder = "fast"
    labels: LabelSource | None = Field(
        default=None,
        description="Which classes count as present: given (`classes`, or what is known of the image), predicted by "
        "the network, or all. By default given if `classes` are named, else predicted.",
    )
    classes: list[Annotated[str, Field(max_length=200)]] = Field(
        default=[], max_length=100, description="Names of the classes to show."
    )
    normalisation: Normalisation = "eq3"
    alpha: float | None = Field(default=None, ge=0, le=1, description="Draw the contour of this threshold.")
    colormap: str = Field(default="inferno", json_schema_extra={"enum": list(colormaps())})
    opacity: float = Field(default=0.6, ge=0, le=1)
    max_side: int = Field(default=1024, ge=16, le=4096, description="Longest side of the overlay, in pixels.")
    wait: float = Field(default=10.0, ge=0, le=30, description="Seconds to wait for maps that are not there yet.")

    @field_validator("colormap")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in colormaps():
            raise ValueError(f"there is no colour map {name!r}; choose one of {', '.join(colormaps())}")
        return name


class CamView(Answer):
    """Raw coarse logits of one view."""

    name: str
    scale: float
    flip: bool
    rotation: float
    shift_x: float
    shift_y: float
    shape: tuple[int, int, int] = Field(description="(K, h, w).")
    key: str = Field(description="Content key: equal keys are equal bytes.")
    cached: bool = Field(description="Whether it was there before this request.")
    bytes: int = Field(description="Size of its logits as NPY, which is what travels.")
    cost: ViewCost | None = Field(description="What computing it took; null where nobody wrote it down.")


class ClassScore(Answer):
    """Probability that the network gives a class."""

    name: str = Field(serialization_alias="class")
    score: float


class CamLabels(Answer):
    """Which classes count as present, and who says so."""

    source: LabelSource
    classes: list[str]


class CamProtocol(Answer):
    """How the maps came about."""

    scales: list[float]
    flip: bool
    rotation: float
    shift_x: float
    shift_y: float
    working_side: int = Field(description="Scale 1: the long side of larger photographs, in pixels.")
    relu_order: ReluOrder
    normalisation: Normalisation
    label_source: LabelSource
    method: str
    backbone: str
    weights_sha256: str
    cam_version: str
    code_version: str


class CamStages(Answer):
    """Milliseconds by stage. What the network took is with each view: it ran once, for whoever asked first."""

    waiting: float = Field(description="For maps that were not there yet.")
    reading: float = Field(description="Logits from the store.")
    aggregation: float = Field(description="Upsampling, sum, normalisation and colours, or the classes' scores.")
    encoding: float = Field(description="PNG, NPY or NPZ; 0 in JSON, which cannot tell its own.")


class CamTiming(Answer):
    """What the answer took."""

    seconds: float
    stages: CamStages


class Cams(Answer):
    """What the maps say, without their pixels."""

    image: str
    checkpoint: str
    classes: list[str] = Field(description="Classes that are shown, the first one in the overlay.")
    views: list[CamView]
    scores: list[ClassScore] = Field(description="The 20 highest, highest first.")
    predicted: list[str]
    labels: CamLabels
    outside: bool = Field(description="No class of this network scores above its threshold.")
    protocol: CamProtocol
    timing: CamTiming


class CamPending(Answer):
    """The maps are being computed: ask again."""

    state: Literal["pending"] = "pending"
    missing: int
    total: int
