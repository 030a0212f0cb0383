"""Strips as SVG: photographs embedded, α contours and labels as vectors, so that a figure stays sharp in print."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from ssenet.bundle.files import png

Floats = NDArray[np.float32]
Point = tuple[float, float]
_GAP, _TITLE, _MARGIN = 8, 26, 12

# Marching squares: for each of the 16 patterns of corners inside (bit 0 top left, 1 top right, 2 bottom right,
# 3 bottom left), segments between edges (0 top, 1 right, 2 bottom, 3 left), with the inside always on the same hand.
# The two saddles are taken apart: their inside corners do not join.
_SEGMENTS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 5: ((3, 0), (1, 2)), 6: ((0, 2),), 7: ((3, 2),),
    8: ((2, 3),), 9: ((2, 0),), 10: ((0, 1), (2, 3)), 11: ((2, 1),), 12: ((1, 3),), 13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One picture of a strip.

    Attributes:
        picture: (H, W, 3) RGB.
        label: text above it.
        score: normalised map (H, W) whose contour at ``alpha`` is drawn; None draws none.
        alpha: threshold of the contour.
    """

    picture: NDArray[np.uint8]
    label: str
    score: Floats | None = None
    alpha: float = 0.2


def contour_path(score: Floats, alpha: float) -> str:
    """SVG path of the contour at ``alpha`` of a map (H, W), by marching squares with linear interpolation.

    Pixel (r, c) has its centre at (c + ½, r + ½). Foreground is what is above α, strictly; outside the picture
    is background, so every curve is closed.
    """
    level = float(np.float32(alpha))
    # Just below α, so that foreground at the border is closed half a pixel outside and then cut at the border.
    padded = np.pad(score.astype(np.float64), 1, constant_values=level - 1e-9)
    onward = _segments(padded, level)
    height, width = score.shape
    paths = []
    while onward:
        loop = _follow(onward)
        points = [(min(max(x - 0.5, 0.0), float(width)), min(max(y - 0.5, 0.0), float(height))) for x, y in loop]
        paths.append("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + "Z")
    return "".join(paths)


def _segments(padded: NDArray[np.float64], alpha: float) -> dict[Point, list[Point]]:
    """Ends by beginnings of all segments, in (x, y) of the padded grid's indices."""
    inside = (padded > alpha).astype(np.int8)
    pattern = inside[:-1, :-1] + 2 * inside[:-1, 1:] + 4 * inside[1:, 1:] + 8 * inside[1:, :-1]
    onward: dict[Point, list[Point]] = defaultdict(list)
    for row, column in np.argwhere((pattern > 0) & (pattern < 15)):
        for first, last in _SEGMENTS[int(pattern[row, column])]:
            start, end = (_crossing(padded, alpha, int(row), int(column), edge) for edge in (first, last))
            onward[start].append(end)
    return dict(onward)


def _crossing(padded: NDArray[np.float64], alpha: float, row: int, column: int, edge: int) -> Point:
    """Where the level is crossed on an edge of the square whose top left corner is (row, column)."""
    if edge in (0, 2):
        y = row + (edge == 2)
        return column + _fraction(padded[y, column], padded[y, column + 1], alpha), float(y)
    x = column + (edge == 1)
    return float(x), row + _fraction(padded[row, x], padded[row + 1, x], alpha)


def _fraction(first: float, second: float, alpha: float) -> float:
    return round(float((alpha - first) / (second - first)), 6)


def _follow(onward: dict[Point, list[Point]]) -> list[Point]:
    """Take one closed curve out of the segments."""
    start = next(iter(onward))
    loop = [start]
    while True:
        ends = onward[loop[-1]]
        following = ends.pop()
        if not ends:
            del onward[loop[-1]]
        if following == start:  # as many segments end in a point as begin there, so this comes
            return loop
        loop.append(following)


def svg_strip(rows: Sequence[tuple[str, Sequence[Cell]]], caption: str) -> bytes:
    """A strip: titled rows of pictures with their α contours, and a line under them that says how it was drawn.

    Args:
        rows: (title, cells); all pictures of one size (H, W, 3).
        caption: what was drawn and how.

    Raises:
        ValueError: there is no picture, or they differ in size.
    """
    shapes = {cell.picture.shape[:2] for _, cells in rows for cell in cells}
    if len(shapes) != 1:
        raise ValueError("a strip needs pictures, all of one size")
    ((height, width),) = shapes
    columns = max(len(cells) for _, cells in rows)
    full = 2 * _MARGIN + columns * (width + _GAP) - _GAP
    tall = 2 * _MARGIN + len(rows) * (2 * _TITLE + height + _GAP) + _TITLE
    body = [_row(title, cells, _MARGIN + i * (2 * _TITLE + height + _GAP)) for i, (title, cells) in enumerate(rows)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full} {tall}" width="{full}" height="{tall}" '
    style = 'font-family="Helvetica, Arial, sans-serif" font-size="14" role="img"'
    label = f"<title>{escape(caption)}</title>" + f'<rect width="{full}" height="{tall}" fill="white"/>'
    foot = _text(_MARGIN, tall - _MARGIN, caption)
    return f"{head}{style}>{label}{''.join(body)}{foot}</svg>\n".encode()


def _row(title: str, cells: Sequence[Cell], y: int) -> str:
    parts = [_text(_MARGIN, y + 16, title, weight="bold")]
    for i, cell in enumerate(cells):
        height, width = cell.picture.shape[:2]
        x, top = _MARGIN + i * (width + _GAP), y + 2 * _TITLE
        parts.append(_text(x, y + _TITLE + 16, cell.label))
        data = base64.b64encode(png(cell.picture)).decode()
        parts.append(
            f'<image x="{x}" y="{top}" width="{width}" height="{height}" href="data:image/png;base64,{data}"/>'
        )
        parts.append(_contour(cell, x, top))
    return "".join(parts)


def _contour(cell: Cell, x: int, y: int) -> str:
    path = "" if cell.score is None else contour_path(cell.score, cell.alpha)
    if not path:
        return ""
    # White over black, so that it is seen on every colour of the map.
    lines = "".join(
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{wide}" stroke-linejoin="round"/>'
        for colour, wide in (("black", 3), ("white", 1.5))
    )
    return f'<g class="contour" data-alpha="{cell.alpha:g}" transform="translate({x} {y})">{lines}</g>'


def _text(x: int, y: int, text: str, weight: str = "normal") -> str:
    return f'<text x="{x}" y="{y}" font-weight="{weight}">{escape(text)}</text>'
