"""Queries about ways to aggregate the views of a set of CAMs."""

from __future__ import annotations

from typing import Annotated

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ssenet.analysis.aggregation import Aggregation, Combine, Relu, Where
from ssenet.config import PAPER_ALPHA
from ssenet.config.base import Scale

MOST = 64
"""Photographs of one request at most: about three seconds of work on one core at VOC's sizes."""


class AggregationQuery(BaseModel):
    """A way to make one map of several views; what is left out is as the set was made."""

    model_config = ConfigDict(extra="forbid")

    scales: Annotated[list[Scale] | None, Field(max_length=16, description="Some of the set's scales.")] = None
    flip: bool | None = Field(default=None, description="Also the mirrored images, where the set has them.")
    combine: Combine = Field(default="mean", description="Average or maximum over the views.")
    relu: Relu | None = Field(default=None, description="Where the ReLU stands; official is the released order.")
    normalise: Where = Field(default="after", description="Eq. 3 after combining, or of each view before.")

    def how(self, usual: Aggregation) -> Aggregation:
        """The aggregation that is asked for. Raises RequestValidationError when its parts exclude each other."""
        named = self.model_dump(include=set(Aggregation.model_fields), exclude_none=True)
        try:
            return Aggregation.model_validate({**usual.model_dump(), **named})
        except ValidationError as error:
            raise RequestValidationError([{**e, "loc": ("query", *e["loc"])} for e in error.errors()]) from error


class PartQuery(AggregationQuery):
    """Which photographs of the set are counted."""

    first: int = Field(default=0, ge=0, le=2**31 - 1, description="Number of the first photograph, from 0.")
    images: int = Field(default=MOST, ge=1, le=MOST, description="Photographs at most; counts of parts add up.")


class MapQuery(AggregationQuery):
    """How the aggregated map of one photograph is drawn."""

    class_: str | None = Field(default=None, alias="class", max_length=200, description="Whose map; else the first.")
    alpha: float = Field(default=PAPER_ALPHA, ge=0, le=1, description="Threshold of the contour.")
    max_side: int = Field(default=512, ge=16, le=4096, description="Longest side, in pixels.")
