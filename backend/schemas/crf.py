"""The dense CRF of one photograph on demand."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.schemas.cams import CamQuery
from backend.schemas.common import Answer
from backend.service import IDENTIFIER
from ssenet.config import INFERENCE_SCALES, LabelSource
from ssenet.config.base import Scale
from ssenet.refine.scrub import MOST_CLASSES, Preset, ScrubSettings
from ssenet.refine.scrub_report import CrfReport


class CrfQuery(BaseModel):
    """Which maps are refined, and how."""

    model_config = ConfigDict(extra="forbid")

    image: str = Field(pattern=IDENTIFIER, description="Id of the photograph.")
    scales: Annotated[list[Scale], Field(min_length=1, max_length=16)] = list(INFERENCE_SCALES)
    flip: bool = Field(default=False, description="Also with the mirrored image.")
    labels: LabelSource | None = Field(default=None, description="Which classes count as present, as for CAMs.")
    classes: list[Annotated[str, Field(max_length=200)]] = Field(
        default=[], max_length=MOST_CLASSES, description="Names of the classes to refine."
    )
    preset: Preset = Field(default="psa", description="Whose CRF parameters.")
    alpha: float | None = Field(
        default=None, ge=0, le=1, description="Constant background score; without it, the two powers."
    )
    power_low: float = Field(default=4.0, gt=0, le=100, description="Exponent of the strong background.")
    power_high: float = Field(default=24.0, gt=0, le=100, description="Exponent of the weak background.")
    iterations: int = Field(default=10, ge=0, le=20)
    wait: float = Field(default=10.0, ge=0, le=30, description="Seconds to wait for maps that are not there yet.")

    @model_validator(mode="after")
    def _settings_are_whole(self) -> CrfQuery:
        _ = self.settings
        return self

    @property
    def settings(self) -> ScrubSettings:
        """Of the CRF and the background."""
        names = ("preset", "alpha", "power_low", "power_high", "iterations")
        return ScrubSettings.model_validate({name: getattr(self, name) for name in names})

    @property
    def cams(self) -> CamQuery:
        """The maps that are refined."""
        names = ("image", "scales", "flip", "labels", "classes", "wait")
        return CamQuery.model_validate({name: getattr(self, name) for name in names})


class CrfProtocol(Answer):
    """How the frames came about."""

    scales: list[float]
    flip: bool
    working_side: int = Field(description="Long side of the frames, at most, in pixels.")
    label_source: LabelSource
    method: str
    backbone: str
    weights_sha256: str
    crf: str
    uses_ground_truth: bool = Field(description="Whether a mask gave the classes or the agreement.")
    code_version: str


class CrfSteps(Answer):
    """What each iteration changed; the frames themselves are the npz form."""

    image: str
    checkpoint: str
    outside: bool = Field(description="The network recognises nothing: its best guess is refined.")
    report: CrfReport
    protocol: CrfProtocol
    cached: bool
    key: str = Field(description="Content key: equal keys are equal frames.")
