"""Contours as vectors: the pixel centres inside the path are the foreground."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from ssenet.bundle import Cell, contour_path, svg_strip

SVG = "{http://www.w3.org/2000/svg}"


def inside(path: str, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels whose centre lies inside the closed curves, by the even-odd rule, slowly."""
    out = np.zeros(shape, bool)
    loops = [[tuple(map(float, p.split())) for p in loop.split("L")] for loop in re.findall(r"M([^Z]*)Z", path)]
    for row, column in np.ndindex(*shape):
        x, y = column + 0.5, row + 0.5
        for loop in loops:
            for (x0, y0), (x1, y1) in zip(loop, loop[1:] + loop[:1], strict=True):
                if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                    out[row, column] ^= True
    return out


# Values that keep a distance from α: a path has two decimals.
LEVELS = some.sampled_from([0.0, 0.05, 0.2, 0.45, 0.6, 0.9, 1.0])


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, some.tuples(some.integers(1, 7), some.integers(1, 7)), elements=LEVELS), some.just(0.3))
def test_the_inside_of_the_contour_is_what_is_above_alpha(score: NDArray[np.float32], alpha: float) -> None:
    np.testing.assert_array_equal(inside(contour_path(score, alpha), score.shape), score > np.float32(alpha))


@settings(max_examples=40, deadline=None)
@given(arrays(np.float32, (5, 6), elements=some.sampled_from([0.1, 0.5, 0.9])))
def test_values_of_exactly_alpha_leave_no_open_curve(score: NDArray[np.float32]) -> None:
    found = inside(contour_path(score, 0.5), score.shape)
    clear = score != np.float32(0.5)  # the curve runs through those centres themselves
    np.testing.assert_array_equal(found[clear], (score > np.float32(0.5))[clear])


def test_the_contour_of_a_slope_lies_between_the_pixels_where_alpha_is_reached() -> None:
    slope = np.tile(np.linspace(0, 1, 11, dtype=np.float32), (4, 1))  # column c has c / 10 at x = c + ½
    points = [tuple(map(float, p.split())) for p in contour_path(slope, 0.25)[1:-1].split("L")]
    assert {x for x, y in points if 0 < y < 4} == {3.0, 11.0}  # reached at c = 2.5; the right end is the border
    assert {y for _, y in points} == {0.0, 0.5, 1.5, 2.5, 3.5, 4.0}


def test_nothing_above_alpha_has_no_contour() -> None:
    assert contour_path(np.zeros((3, 4), np.float32), 0.0) == ""
    assert contour_path(np.full((3, 4), 0.2, np.float32), 0.2) == "", "foreground is strictly above α"


def test_a_strip_is_valid_svg_with_photographs_contours_and_words() -> None:
    picture = np.arange(30 * 40 * 3, dtype=np.uint32).reshape(30, 40, 3).astype(np.uint8)
    score = np.zeros((30, 40), np.float32)
    score[10:20, 10:30] = 1
    cells = [Cell(picture, "photograph"), Cell(picture, "scale 1", score, 0.3)]
    data = svg_strip([("A & B", cells), ("C", cells[:1])], "class <bird>")
    root = ElementTree.fromstring(data)
    pictures = root.findall(f".//{SVG}image")
    assert len(pictures) == 3
    decoded = base64.b64decode(pictures[0].attrib["href"].removeprefix("data:image/png;base64,"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(decoded))), picture)
    groups = root.findall(f".//{SVG}g")
    assert [group.attrib["data-alpha"] for group in groups] == ["0.3"]
    path = groups[0].find(f"{SVG}path")
    assert path is not None
    np.testing.assert_array_equal(inside(path.attrib["d"], score.shape), score > 0.3)
    words = [text.text for text in root.findall(f".//{SVG}text")]
    assert words == ["A & B", "photograph", "scale 1", "C", "photograph", "class <bird>"]
    assert root.attrib["viewBox"].split()[2:] == [root.attrib["width"], root.attrib["height"]]


def test_pictures_of_different_sizes_are_refused() -> None:
    small, large = np.zeros((3, 3, 3), np.uint8), np.zeros((4, 3, 3), np.uint8)
    for rows in ([], [("a", [Cell(small, ""), Cell(large, "")])]):
        with pytest.raises(ValueError, match="one size"):
            svg_strip(rows, "")
