"""Decoding: only what is safe, always upright RGB."""

from __future__ import annotations

import contextlib
import io
import struct
import time
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from ssenet.data.images import ImageLimits, decode_image, encode_mask_png, encode_png, pixels_sha, voc_palette
from ssenet.errors import ImageError

RGB = hnp.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A valid PNG signature and header that promise a huge image, with little behind them."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@given(RGB)
@settings(max_examples=30, deadline=None)
def test_png_round_trip(image: Any) -> None:
    decoded = decode_image(encode_png(image))
    np.testing.assert_array_equal(decoded, image)
    assert pixels_sha(decoded) == pixels_sha(image)


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))))
@settings(max_examples=30, deadline=None)
def test_mask_round_trip(mask: Any) -> None:
    with Image.open(io.BytesIO(encode_mask_png(mask))) as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), mask)
        assert image.getpalette("RGB")[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0][: len(image.getpalette("RGB"))]


def test_palette_is_that_of_voc() -> None:
    palette = voc_palette()
    published = {0: (0, 0, 0), 1: (128, 0, 0), 5: (128, 0, 128), 15: (192, 128, 128), 20: (0, 64, 128)}
    for label, colour in published.items():
        assert tuple(palette[label]) == colour
    assert tuple(palette[255]) == (224, 224, 192)
    assert len(np.unique(palette, axis=0)) == 256


def test_equal_pixels_have_equal_hashes_whatever_the_file(pictures: Any) -> None:
    image = Image.fromarray(pictures(0))
    files = [saved(image, "PNG"), saved(image, "PNG", compress_level=0), saved(image, "WEBP", lossless=True)]
    assert len({pixels_sha(decode_image(f)) for f in files}) == 1
    assert pixels_sha(np.zeros((2, 3, 3), np.uint8)) != pixels_sha(np.zeros((3, 2, 3), np.uint8))
    turned = pictures(0).transpose(1, 0, 2)
    assert pixels_sha(turned) == pixels_sha(np.ascontiguousarray(turned))
    with pytest.raises(ValueError, match="uint8"):
        pixels_sha(np.zeros((2, 2, 3), np.float32))  # type: ignore[arg-type]


def test_a_stream_is_read_too(pictures: Any) -> None:
    np.testing.assert_array_equal(decode_image(io.BytesIO(encode_png(pictures(1)))), pictures(1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = np.zeros((2, 3, 3), np.uint8)
    upright[0, 0], upright[0, 2], upright[1, 0] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)
    np.testing.assert_array_equal(decode_image(data), upright)


def test_damaged_exif_is_passed_over(pictures: Any) -> None:
    data = saved(Image.fromarray(pictures(0)), "PNG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    np.testing.assert_array_equal(decode_image(data), pictures(0))


def test_transparency_is_put_on_white() -> None:
    rgba = np.array([[[255, 0, 0, 255], [9, 9, 9, 0], [0, 0, 0, 128]]], np.uint8)
    for kind in ("PNG", "WEBP"):
        options = {} if kind == "PNG" else {"lossless": True}
        pixels = decode_image(saved(Image.fromarray(rgba), kind, **options))
        np.testing.assert_array_equal(pixels[0, :2], [[255, 0, 0], [255, 255, 255]])
        assert np.all(np.abs(pixels[0, 2].astype(int) - 127) <= 1)


def test_transparent_palette_and_gray() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([0, 0, 0, 10, 20, 30])
    palette.putpixel((1, 0), 1)
    pixels = decode_image(saved(palette, "PNG", transparency=0))
    np.testing.assert_array_equal(pixels, [[[255, 255, 255], [10, 20, 30]]])
    gray = decode_image(saved(Image.fromarray(np.array([[[80, 255], [80, 0]]], np.uint8), "LA"), "PNG"))
    np.testing.assert_array_equal(gray, [[[80, 80, 80], [255, 255, 255]]])


def test_sixteen_bit_gray_keeps_its_tones() -> None:
    deep = np.array([[0, 257 * 100, 65535]], np.uint16)
    np.testing.assert_array_equal(decode_image(saved(Image.fromarray(deep), "PNG"))[0, :, 0], [0, 100, 255])


def test_cmyk_and_bilevel() -> None:
    cmyk = Image.new("RGB", (16, 16), (250, 10, 10)).convert("CMYK")
    assert np.abs(decode_image(saved(cmyk, "JPEG", quality=95)).astype(int) - [250, 10, 10]).max() < 12
    np.testing.assert_array_equal(decode_image(saved(Image.new("1", (3, 2), 1), "PNG")), np.full((2, 3, 3), 255))


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = saved(frames[0], "PNG", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(decode_image(data)[0, 0], [255, 0, 0])


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(ImageError, match="not a PNG, JPEG or WebP"):
        decode_image(saved(Image.new("RGB", (8, 8)), kind))


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"%PDF-1.7"]
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        decode_image(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_file_that_is_cut_off_is_refused(kind: str, part: float, pictures: Any) -> None:
    data = saved(Image.fromarray(pictures(3)).resize((200, 150)), kind)
    with pytest.raises(ImageError):
        decode_image(data[: int(len(data) * part)])


def test_a_flipped_byte_in_a_png_is_refused(pictures: Any) -> None:
    data = bytearray(encode_png(pictures(0)))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(ImageError, match="damaged"):
        decode_image(bytes(data))


@pytest.mark.parametrize("size", [(50_000, 50_000), (10_000, 10_000), (8000, 6000), (16_385, 10), (2**31 - 1, 1)])
def test_bombs_are_refused_from_their_header(size: tuple[int, int]) -> None:
    start = time.monotonic()
    with pytest.raises(ImageError):
        decode_image(png_header(*size))
    assert time.monotonic() - start < 1


def test_a_png_whose_text_inflates_is_refused(pictures: Any) -> None:
    png = encode_png(pictures(0))
    body = b"x\0\0" + zlib.compress(bytes(100_000_000))
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    with pytest.raises(ImageError):
        decode_image(png[:33] + chunk + png[33:])


def test_large_files_are_refused_before_they_are_read() -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            assert 0 <= size <= 2000, "more was read than the limit allows"
            return bytes(size)

    limits = ImageLimits(size=1000)
    for data in (bytes(1001), Endless()):
        with pytest.raises(ImageError, match="larger than"):
            decode_image(data, limits=limits)  # type: ignore[arg-type]


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x24\0\0\0WEBPVP8 "]),
    st.binary(max_size=200),
)
def test_random_bytes_give_an_image_error(start: bytes, rest: bytes) -> None:
    with pytest.raises(ImageError):
        decode_image(start + rest)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_gives_an_image_or_an_image_error(kind: str, position: int, change: int) -> None:
    data = bytearray(saved(Image.fromarray(np.arange(768, dtype=np.uint16).astype(np.uint8).reshape(16, 16, 3)), kind))
    data[position % len(data)] ^= change
    with contextlib.suppress(ImageError):
        assert decode_image(bytes(data)).ndim == 3
