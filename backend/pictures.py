"""Pixels in and out: decoding of uploads within limits, PNG answers, shrinking."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backend.store.artifacts import ArtifactStore, image_key
from ssenet.data.images import ImageLimits, decode_image, encode_mask_png, encode_png

Rgb = NDArray[np.uint8]
_STORED = ImageLimits(size=2**31, pixels=2**31, side=2**16)  # stored pixels were within the limits when they came
_REMEMBERED_SIDE = 1024


def shrink(image: NDArray[np.uint8], max_side: int | None, *, labels: bool = False) -> NDArray[np.uint8]:
    """``image`` with its long side at most ``max_side``; masks are sampled, not mixed."""
    height, width = image.shape[:2]
    if max_side is None or max(height, width) <= max_side:
        return image
    ratio = max_side / max(height, width)
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    how = Image.Resampling.NEAREST if labels else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(image).resize(size, how, reducing_gap=None if labels else 2.0))


def png_of(image: Rgb, max_side: int | None) -> bytes:
    """PNG of an (H, W, 3) picture."""
    return encode_png(shrink(image, max_side))


def mask_png_of(mask: NDArray[np.uint8], max_side: int | None) -> bytes:
    """PNG of an (H, W) mask in the colours of VOC."""
    return encode_mask_png(shrink(mask, max_side, labels=True))


def stored_png(artifacts: ArtifactStore, sha: str, max_side: int | None) -> bytes:
    """PNG of a stored photograph.

    Raises:
        FileNotFoundError: its pixels are gone.
    """
    if max_side is None:
        return artifacts.path(image_key(sha)).read_bytes()
    return encode_png(stored_pixels(artifacts, sha, max_side))


def stored_pixels(artifacts: ArtifactStore, sha: str, max_side: int) -> Rgb:
    """Pixels of a stored photograph, shrunk; the last few small ones are kept in memory.

    Raises:
        FileNotFoundError: its pixels are gone.
    """
    path = artifacts.path(image_key(sha))
    return _remembered(path, max_side) if max_side <= _REMEMBERED_SIDE else _pixels(path, max_side)


def _pixels(path: Path, max_side: int) -> Rgb:
    return shrink(decode_image(path.read_bytes(), limits=_STORED), max_side)


@lru_cache(maxsize=32)
def _remembered(path: Path, max_side: int) -> Rgb:
    pixels = _pixels(path, max_side)
    pixels.setflags(write=False)
    return pixels
