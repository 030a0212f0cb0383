"""Exports of maps: one photograph, or several at once."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from backend.schemas.cams import CamQuery
from backend.service import IDENTIFIER
from ssenet.bundle import Look, known_colours
from ssenet.config import INFERENCE_SCALES, PAPER_ALPHA, LabelSource, ReluOrder
from ssenet.config.base import Closed, Scale
from ssenet.render import Normalisation, colormaps

MOST_IMAGES, MOST_CHECKPOINTS, MOST_PAIRS = 64, 8, 128


class BundleQuery(CamQuery):
    """Which maps, and how they are drawn. Maps of warped photographs are on the equivariance routes."""

    alpha: float = Field(default=PAPER_ALPHA, ge=0, le=1, description="Threshold of contours and labels.")

    @model_validator(mode="after")
    def _not_moved(self) -> BundleQuery:
        if any(self.moved.values()):
            raise ValueError("a bundle is of the photograph as it is: leave out rotation and shift")
        return self

    @property
    def look(self) -> Look:
        """How maps are drawn."""
        return Look(alpha=self.alpha, opacity=self.opacity, colours=self.colormap, normalisation=self.normalisation)


class BundleRequest(Closed):
    """Several photographs, each by every one of several networks."""

    images: list[Annotated[str, Field(pattern=IDENTIFIER)]] = Field(
        min_length=1, max_length=MOST_IMAGES, description="Ids of photographs."
    )
    checkpoints: list[Annotated[str, Field(pattern=IDENTIFIER)]] = Field(
        min_length=1, max_length=MOST_CHECKPOINTS, description="Ids of checkpoints."
    )
    scales: list[Scale] = Field(default=list(INFERENCE_SCALES), min_length=1, max_length=16)
    flip: bool = False
    relu_order: ReluOrder = "fast"
    labels: LabelSource | None = None
    classes: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=100)
    normalisation: Normalisation = "eq3"
    alpha: float = Field(default=PAPER_ALPHA, ge=0, le=1)
    colormap: Annotated[str, AfterValidator(known_colours)] = Field(
        default="inferno", json_schema_extra={"enum": list(colormaps())}
    )
    opacity: float = Field(default=0.6, ge=0, le=1)
    wait: float = Field(default=10.0, ge=0, le=30, description="Seconds to wait for maps that are not there yet.")

    @model_validator(mode="after")
    def _bounded(self) -> BundleRequest:
        if len(set(self.images)) * len(set(self.checkpoints)) > MOST_PAIRS:
            raise ValueError(f"photographs times checkpoints are at most {MOST_PAIRS}: ask in parts")
        return self

    def query(self, image: str) -> BundleQuery:
        """What is asked for one photograph. Raises ValidationError."""
        shared: dict[str, Any] = self.model_dump(exclude={"images", "checkpoints"})
        return BundleQuery(image=image, **shared)
