"""The scale strip of Fig. 2 as one picture for papers and slides: rows are checkpoints, columns scales. Pure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ssenet.analysis.coverage import mean_map
from ssenet.render import Normalisation, normalise, overlay, scale_consistency
from ssenet.results import MULTI_SCALE, View

Picture = NDArray[np.uint8]
Coarse = Mapping[View, NDArray[np.float32]]
CONSISTENCY_SIDE = 128
"""Long side at which consistency is measured: it compares coarse maps, more pixels add nothing."""


@dataclass(frozen=True)
class Look:
    """How maps are coloured; nothing here needs the network."""

    alpha: float = 0.2
    opacity: float = 0.6
    colours: str = "inferno"
    normalisation: Normalisation = "eq3"


@dataclass(frozen=True)
class Subject:
    """What one row shows: a checkpoint's raw logits by view, and the class drawn from them."""

    title: str
    subtitle: str
    class_name: str
    class_index: int
    coarse: Coarse


@dataclass(frozen=True)
class Row:
    """One row of the strip; a picture is None while its logits are being computed."""

    subject: Subject
    pictures: dict[str, Picture | None]
    consistency: float | None


@dataclass(frozen=True)
class Strip:
    """The photograph and its rows, ready to be drawn."""

    photograph: Picture
    columns: tuple[str, ...]
    rows: tuple[Row, ...] = field(default_factory=tuple)


def build(
    photograph: Picture, subjects: Sequence[Subject], scales: Sequence[float], look: Look, *, contour: bool = True
) -> Strip:
    """Colour the maps of every subject at every scale and at all scales together.

    Args:
        photograph: (H, W, 3); maps are brought to its size.
        subjects: rows from top to bottom; a scale whose views are missing gives a gap.
        scales: columns from left to right.
        look: colours, normalisation, α and opacity.
        contour: whether the α contour is drawn.
    """
    size = photograph.shape[0], photograph.shape[1]
    pictures = {
        key: overlay(
            photograph, score, colours=look.colours, opacity=look.opacity, alpha=look.alpha if contour else None
        )
        for key, score in drawn_maps(subjects, scales, size, look.normalisation).items()
    }
    columns = columns_of(scales)
    rows = tuple(
        Row(subject, {c: pictures.get((i, c)) for c in columns}, consistency(subject, scales, size))
        for i, subject in enumerate(subjects)
    )
    return Strip(photograph, columns, rows)


def columns_of(scales: Sequence[float]) -> tuple[str, ...]:
    """Each scale, and with more than one all together."""
    return (*(f"{scale:g}" for scale in scales), *((MULTI_SCALE,) if len(scales) > 1 else ()))


def drawn_maps(
    subjects: Sequence[Subject], scales: Sequence[float], size: tuple[int, int], normalisation: Normalisation
) -> dict[tuple[int, str], NDArray[np.float32]]:
    """Normalised maps (H, W) by row and column; one whose views are missing is left out.

    All maps are normalised together: with ``shared`` one maximum is that of every row.
    """
    found = {(i, c): _map(one, c, scales, size) for i, one in enumerate(subjects) for c in columns_of(scales)}
    there = {key: value for key, value in found.items() if value is not None}
    if not there:
        return {}
    return dict(zip(there, normalise(np.stack(list(there.values())), normalisation), strict=True))


def _map(subject: Subject, column: str, scales: Sequence[float], size: tuple[int, int]) -> NDArray[np.float32] | None:
    wanted = list(scales) if column == MULTI_SCALE else [float(column)]
    if not {view.scale for view in subject.coarse} >= set(wanted):
        return None
    return mean_map(subject.coarse, size, subject.class_index, wanted)


def consistency(subject: Subject, scales: Sequence[float], size: tuple[int, int]) -> float | None:
    """Scale consistency of a row's class; None while a scale is missing, or where none responds."""
    if not {view.scale for view in subject.coarse} >= set(scales):
        return None
    shrink = CONSISTENCY_SIDE / max(size)
    small = max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))
    views = {view: maps for view, maps in subject.coarse.items() if view.scale in scales}
    return scale_consistency(views, small, subject.class_index)


def column_title(column: str) -> str:
    """Heading of a column."""
    return "multi-scale" if column == MULTI_SCALE else f"scale {column}"


def to_png(strip: Strip, caption: str) -> bytes:
    """The strip as one PNG with its labels, for papers and slides.

    Args:
        strip: all pictures of one size.
        caption: a line under the strip; say what was drawn and how.
    """
    height, width = strip.photograph.shape[:2]
    gap, label, margin = 8, 30, 16
    font = ImageFont.load_default(max(13, width // 22))
    full = (width + gap) * (len(strip.columns) + 1) - gap + 2 * margin
    tall = margin + label + len(strip.rows) * (label + height + gap) + label + margin
    sheet = Image.new("RGB", (full, tall), "white")
    draw = ImageDraw.Draw(sheet)
    for i, text in enumerate(["photograph", *(column_title(c) for c in strip.columns)]):
        draw.text((margin + i * (width + gap) + width / 2, margin), text, "black", font, anchor="ma")
    y = margin + label
    for row in strip.rows:
        draw.text((margin, y), _row_text(row), "black", font)
        y += label
        for i, picture in enumerate([strip.photograph, *row.pictures.values()]):
            if picture is not None:
                sheet.paste(Image.fromarray(picture), (margin + i * (width + gap), y))
        y += height + gap
    draw.text((margin, y + 4), caption, "black", font)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _row_text(row: Row) -> str:
    measured = "" if row.consistency is None else f" · scale consistency {row.consistency:.2f}"
    return f"{row.subject.title} · {row.subject.subtitle}{measured}"
