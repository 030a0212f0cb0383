"""Fig. 6 for any predictions: photograph, ground truth and prediction side by side, with a legend. Free of torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ssenet.data.base import IGNORED
from ssenet.refine.photographs import Photographs
from ssenet.refine.pictures import Labels, Picture, label_colours, label_overlay
from ssenet.sets import ImageSet

TITLES = ("photograph", "ground truth", "prediction")
_GAP, _MARGIN = 6, 10
_INK, _PAPER, _FRAME = (20, 20, 20), (255, 255, 255), (170, 170, 170)


@dataclass(frozen=True)
class Example:
    """One photograph of the gallery.

    Attributes:
        id: shown under it.
        image: (H, W, 3).
        truth: (H, W) labels, or None where they are not known.
        prediction: (H, W) labels.
    """

    id: str
    image: Picture
    truth: Labels | None
    prediction: Labels

    @property
    def labels(self) -> set[int]:
        """Labels that occur in its ground truth or its prediction."""
        maps = [self.prediction] if self.truth is None else [self.truth, self.prediction]
        return {int(label) for labels in maps for label in np.unique(labels)}


def examples_of(predictions: ImageSet, photographs: Photographs, ids: Iterable[str]) -> list[Example]:
    """The photographs ``ids`` of a set of masks, with ground truth where the data set has it.

    Raises:
        DatasetError: an image is not in the set, or a file of it cannot be read.
    """
    samples = [photographs.sample(image_id, with_mask=photographs.have_masks) for image_id in ids]
    return [Example(s.id, s.image, s.mask, predictions.mask(s.id)) for s in samples]


def gallery(
    examples: Sequence[Example], classes: Sequence[str], *, across: int = 2, cell: int = 180, opacity: float = 1.0
) -> Picture:
    """The examples in rows, ``across`` in each, as one picture (H, W, 3) with a legend of the labels that occur.

    The column of the ground truth is left out when no example has any.

    Args:
        examples: at least one.
        classes: names of the K classes.
        across: examples side by side.
        cell: largest side of a picture, in pixels.
        opacity: of the label colours; below 1 they lie over the photograph.

    Raises:
        ValueError: there is no example, labels do not fit their photograph, or one is of no class.
    """
    _check(examples, len(classes), across, cell)
    titles = [t for t in TITLES if t != TITLES[1] or any(e.truth is not None for e in examples)]
    across = min(across, len(examples))
    blocks = [_block(example, titles, cell, opacity) for example in examples]
    block = Image.new("RGB", blocks[0].size, _PAPER)
    blocks += [block] * (-len(blocks) % across)
    rows = [_beside(blocks[i : i + across], 2 * _MARGIN) for i in range(0, len(blocks), across)]
    head = _beside([_heading(titles, cell)] * across, 2 * _MARGIN)
    occurring = sorted(set[int]().union(*(example.labels for example in examples)))
    return np.asarray(_page([head, *rows, _legend(occurring, classes, head.width, cell)]))


def _check(examples: Sequence[Example], classes: int, across: int, cell: int) -> None:
    if not examples or across < 1 or cell < 16:
        raise ValueError("a gallery needs at least one example, one column, and cells of 16 px")
    for example in examples:
        for labels in (example.truth, example.prediction):
            if labels is not None and labels.shape != example.image.shape[:2]:
                raise ValueError(f"{example.id}: labels of {labels.shape} for {example.image.shape[:2]} pixels")
        if max(example.labels - {IGNORED}, default=0) > classes:
            raise ValueError(f"{example.id}: label {max(example.labels)} where {classes} classes are known")


def _font(cell: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(10, cell // 14))


def _line(cell: int) -> int:
    """Height of a line of text."""
    return max(10, cell // 14) * 3 // 2


def _block(example: Example, titles: Sequence[str], cell: int, opacity: float) -> Image.Image:
    """The pictures of one example, and its id under them."""
    pictures = {TITLES[0]: Image.fromarray(example.image)}
    for title, labels in ((TITLES[1], example.truth), (TITLES[2], example.prediction)):
        if labels is not None:
            shown = label_colours(labels) if opacity >= 1 else label_overlay(example.image, labels, opacity)
            pictures[title] = Image.fromarray(shown)
    row = _beside([_cell(pictures.get(title), cell) for title in titles], _GAP)
    block = Image.new("RGB", (row.width, row.height + _line(cell)), _PAPER)
    block.paste(row, (0, 0))
    ImageDraw.Draw(block).text((2, row.height + 1), example.id, fill=_INK, font=_font(cell))
    return block


def _cell(picture: Image.Image | None, cell: int) -> Image.Image:
    """A square with the picture in its middle; a frame with words where there is none."""
    square = Image.new("RGB", (cell, cell), _PAPER)
    draw = ImageDraw.Draw(square)
    if picture is None:
        draw.rectangle((0, 0, cell - 1, cell - 1), outline=_FRAME)
        draw.text((cell / 2, cell / 2), "not known", fill=_INK, font=_font(cell), anchor="mm")
        return square
    ratio = cell / max(picture.size)
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    # Labels have few, pure colours: box and nearest keep them readable, and photographs lose little.
    how = Image.Resampling.BOX if ratio < 1 else Image.Resampling.NEAREST
    square.paste(picture.resize(size, how), ((cell - size[0]) // 2, (cell - size[1]) // 2))
    return square


def _heading(titles: Sequence[str], cell: int) -> Image.Image:
    band = Image.new("RGB", (len(titles) * (cell + _GAP) - _GAP, _line(cell)), _PAPER)
    draw = ImageDraw.Draw(band)
    for number, title in enumerate(titles):
        draw.text((number * (cell + _GAP) + cell / 2, 0), title, fill=_INK, font=_font(cell), anchor="ma")
    return band


def _legend(labels: Sequence[int], classes: Sequence[str], width: int, cell: int) -> Image.Image:
    """A swatch and a name for each label, in as many lines as they need."""
    font, line = _font(cell), _line(cell)
    names = {0: "background", IGNORED: "ignored", **{k + 1: name for k, name in enumerate(classes)}}
    places, x, y = [], 0, 0
    for label in labels:
        needed = line + int(font.getlength(names[label])) + 2 * _GAP
        if x and x + needed > width:
            x, y = 0, y + line + _GAP
        places.append((label, x, y))
        x += needed
    legend = Image.new("RGB", (width, y + line), _PAPER)
    draw = ImageDraw.Draw(legend)
    for label, left, top in places:
        swatch = Image.fromarray(label_colours(np.full((line - 4, line - 4), label, np.uint8)))
        legend.paste(swatch, (left, top + 2))
        draw.text((left + line, top + line / 2), names[label], fill=_INK, font=font, anchor="lm")
    return legend


def _beside(pictures: Sequence[Image.Image], gap: int) -> Image.Image:
    width = sum(p.width for p in pictures) + gap * (len(pictures) - 1)
    row = Image.new("RGB", (width, max(p.height for p in pictures)), _PAPER)
    x = 0
    for picture in pictures:
        row.paste(picture, (x, 0))
        x += picture.width + gap
    return row


def _page(parts: Sequence[Image.Image]) -> Image.Image:
    """All parts below each other within a margin."""
    width = max(part.width for part in parts) + 2 * _MARGIN
    height = sum(part.height + _GAP for part in parts) - _GAP + 2 * _MARGIN
    page = Image.new("RGB", (width, height), _PAPER)
    y = _MARGIN
    for part in parts:
        page.paste(part, (_MARGIN, y))
        y += part.height + _GAP
    return page
