"""What one looks at on the canvas, and how it is written in an address."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ssenet.config import PAPER_ALPHA

HIGHEST = "highest score"
"""The choice of class that follows the photograph: whatever class scores highest."""

Normalisation = Literal["eq3", "shared", "none"]
Colours = Literal["inferno", "viridis", "cividis", "magma", "jet"]
Mode = Literal["strip", "swipe", "difference"]
Overlay = Literal["heat", "mask", "errors"]
Values = Literal["normalised", "raw"]

_DIGITS = {"alpha": 3, "opacity": 2, "zoom": 3, "x": 4, "y": 4, "swipe": 3}


class CanvasView(BaseModel):
    """One way of looking at a canvas. Numbers are rounded, so that an address gives back an equal view."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    alpha: float = Field(default=PAPER_ALPHA, ge=0, le=1, description="Foreground iff the normalised score is above.")
    opacity: float = Field(default=0.6, ge=0, le=1)
    colours: Colours = "inferno"
    normalisation: Normalisation = "eq3"
    class_: str = Field(default=HIGHEST, alias="class", max_length=200)
    mode: Mode = "strip"
    a: str = Field(
        default="", max_length=300, description="First tile compared, '<layer key>:<column>'; empty: chosen."
    )
    b: str = Field(default="", max_length=300, description="Second tile compared.")
    overlay: Overlay = "heat"
    contour: bool = True
    pixels: bool = Field(default=False, description="One screen pixel per pixel of the map.")
    zoom: float = Field(default=1.0, ge=1, le=32)
    x: float = Field(default=0.5, ge=0, le=1, description="Centre, fraction of the photograph's width.")
    y: float = Field(default=0.5, ge=0, le=1, description="Centre, fraction of its height.")
    swipe: float = Field(default=0.5, ge=0, le=1, description="Where the divider stands.")
    probe: tuple[float, float] | None = Field(default=None, description="Pinned point, fractions of width and height.")
    values: Values = Field(default="normalised", description="What the probe's chart shows.")

    QUERY: ClassVar[tuple[str, ...]]
    """Names of all query parameters a view may write."""

    @field_validator(*_DIGITS)
    @classmethod
    def _rounded(cls, value: float, info: Any) -> float:
        return round(value, _DIGITS[info.field_name])

    @field_validator("probe")
    @classmethod
    def _on_the_photograph(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is None:
            return None
        if not all(0 <= v <= 1 for v in value):
            raise ValueError("a pinned point lies on the photograph: both fractions are 0 to 1")
        return round(value[0], 4), round(value[1], 4)

    def to_query(self) -> dict[str, str]:
        """Query parameters of what differs from a fresh view."""
        return {_parameter(name): _text(getattr(self, name)) for name in _changed(self)}

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> CanvasView:
        """The view that an address describes; what it says wrongly, or not at all, is as in a fresh view."""
        read: dict[str, Any] = {}
        for name in cls.model_fields:
            text = query.get(_parameter(name))
            if text is None:
                continue
            value: Any = text.split(",") if name == "probe" else text
            try:
                cls.model_validate({name: value})
            except ValidationError:
                continue
            read[name] = value
        return cls.model_validate(read)

    def write(self, query: MutableMapping[str, str]) -> None:
        """Make ``query`` say this view, and leave its other parameters."""
        wanted = self.to_query()
        for name in self.QUERY:
            if name in wanted:
                query[name] = wanted[name]
            elif name in query:
                del query[name]


def _parameter(name: str) -> str:
    return name.rstrip("_")


def _changed(view: CanvasView) -> list[str]:
    fields = type(view).model_fields
    return [name for name, field in fields.items() if getattr(view, name) != field.default]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        return ",".join(f"{v:g}" for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


CanvasView.QUERY = tuple(_parameter(name) for name in CanvasView.model_fields)
