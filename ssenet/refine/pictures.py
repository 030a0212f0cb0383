"""Pictures of label maps: over the photograph, and before and after a step. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ssenet.data.base import IGNORED
from ssenet.data.images import voc_palette
from ssenet.render import contour

Picture = NDArray[np.uint8]
Labels = NDArray[np.uint8]
_HATCH = (np.array([235, 235, 235], np.uint8), np.array([160, 160, 160], np.uint8))
"""Colours of the stripes over ignored pixels."""
_STRIPE, _GAP = 4, 4
_SMALLEST_SIDE = 96
"""Photographs are enlarged to this height, so that titles over them can be read."""


def label_colours(labels: Labels) -> Picture:
    """Labels (H, W) in VOC's colours (H, W, 3); ignored pixels are hatched in grey."""
    colours = voc_palette()[labels]
    rows, columns = np.indices(labels.shape)
    light = (rows + columns) // _STRIPE % 2 == 0
    ignored = labels == IGNORED
    colours[ignored & light], colours[ignored & ~light] = _HATCH
    return colours


def label_overlay(image: Picture, labels: Labels, opacity: float = 0.6) -> Picture:
    """Labels (H, W) over their photograph (H, W, 3), with white outlines; the background stays as it is.

    Args:
        image: photograph.
        labels: 0 background, k + 1 class k, 255 ignored.
        opacity: of the colours, 0 to 1.

    Raises:
        ValueError: the sizes differ.
    """
    if labels.shape != image.shape[:2]:
        raise ValueError(f"labels of {labels.shape} over a photograph of {image.shape[:2]}")
    mixed = image.astype(np.float32) * (1 - opacity) + label_colours(labels).astype(np.float32) * opacity
    out = np.where((labels == 0)[..., None], image, np.clip(np.round(mixed), 0, 255).astype(np.uint8))
    for label in np.unique(labels[(labels > 0) & (labels != IGNORED)]):
        out[contour(labels == label)] = 255
    return out


def before_after(
    image: Picture, before: Labels, after: Labels, truth: Labels | None = None, opacity: float = 0.6
) -> Picture:
    """The photograph and its labels before and after a step, and the truth where known, as one strip with titles.

    Args:
        image: (H, W, 3).
        before: (H, W) labels.
        after: (H, W) labels.
        truth: (H, W) labels, or None.
        opacity: of the colours.
    """
    panels = {"photograph": image, "before": label_overlay(image, before, opacity)}
    panels["after"] = label_overlay(image, after, opacity)
    if truth is not None:
        panels["ground truth"] = label_overlay(image, truth, opacity)
    return titled_strip(panels)


def titled_strip(panels: Mapping[str, Picture]) -> Picture:
    """Pictures of equal size side by side under their titles (H', W', 3); small ones are enlarged.

    Raises:
        ValueError: there is none, or the sizes differ.
    """
    if len({picture.shape for picture in panels.values()}) != 1:
        raise ValueError("a strip is made of at least one picture, and all of one size")
    enlarged = {title: _enlarged(picture) for title, picture in panels.items()}
    height = next(iter(enlarged.values())).shape[0]
    gap = np.full((height, _GAP, 3), 255, np.uint8)
    row = np.concatenate([part for picture in enlarged.values() for part in (picture, gap)][:-1], axis=1)
    return np.concatenate([_titles(enlarged), row])


def _enlarged(picture: Picture) -> Picture:
    factor = -(-_SMALLEST_SIDE // min(picture.shape[:2]))
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def _titles(panels: Mapping[str, Picture]) -> Picture:
    """A white band with the title of each picture over its left edge."""
    width = next(iter(panels.values())).shape[1]
    text = max(10, width // 20)
    band = Image.new("RGB", (len(panels) * (width + _GAP) - _GAP, text + text // 2 + 2), "white")
    draw, font = ImageDraw.Draw(band), ImageFont.load_default(text)
    for number, title in enumerate(panels):
        draw.text((number * (width + _GAP) + 2, 1), title, fill="black", font=font)
    return np.asarray(band)
