"""Equivariance in pictures (Fig. 1): maps of x and Ax over their photographs, and where they differ. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ssenet.analysis.equivariance import Compared
from ssenet.render import EPSILON, Floats, colormap, overlay

Rgb = NDArray[np.uint8]
COLOURS = "inferno"
COLUMNS = {
    "plain": "f(x)",
    "direct": "f(Ax)",
    "back": "A⁻¹ f(Ax) on x",
    "difference": "|f(Ax) − A f(x)|, Eq. 3",
    "raw": "|f(Ax) − A f(x)|, raw",
}
"""What the pictures of a row show, from left to right."""
_IN_PIL = str.maketrans({"⁻": "^-", "¹": "1", "−": "-", "α": "alpha", "×": "x", "–": "-"})
"""What the font that comes with Pillow lacks."""


@dataclass(frozen=True)
class Row:
    """Pictures (H, W, 3) of one network and one class, by the keys of ``COLUMNS``, and the end of the raw colours."""

    pictures: dict[str, Rgb]
    raw_peak: float


def raw_peak(compared: Sequence[Compared]) -> float:
    """The largest raw difference of several networks: one range of colours makes them comparable."""
    return max((float(one.raw.max(initial=0)) for one in compared), default=0.0)


def draw(
    photograph: Rgb,
    warped: Rgb,
    compared: Compared,
    alpha: float,
    peak: float,
    opacity: float = 0.6,
    line: int | None = None,
) -> Row:
    """All pictures of a row.

    Args:
        photograph: x, (H, W, 3).
        warped: Ax at the same size.
        compared: maps (H, W).
        alpha: threshold of the contours.
        peak: raw difference, in logits, that has the last colour.
        opacity: of maps over photographs.
        line: width of the contours in pixels; None fits it to the size.
    """
    seen = float(compared.direct.max())
    # A map keeps its maximum, wherever it is looked at.
    over = {
        "plain": (photograph, _eq3(compared.plain, float(compared.plain.max()))),
        "direct": (warped, _eq3(compared.direct, seen)),
        "back": (photograph, _eq3(compared.back, seen)),
    }
    drawn = {
        key: overlay(image, score, colours=COLOURS, opacity=opacity, alpha=alpha, line=line)
        for key, (image, score) in over.items()
    }
    drawn["back"] = hatched(drawn["back"], compared.valid_back)
    drawn["difference"] = hatched(heat(compared.difference, 1.0), compared.valid)
    drawn["raw"] = hatched(heat(compared.raw, peak), compared.valid)
    return Row(drawn, peak)


def _eq3(logits: Floats, peak: float) -> Floats:
    """Eq. 3 of a raw map under a maximum that is given."""
    return np.maximum(logits - EPSILON, 0) / (np.float32(max(peak, 0)) + EPSILON)


def heat(values: Floats, peak: float) -> Rgb:
    """Values (H, W) in colours (H, W, 3), 0 the first and ``peak`` the last."""
    levels = np.clip(np.round(values * (255 / peak if peak else 0)), 0, 255).astype(np.uint8)
    return colormap(COLOURS)[levels]


def hatched(picture: Rgb, valid: NDArray[np.bool_]) -> Rgb:
    """The picture (H, W, 3) with grey stripes where it is not valid."""
    y, x = np.mgrid[0 : valid.shape[0], 0 : valid.shape[1]]
    period = max(6, round(max(valid.shape) / 48))
    stripes = np.where((x + y) % period < period / 3, 200, 120).astype(np.uint8)
    return np.where(valid[..., None], picture, stripes[..., None])


def sheet(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[Rgb]]], caption: str) -> Rgb:
    """Rows of pictures of one size under their headings as one picture, for papers and slides.

    Args:
        heads: one a column.
        rows: a line of text and the row's pictures.
        caption: a line under all of them; say what was drawn and how.
    """
    height, width = rows[0][1][0].shape[:2]
    gap, margin = 8, 16
    letters = max(13, width // 22)
    font, line = ImageFont.load_default(letters), round(letters * 1.7)
    page = Image.new(
        "RGB",
        (len(heads) * (width + gap) - gap + 2 * margin, 2 * margin + 2 * line + len(rows) * (line + height + gap)),
        "white",
    )
    pen = ImageDraw.Draw(page)
    for i, head in enumerate(heads):
        pen.text((margin + i * (width + gap) + width / 2, margin), head.translate(_IN_PIL), "black", font, anchor="ma")
    y = margin + line
    for text, pictures in rows:
        pen.text((margin, y), text.translate(_IN_PIL), "black", font)
        for i, picture in enumerate(pictures):
            page.paste(Image.fromarray(picture), (margin + i * (width + gap), y + line))
        y += line + height + gap
    pen.text((margin, y), caption.translate(_IN_PIL), "black", font)
    return np.asarray(page)
