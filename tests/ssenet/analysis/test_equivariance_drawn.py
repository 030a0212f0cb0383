"""Equivariance drawn: pictures of a row, the sheet, and the heat maps of scale against scale."""

from __future__ import annotations

import numpy as np
import pytest

from ssenet.analysis.equivariance import ScaleMatrices, compare
from ssenet.analysis.equivariance_figures import scale_matrices_figure
from ssenet.analysis.equivariance_pictures import COLUMNS, draw, hatched, heat, raw_peak, sheet
from ssenet.analysis.warp import warp_photograph
from ssenet.render import colormap
from ssenet.results import View

VIEW = View(scale=1, shift_x=0.25)
PHOTO = np.full((48, 64, 3), 90, np.uint8)


def blob(column: int) -> np.ndarray:
    """Coarse logits with one warm cell."""
    maps = np.full((6, 8), -1, np.float32)
    maps[2:4, column : column + 2] = 5
    return maps


def test_a_row_has_a_picture_for_every_column() -> None:
    compared = compare(blob(2), blob(4), VIEW, (48, 64))
    row = draw(PHOTO, warp_photograph(PHOTO, VIEW), compared, 0.2, raw_peak([compared]))
    assert list(row.pictures) == list(COLUMNS)
    assert all(picture.shape == PHOTO.shape and picture.dtype == np.uint8 for picture in row.pictures.values())
    # f(Ax) follows the shift: nothing differs inside, and what is outside is striped.
    inside = row.pictures["difference"][:, 20:]
    assert np.array_equal(inside, np.broadcast_to(colormap("inferno")[0], inside.shape))
    assert {tuple(pixel) for pixel in row.pictures["difference"][:, 0]} == {(200,) * 3, (120,) * 3}
    assert {tuple(pixel) for pixel in row.pictures["back"][:, 63]} == {(200,) * 3, (120,) * 3}


def test_where_maps_differ_the_colours_rise_to_the_peak() -> None:
    compared = compare(blob(2), blob(2), VIEW, (48, 64))
    row = draw(PHOTO, PHOTO, compared, 0.2, raw_peak([compared]))
    brightest = np.unravel_index(compared.raw.argmax(), compared.raw.shape)
    assert np.array_equal(row.pictures["raw"][brightest], colormap("inferno")[255])
    other = draw(PHOTO, PHOTO, compared, 0.2, 2 * raw_peak([compared]))
    assert np.array_equal(other.pictures["raw"][brightest], colormap("inferno")[128]), "one range for all networks"


def test_heat_and_stripes() -> None:
    values = np.array([[0.0, 0.5, 1.0, 9.0]], np.float32)
    assert np.array_equal(heat(values, 1.0)[0], colormap("inferno")[[0, 128, 255, 255]])
    assert np.array_equal(heat(values * 0, 0.0)[0, 0], colormap("inferno")[0])
    valid = np.zeros((20, 20), np.bool_)
    valid[:10] = True
    striped = hatched(np.zeros((20, 20, 3), np.uint8), valid)
    assert not striped[:10].any() and set(np.unique(striped[10:])) == {120, 200}


def test_the_sheet_holds_all_pictures() -> None:
    page = sheet(["x", "Ax"], [("one", [PHOTO, PHOTO + 40]), ("two", [PHOTO, PHOTO + 80])], "α = 0.2")
    assert page.shape[1] == 2 * 64 + 8 + 32
    for grey in (90, 130, 170):
        assert (page == grey).all(axis=-1).sum() >= 48 * 64


def matrices(low: float | None) -> ScaleMatrices:
    return ScaleMatrices(
        name="bird", distance=((0.0, 0.3), (0.3, 0.0)), correlation=((1, -0.5), (-0.5, 1)), iou=((1, low), (low, 1))
    )


def test_all_networks_share_a_range_of_colours_and_numbers_stand_in_the_cells() -> None:
    figure = scale_matrices_figure([("a", matrices(0.25)), ("b", matrices(None))], (0.5, 2.0), 0.2)
    assert [trace.coloraxis for trace in figure.data] == ["coloraxis", "coloraxis2", "coloraxis3"] * 2
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, pytest.approx(0.3))
    assert (figure.layout.coloraxis2.cmax, figure.layout.coloraxis3.cmax) == (1, 1)
    texts = [one.text for one in figure.layout.annotations]
    assert {"0.30", "-0.50", "0.25", "–", "IoU at α = 0.2"} <= set(texts)
    assert sum(text in ("0.00", "0.30", "1.00", "-0.50", "0.25", "–") for text in texts) == 24
    numbers = {(one.xref, one.x, one.y): one.text for one in figure.layout.annotations if one.text == "-0.50"}
    assert set(numbers) == {(axis, x, 1 - x) for axis in ("x2", "x5") for x in (0, 1)}, "cells by number"
    assert np.isnan(figure.data[5].z[0][1]) and figure.data[5].text[0][1] == "undefined"
    assert list(figure.data[0].x) == ["0.5", "2"]
