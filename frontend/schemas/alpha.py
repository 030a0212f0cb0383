"""The images behind a point of a curve."""

from __future__ import annotations

from frontend.schemas.common import Answer


class EvaluatedImage(Answer):
    """One image at an α; counts are pixels."""

    id: str
    index: int | None = None
    iou: float
    fn: int
    fp: int
    truth: int
    pixels: int
    classes: tuple[str, ...] = ()


class EvaluatedImages(Answer):
    """A part of a ranking."""

    dataset: str
    split: str
    row: str
    alpha: float
    total: int
    undefined: int = 0
    items: tuple[EvaluatedImage, ...] = ()
