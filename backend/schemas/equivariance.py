"""Equivariance of a network on one photograph."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from backend.schemas.cams import CamQuery, Moved
from backend.schemas.common import Answer
from backend.service import IDENTIFIER
from ssenet.analysis.equivariance import Equivariance
from ssenet.config import INFERENCE_SCALES, PAPER_ALPHA
from ssenet.config.base import Scale
from ssenet.results import View


class EquivarianceQuery(Moved):
    """The transformation A = flip ∘ shift ∘ rotate ∘ scale, and what is measured of it."""

    image: str = Field(pattern=IDENTIFIER, description="Id of the photograph.")
    scale: Scale = Field(default=0.5, description="Of the photograph.")
    flip: bool = Field(default=False, description="Mirrored, last of all.")
    alpha: float = Field(default=PAPER_ALPHA, ge=0, le=1, description="Threshold of the IoU between scales.")
    classes: list[Annotated[str, Field(max_length=200)]] = Field(
        default=[], max_length=100, description="Names of classes; by default those predicted for the photograph."
    )
    scales: Annotated[list[Scale], Field(min_length=1, max_length=16)] = Field(
        default=list(INFERENCE_SCALES), description="Rows and columns of the scale matrices."
    )
    wait: float = Field(default=10.0, ge=0, le=30, description="Seconds to wait for maps that are not there yet.")

    @property
    def view(self) -> View:
        """A."""
        return View(scale=self.scale, flip=self.flip, **self.moved)

    @property
    def cams(self) -> CamQuery:
        """What it names, as a query for maps."""
        return CamQuery(image=self.image, scales=self.scales, classes=self.classes, wait=self.wait)


class EquivarianceProtocol(Answer):
    """How the figures came about. No ground truth is in them."""

    label_source: Literal["named", "predicted"] = Field(description="Who chose the classes.")
    working_side: int = Field(description="Scale 1: the long side of larger photographs, in pixels.")
    normalisation: Literal["eq3"] = "eq3"
    method: str
    backbone: str
    weights_sha256: str
    cam_version: str
    code_version: str


class EquivarianceAnswer(Equivariance):
    """What is measured, of what, and how."""

    image: str
    checkpoint: str
    outside: bool = Field(description="Nothing is predicted for the photograph: its best guess is measured.")
    protocol: EquivarianceProtocol
