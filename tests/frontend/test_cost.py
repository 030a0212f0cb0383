"""The cost panel: nothing asked while it is closed; work, time, cache and bytes when it is open."""

from __future__ import annotations

from typing import Any

import pytest
from fake_api import FakeService, coarse
from fake_cost import GMAC, cost, described
from streamlit.testing.v1 import AppTest

from frontend.components.cost import Costed, said, scale_rows, table_rows
from frontend.schemas.cams import CamAnswer
from ssenet.results import views_of

CAMS = "GET /checkpoints/demo-ssenet/cams"


def page() -> None:
    """A page that shows the maps of one photograph; the address says which are missing."""
    import streamlit as st

    from frontend.components.cost import CostQuery, cost_panel

    missing = tuple(float(x) for x in st.query_params.get_all("missing"))
    cost_panel([CostQuery("SSENet", "demo-ssenet", "0" * 32, (0.5, 1.0, 2.0), False, missing=missing)])


def answer(scales: tuple[float, ...] = (0.5, 1.0, 2.0), flip: bool = False) -> CamAnswer:
    """What the service says of a network's maps."""
    maps = {view.name: coarse(view.scale, (400, 300), 30.0, 0) for view in views_of(scales, flip)}
    return CamAnswer.model_validate(described(maps))


def test_a_closed_panel_asks_nothing_and_an_open_one_shows_the_costs(service: FakeService) -> None:
    app = AppTest.from_function(page).run()
    assert not app.exception and service.asked[CAMS] == 0
    app.query_params["cost"] = "true"
    app.run()
    assert not app.exception and service.asked[CAMS] == 1
    html = "".join(block.proto.body for block in app.get("html"))
    assert "s0.5" in html and "abacus" in html and "3 of 3" in html and "76.2 %" in html


@pytest.mark.usefixtures("service")
def test_maps_that_were_missing_once_stay_known_as_computed() -> None:
    app = AppTest.from_function(page)
    app.query_params["missing"] = ["1.0", "2.0"]
    app.run()
    app.query_params.clear()
    app.query_params["cost"] = "true"
    app.run()
    html = "".join(block.proto.body for block in app.get("html"))
    assert "1 of 3" in html and html.count("computed for this page") == 2


def test_maps_on_their_way_and_refusals_are_said(service: FakeService) -> None:
    service.pending_polls = 1
    app = AppTest.from_function(page)
    app.query_params["cost"] = "true"
    app.run()
    assert "being computed" in app.caption[0].value
    del service.checkpoints["demo-ssenet"]
    assert "There is no checkpoint" in app.run().error[0].value


def test_the_table_adds_up() -> None:
    found = [Costed("net", answer(), frozenset({2.0}))]
    rows = table_rows(found)
    assert [row[1] for row in rows] == ["s0.5", "s1", "s2", "all"]
    assert [row[3] for row in rows] == ["4", "16", "64", "84"] and sum((0.25, 1, 4)) * GMAC == 84
    assert [row[4] for row in rows] == ["4.8 %", "19.0 %", "76.2 %", "100 %"]
    assert rows[0][2] == "200 × 150" and rows[-1][5] == "525.0" and rows[-1][8] == "2 of 3"
    sizes = [int(row[9].replace(",", "")) for row in rows]
    assert sizes[-1] == sum(sizes[:-1]) == sum(view.bytes for view in answer().views)


def test_what_nobody_measured_is_a_dash_and_not_a_zero() -> None:
    partly = Costed("net", answer((0.5, 1.0, 2.0), True))  # the last view has no cost
    assert partly.answer.views[-1].cost is None
    last, sums = table_rows([partly])[-2:]
    assert last[2:8] == ["–"] * 6 and sums[3:7] == ["–"] * 4 and last[9] != "–"
    assert [row[1] for row in scale_rows([partly])] == ["8", "32", "–"]
    assert {row[2] for row in scale_rows([partly])} == {"–"}, "shares of an unknown whole are unknown"
    assert "1 view has no figures" in said([partly]) and "no figures" not in said([Costed("net", answer())])


@pytest.mark.parametrize(("batch", "text"), [(1, "100.0"), (2, "100.0 (2 together)")])
def test_views_that_shared_a_forward_pass_say_so(batch: int, text: str) -> None:
    given: dict[str, Any] = described({"s1": coarse(1.0, (400, 300), 30.0, 0)})
    given["views"][0]["cost"] = cost(1.0) | {"batch": batch}
    assert table_rows([Costed("net", CamAnswer.model_validate(given))])[0][5] == text


def test_the_share_of_each_scale() -> None:
    rows = scale_rows([Costed("a", answer()), Costed("b", answer())])
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("0.5", "8", "4.8 %"),
        ("1", "32", "19.0 %"),
        ("2", "128", "76.2 %"),
    ]
