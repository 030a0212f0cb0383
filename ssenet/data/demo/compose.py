"""Compose one image of the demo set: objects at random sizes over a photograph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ssenet.data.demo import CLASSES
from ssenet.data.demo.assets import Background, CutOut, SplitAssets
from ssenet.data.demo.paste import Canvas, Placed, blend, finished_mask, hidden_fraction, object_borders, place

COMPOSER_VERSION = 1
"""Part of every random draw and of the fingerprint: raise it when the same inputs would give other images."""

CANVASES = ((320, 240), (240, 320), (288, 256), (256, 256))
"""Sizes (width, height) in px."""
CLASSES_PER_IMAGE = (0.45, 0.40, 0.15)
EXTRA_OBJECTS = (0.6, 0.3, 0.1)
FIRST_AREA, OTHER_AREA = (0.025, 0.7), (0.01, 0.25)
"""Ranges of the object's area relative to the image, drawn log-uniformly."""
LARGEST_UPSCALE = 2.5
"""An enlarged cut-out turns soft; larger objects are taken from larger cut-outs."""
MOST_HIDDEN = 0.3
LEAST_VISIBLE = 120
"""Pixels of an object inside its ignored border, at least."""
_ATTEMPTS = 12
_SPLIT_CODES = {"train": 1, "val": 2}


@dataclass(frozen=True)
class Composite:
    """An image (H, W, 3) with its mask (H, W), and the area of each object relative to the image."""

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    areas: tuple[float, ...]


def generator(seed: int, split: str, epoch: int, index: int) -> np.random.Generator:
    """Random numbers of one image: the same for the same arguments, independent for others."""
    return np.random.default_rng([COMPOSER_VERSION, seed, _SPLIT_CODES[split], epoch, index])


def compose(assets: SplitAssets, rng: np.random.Generator) -> Composite:
    """One image with one to three classes and up to two objects more."""
    canvas = Canvas.over(random_crop(assets.backgrounds, rng))
    for j, label in enumerate(_plan(rng)):
        _add_object(canvas, assets.cutouts[label], label + 1, FIRST_AREA if j == 0 else OTHER_AREA, rng)
    areas = np.bincount(canvas.instances.ravel())[1:] / canvas.mask.size
    image = canvas.image
    if rng.random() < 0.3:
        soft = Image.fromarray(image).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.9)))
        image = np.array(soft)
    return Composite(image, finished_mask(canvas), tuple(areas.tolist()))


def random_crop(backgrounds: Sequence[Background], rng: np.random.Generator) -> Image.Image:
    """A crop of a random background at a random canvas size, zoomed in by up to 1.6 and maybe mirrored."""
    width, height = CANVASES[int(rng.integers(len(CANVASES)))]
    image = backgrounds[int(rng.integers(len(backgrounds)))].image
    shrink = min(image.width / width, image.height / height) / rng.uniform(1.0, 1.6)
    w, h = width * shrink, height * shrink
    x, y = rng.uniform(0, image.width - w), rng.uniform(0, image.height - h)
    crop = image.resize((width, height), Image.Resampling.BICUBIC, box=(x, y, x + w, y + h))
    return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop


def _plan(rng: np.random.Generator) -> list[int]:
    """Class indices of the objects, first object first: distinct classes, then more of the same."""
    count = 1 + int(rng.choice(3, p=CLASSES_PER_IMAGE))
    distinct = rng.choice(len(CLASSES), count, replace=False)
    extra = rng.choice(distinct, int(rng.choice(3, p=EXTRA_OBJECTS)))
    return [int(c) for c in (*distinct, *extra)]


def _add_object(
    canvas: Canvas, cutouts: Sequence[CutOut], label: int, areas: tuple[float, float], rng: np.random.Generator
) -> None:
    """Try to add an object; the first one of an image is tried until it fits, others may not find room."""
    attempt = 0
    while attempt < _ATTEMPTS or not canvas.objects:
        attempt += 1
        fraction = math.exp(rng.uniform(math.log(areas[0]), math.log(areas[1])))
        patch = _random_patch(cutouts, fraction, canvas.mask.shape, rng)
        placed = _random_place(canvas, patch, rng)
        inside = placed.opaque & ~object_borders(placed.opaque.astype(np.int16))
        if inside.sum() >= LEAST_VISIBLE and hidden_fraction(canvas, placed) <= MOST_HIDDEN:
            blend(canvas, _recoloured(canvas, placed, rng), label)
            return


def _scale_for(cutout: CutOut, fraction: float, size: tuple[int, ...]) -> float:
    """Scale that gives ``cutout`` that fraction of an image of ``size`` (H, W), kept inside it."""
    height, width = size
    wanted = math.sqrt(fraction * height * width / cutout.area)
    return min(wanted, 0.97 * width / cutout.image.width, 0.97 * height / cutout.image.height)


def _random_patch(
    cutouts: Sequence[CutOut], fraction: float, size: tuple[int, ...], rng: np.random.Generator
) -> Image.Image:
    """A random cut-out with enough pixels for its size, resized, maybe mirrored, maybe turned by up to 20°."""
    scales = [_scale_for(c, fraction, size) for c in cutouts]
    sharp = [i for i, s in enumerate(scales) if s <= LARGEST_UPSCALE] or [int(np.argmin(scales))]
    pick = sharp[int(rng.integers(len(sharp)))]
    cutout, scale = cutouts[pick], min(scales[pick], LARGEST_UPSCALE)
    target = (max(8, round(cutout.image.width * scale)), max(8, round(cutout.image.height * scale)))
    patch = cutout.image.resize(target, Image.Resampling.LANCZOS)
    if rng.random() < 0.5:
        patch = patch.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.5:
        patch = patch.rotate(rng.uniform(-20, 20), Image.Resampling.BICUBIC, expand=True)
    return patch


def _random_place(canvas: Canvas, patch: Image.Image, rng: np.random.Generator) -> Placed:
    """A random position; one object in five may be cut by the border by up to 30% of its side."""
    height, width = canvas.mask.shape
    outside = 0.3 if rng.random() < 0.2 else 0.0
    left = _position(patch.width, width, outside, rng)
    top = _position(patch.height, height, outside, rng)
    return place(canvas, patch, left, top)


def _position(side: int, room: int, outside: float, rng: np.random.Generator) -> int:
    low = -int(outside * side)
    return int(rng.integers(low, max(low, room - int((1 - outside) * side)) + 1))


def _recoloured(canvas: Canvas, placed: Placed, rng: np.random.Generator) -> Placed:
    """The object with random brightness and saturation, drawn a little towards the light around it."""
    rgb = placed.patch[..., :3].astype(np.float32)
    gray = rgb.mean(axis=2, keepdims=True)
    rgb = (gray + rng.uniform(0.6, 1.1) * (rgb - gray)) * rng.uniform(0.75, 1.2)
    around = canvas.image[placed.rows, placed.columns].reshape(-1, 3).mean(axis=0)
    rgb += rng.uniform(0, 0.2) * (around - rgb[placed.opaque].mean(axis=0))
    patch = np.concatenate([np.clip(rgb, 0, 255).astype(np.uint8), placed.patch[..., 3:]], axis=2)
    return Placed(placed.rows, placed.columns, patch, placed.opaque)
