"""The Method page: its drawing, equations, live examples, and what they are computed from."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_api import CLASSES, FakeService, card, coarse
from streamlit.testing.v1 import AppTest

from frontend.components.method_figure import network_svg, toy_svg
from frontend.components.method_text import DIFFERENCES, PAGES
from frontend.views import __path__ as views
from ssenet.analysis.method import Toy, loss_terms, means, toy_prediction, toy_truth

Open = Callable[..., AppTest]
CAMS = ("GET /checkpoints/demo-baseline/cams", "GET /checkpoints/demo-ssenet/cams")


def html(app: AppTest) -> str:
    """All HTML of the page."""
    return " ".join(block.proto.body for block in app.get("html"))


def text(app: AppTest) -> str:
    """Everything the page says."""
    said = [x.value for kind in (app.markdown, app.caption, app.info, app.warning, app.error) for x in kind]
    return " ".join([*said, html(app)])


def cells(app: AppTest, first: str) -> list[list[str]]:
    """Rows of the tables whose first cell is ``first``."""
    rows = re.findall(r"<tr>(.*?)</tr>", html(app))
    found = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    return [row for row in found if row and row[0] == first]


@pytest.mark.usefixtures("service")
def test_a_fresh_page_has_the_network_all_equations_and_numbers(open_page: Open) -> None:
    app = open_page("method")
    assert not app.exception and not app.error
    drawings = [e.proto for e in app.get("bidi_component") if e.proto.component_name == "ssenet_drawing"]
    assert len(drawings) == 2 and "scale equivariant regularisation" in json.loads(drawings[0].json)["svg"]
    latex = [block.value for block in app.get("latex")]
    assert [re.findall(r"\((\d)\)", one)[-1] for one in latex] == ["1", "2", "3", "4", "5", "6"]
    assert "R of demo-ssenet is" in text(app)
    assert all(row.topic in html(app).replace("&#x27;", "'") for row in DIFFERENCES)


def test_eq_1_is_computed_from_the_services_maps(service: FakeService, open_page: Open) -> None:
    app = open_page("method", image=next(iter(service.photographs)), eta="2.5", small="0.5", large="1")
    assert not app.exception and not app.error
    small, large = (coarse(s, (400, 300), 14.0, 0).astype(np.float32) for s in (0.5, 1.0))
    labels = np.array([name == "bird" for name in CLASSES])
    terms = loss_terms(small, large, labels, "official", (150, 200), (300, 400))
    row = cells(app, "demo-ssenet")[0]
    expected = (terms.cls_large, terms.cls_small, terms.ser, 2.5 * terms.ser, terms.total(2.5))
    assert row[1:] == [f"{value:.4f}" for value in expected]


def test_sliders_ask_the_service_for_nothing(service: FakeService, open_page: Open) -> None:
    app = open_page("method")
    before = {path: service.asked[path] for path in CAMS}
    app.slider(key="eta").set_value(3.0).run()
    app.slider(key="alpha").set_value(0.6).run()
    app.slider(key="toy_side").set_value(10).run()
    assert not app.exception
    assert {path: service.asked[path] for path in CAMS} == before
    assert "M &gt; 0.600" in html(app)


@pytest.mark.usefixtures("service")
def test_the_toy_moves_with_its_sliders(open_page: Open) -> None:
    app = open_page("method", toy_side="10", toy_shift="5", toy_second="false")
    found = means(toy_truth(), toy_prediction(Toy(10, 5, False)), ("background", "large", "small"))
    large = found.classes[1]
    assert large.fn_ratio is not None and large.fp_ratio is not None and found.m_fn is not None
    row = cells(app, "large square")[0]
    counts = [str(large.tp), str(large.fn), str(large.fp), f"{100 * large.iou:.1f} %"]
    assert row[1:] == [*counts, f"{large.fn_ratio:.2f}", f"{large.fp_ratio:.2f}"]
    assert cells(app, "small square")[0][5:] == ["undefined", "undefined"]
    assert cells(app, "mean")[0][5] == f"{found.m_fn:.2f}"
    assert "smaller than the object" in text(app)


@pytest.mark.usefixtures("service")
def test_a_small_branch_that_is_not_smaller_is_put_right(open_page: Open) -> None:
    app = open_page("method", small="1.5", large="1")
    assert not app.exception and "taken as 0.75" in text(app)


def test_maps_are_waited_for(service: FakeService, open_page: Open) -> None:
    service.pending_polls = 4
    app = open_page("method")
    assert "being computed" in text(app)
    app.run()
    assert cells(app, "demo-ssenet")


@pytest.mark.usefixtures("service")
def test_no_network_chosen_says_what_to_do(open_page: Open) -> None:
    app = open_page("method")
    app.multiselect(key="checkpoints").set_value([]).run()
    assert "Choose at least one network" in text(app)


@pytest.mark.parametrize(("known", "badge"), [("bird", "uses ground truth"), ("unicorn", "no ground truth used")])
def test_labels_that_no_network_knows_are_not_used(
    service: FakeService, open_page: Open, monkeypatch: pytest.MonkeyPatch, known: str, badge: str
) -> None:
    plain = service.image
    monkeypatch.setattr(service, "image", lambda image_id: {**(plain(image_id) or {}), "labels": [known]})
    app = open_page("method", image=next(iter(service.photographs)))
    [card] = [part for part in html(app).split("<section") if "Protocol of the examples" in part]
    assert badge in card


def test_networks_of_one_name_have_a_row_each(service: FakeService, open_page: Open) -> None:
    for checkpoint in ("1" * 32, "2" * 32):
        service.checkpoints[checkpoint] = card("twin", "ssenet")
    names = ["twin (11111111)", "twin (22222222)"]
    app = open_page("method", image=next(iter(service.photographs)), checkpoints=names)
    assert not app.exception and all(cells(app, name) for name in names)


# Parts -------------------------------------------------------------------------------------------------------------
def test_drawings_are_well_formed_and_say_what_they_show() -> None:
    for svg in (network_svg(), toy_svg(toy_truth(), toy_prediction(Toy(30, 4)))):
        root = ElementTree.fromstring(svg)
        assert root.get("role") == "img" and len(root.get("aria-label") or "") > 30
        assert "currentColor" in svg or "<text" not in svg


def test_the_toy_is_drawn_pixel_by_pixel() -> None:
    truth, predicted = toy_truth(), toy_prediction(Toy(30, 4, False))
    svg = toy_svg(truth, predicted)
    drawn = np.zeros(truth.shape, object)
    for x, y, width, colour in re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="1.03" fill="(#\w+)"', svg):
        drawn[int(y), int(x) : int(x) + int(width)] = colour
    assert ((drawn == "#009E73") == ((truth > 0) & (truth == predicted))).all()
    assert ((drawn == "#D55E00") == ((truth > 0) & (predicted == 0))).all()
    assert ((drawn == "#0072B2") == ((predicted > 0) & (truth != predicted))).all()


def test_every_page_that_shows_the_method_is_named() -> None:
    there = {path.name for path in Path(next(iter(views))).glob("[a-z]*.py")}
    assert {Path(path).name for path, _, _ in PAGES} == there - {"method.py", "jobs.py", "workers.py", "access.py"}
