"""The α lab: which curves are asked for, and the images behind a point of one."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.schemas.common import Answer
from backend.service import IDENTIFIER
from ssenet.analysis.alpha import Draws
from ssenet.analysis.per_image import Order
from ssenet.config import PAPER_ALPHA
from ssenet.results import MULTI_SCALE

RowName = Annotated[str, Field(max_length=20, description="A single scale such as '0.5', or MS.")]
ClassName = Annotated[str, Field(max_length=200)]
Evaluations = Annotated[
    list[Annotated[str, Field(pattern=IDENTIFIER)]],
    Field(max_length=12, description="Ids of evaluations; figures are of the images that all of them scored."),
]
Alpha = Annotated[float, Field(ge=0, le=1, description="Background threshold; the nearest edge is taken.")]


class CurvesQuery(Draws):
    """Rows of evaluations, with bands."""

    from_text: ClassVar[bool] = True

    evaluations: Annotated[Evaluations, Field(min_length=1)]
    rows: list[RowName] = Field(default=[MULTI_SCALE], min_length=1, max_length=20)
    classes: list[ClassName] = Field(
        default=[], max_length=8, description="Also the curves of these classes; 'background' is one."
    )
    alpha: Alpha = PAPER_ALPHA

    @model_validator(mode="after")
    def _once(self) -> CurvesQuery:
        for name in ("evaluations", "rows", "classes"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"the same value stands twice in {name}")
        return self

    @property
    def draws(self) -> Draws:
        """The resamples."""
        return Draws(samples=self.samples, seed=self.seed)


class ImagesQuery(BaseModel):
    """Images of an evaluation, ranked at one α."""

    model_config = ConfigDict(extra="forbid")

    row: RowName = MULTI_SCALE
    alpha: Alpha = PAPER_ALPHA
    class_: ClassName | None = Field(
        default=None, alias="class", description="A class, 'background' among them; without one all objects count."
    )
    order: Order = Field(default="worst", description="By IoU from below or above, by left-out or over-covered pixels.")
    common: Evaluations = Field(default=[], description="Only images that these evaluations scored as well.")
    offset: int = Field(default=0, ge=0, le=2**31 - 1)
    limit: int = Field(default=12, ge=1, le=100)


class EvaluatedImage(Answer):
    """One image at that α; counts are pixels."""

    id: str
    index: int | None = Field(description="Its number in the split; null when the data set is not there any more.")
    iou: float
    fn: int = Field(description="Pixels left out: truth without a hit.")
    fp: int = Field(description="Pixels covered in vain.")
    truth: int = Field(description="Pixels in the mask.")
    pixels: int = Field(description="Scored pixels of the image.")
    classes: list[str] = Field(description="Classes in the mask.")


class EvaluatedImages(Answer):
    """A part of the ranking."""

    dataset: str
    split: str
    row: str
    alpha: float = Field(description="The edge that was taken.")
    total: int = Field(description="Images in the ranking.")
    undefined: int = Field(description="Images left out, without an IoU: nothing to find and nothing found.")
    items: list[EvaluatedImage]
