"""Images in and out: safe decoding to canonical RGB, content hashes, PNG with the VOC palette."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from ssenet.config import WORKING_SIDE
from ssenet.errors import ImageError

FORMATS = ("PNG", "JPEG", "WEBP")
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError)
"""What Pillow raises, by format and version, for a file that is cut off or corrupt."""
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_TURNS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}
"""EXIF orientation → what makes the image upright."""


@dataclass(frozen=True)
class ImageLimits:
    """Largest file in bytes, image in pixels, and side in pixels that is decoded."""

    size: int = 25_000_000
    pixels: int = 40_000_000
    side: int = 16_384


DEFAULT_LIMITS = ImageLimits()


def decode_image(data: bytes | BinaryIO, *, limits: ImageLimits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """Decode a PNG, JPEG or WebP file.

    The limits are checked before a pixel is decoded. EXIF orientation is applied,
    transparency is put on white, 16-bit gray is reduced to 8 bits, and of an
    animation the first frame is taken.

    Returns:
        (H, W, 3) RGB.

    Raises:
        ImageError: another format, damaged, or over the limits.
    """
    content = data if isinstance(data, bytes) else data.read(limits.size + 1)
    if len(content) > limits.size:
        raise ImageError(f"The file is larger than {limits.size / 1e6:g} MB; reduce the image and try again.")
    try:
        with _opened(content, limits) as image:
            image.verify()
        with _opened(content, limits) as image:
            image.load()
            return _upright_rgb(image)
    except _DAMAGED as error:
        raise ImageError("The image is damaged or cut off; export it again and retry.") from error


def _opened(content: bytes, limits: ImageLimits) -> Image.Image:
    """The image of ``content``, its header read and found within the limits."""
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except _BOMB as error:
        raise ImageError(f"The image has more than {limits.pixels / 1e6:g} million pixels; reduce it.") from error
    except UnidentifiedImageError as error:
        raise ImageError("The file is not a PNG, JPEG or WebP image; convert it to one of these.") from error
    width, height = image.size
    if max(width, height) > limits.side or width * height > limits.pixels:
        raise ImageError(
            f"The image has {width} x {height} px; at most {limits.pixels / 1e6:g} million pixels "
            f"and {limits.side} px a side are accepted. Reduce it."
        )
    return image


def orientation(image: Image.Image) -> int:
    """EXIF orientation 1..8; 1 when there is none, or EXIF data that cannot be read (as viewers do)."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (*_DAMAGED, TypeError):
        return 1


def _upright_rgb(image: Image.Image) -> NDArray[np.uint8]:
    turns = _TURNS.get(orientation(image), ())
    flat = _flat_rgb(image)
    for turn in turns:
        flat = flat.transpose(turn)
    return np.array(flat, np.uint8)


def _flat_rgb(image: Image.Image) -> Image.Image:
    """RGB without transparency."""
    if image.mode.startswith("I"):
        gray = np.asarray(image).astype(np.uint32) // 257
        return Image.fromarray(np.minimum(gray, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def pixels_sha(image: NDArray[np.uint8]) -> str:
    """sha256 of the shape and the pixels of ``image`` (H, W, 3): equal for equal pictures, whatever their files."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError("an (H, W, 3) uint8 image is hashed")
    digest = hashlib.sha256(f"{image.shape[0]}x{image.shape[1]}x3:".encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def encode_png(image: NDArray[np.uint8], *, compress_level: int = 4) -> bytes:
    """PNG bytes of an (H, W, 3) RGB or (H, W) gray image."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=compress_level)
    return buffer.getvalue()


@lru_cache(maxsize=1)
def voc_palette() -> NDArray[np.uint8]:
    """(256, 3) colours of PASCAL VOC masks: the bits of the label, spread over R, G and B. Read-only."""
    labels = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            palette[:, channel] |= (((labels >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    palette.setflags(write=False)
    return palette


def encode_mask_png(mask: NDArray[np.uint8]) -> bytes:
    """PNG bytes of labels (H, W), indexed, in the colours of VOC."""
    image = Image.fromarray(mask)
    image.putpalette(voc_palette().tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def working_size(height: int, width: int) -> tuple[int, int]:
    """(H, W) at scale 1 of an inspected photograph: its long side is ``WORKING_SIDE`` at most."""
    ratio = min(1.0, WORKING_SIDE / max(height, width))
    return max(1, round(height * ratio)), max(1, round(width * ratio))


def working_image(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photograph (H, W, 3) at scale 1 of an inspection: its long side is ``WORKING_SIDE`` at most.

    A network trained on crops of a few hundred pixels sees nothing familiar in a photograph
    of thousands, and twice that size would not fit in memory.
    """
    height, width = working_size(image.shape[0], image.shape[1])
    if (height, width) == image.shape[:2]:
        return image
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))
