"""Picture files that are made to harm whoever decodes them, and odd ones that are harmless."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    """The file of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(side: int) -> bytes:
    """A PNG of a few kilobytes that claims side x side pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")


def text_bomb(megabytes: int = 200) -> bytes:
    """A small PNG with a compressed text that unfolds to ``megabytes``."""
    plain = saved(Image.new("RGB", (8, 8)), "PNG")
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(megabytes * 2**20), 9))
    return plain[:33] + text + plain[33:]  # behind the header


def scan_bomb(side: int = 4000, scans: int = 20_000) -> bytes:
    """A progressive JPEG within all limits of size whose last scan is repeated: minutes of work for the decoder."""
    plain = saved(Image.new("L", (side, side), 128), "JPEG", progressive=True)
    last = plain.rindex(b"\xff\xda")
    return plain[:last] + plain[last:-2] * scans + b"\xff\xd9"


def frames_bomb(frames: int = 30_000) -> bytes:
    """A GIF of very many frames."""
    first = saved(Image.new("P", (16, 16)), "GIF")
    start = first.index(b"\x2c")
    return first[:start] + first[start:-1] * frames + b"\x3b"


def fits_bomb() -> bytes:
    """A compressed FITS picture: Pillow unpacked it without a bound once."""
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2"]
    cards += ["NAXIS1  =                50000", "NAXIS2  =                50000", "END"]
    head = "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    return gzip.compress(head + bytes(50 * 2**20))


def polyglot() -> bytes:
    """A picture that is a zip archive and a script, too."""
    tail = b"PK\x03\x04<script>alert(1)</script>#!/bin/sh\n" + b"PK\x05\x06" + bytes(18)
    return saved(Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)), "PNG") + tail


def turned(image: Image.Image, orientation: int) -> bytes:
    """A JPEG that says how it was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, "JPEG", exif=exif, quality=95)


SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><image href='file:///etc/passwd'/></svg>"
