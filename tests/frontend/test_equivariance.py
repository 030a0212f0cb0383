"""The Equivariance page: the answer, its pictures and figures, presets, what it costs, the address, the export."""

from __future__ import annotations

import io
import json
import re
import shlex
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from fake_api import FakeService
from streamlit.testing.v1 import AppTest

from frontend.components.equivariance_bundle import Shown, bundle
from frontend.components.equivariance_maps import Seen
from frontend.components.equivariance_view import Measured, verdict
from frontend.components.transformation import PRESETS
from frontend.schemas import Checkpoint, Image
from ssenet.analysis.equivariance import PLAIN, ClassError, views_needed
from ssenet.bundle import pack_bundle
from ssenet.data.images import encode_png
from ssenet.results import View

Open = Callable[..., AppTest]
CAMS = ("GET /checkpoints/demo-baseline/cams", "GET /checkpoints/demo-ssenet/cams")
COLUMNS = ("f(x)", "f(Ax)", "A⁻¹ f(Ax) on x", "|f(Ax) − A f(x)|, Eq. 3", "|f(Ax) − A f(x)|, raw")


def html(app: AppTest, mark: str) -> str:
    """The block of HTML that holds ``mark``."""
    return next(block.proto.body for block in app.get("html") if mark in block.proto.body)


def texts(app: AppTest) -> str:
    """Everything the page says in its messages."""
    return " ".join(x.value for x in [*app.error, *app.warning, *app.info])


def errors(app: AppTest) -> list[float]:
    """The big numbers."""
    return [float(value) for value in re.findall(r"<b>([\d.]+)</b>", html(app, 'sl-eq-errors" role'))]


def asked(service: FakeService) -> int:
    return sum(service.asked[path] for path in CAMS)


@pytest.mark.usefixtures("service")
def test_a_fresh_page_shows_half_the_size_for_both_networks(open_page: Open) -> None:
    app = open_page("equivariance")
    assert not app.exception and not app.error
    alts = re.findall(r'alt="([^"]*)"', html(app, 'class="sl-eq"'))
    assert alts == [
        f"{network}: {column} for bird" for network in ("demo-baseline", "demo-ssenet") for column in COLUMNS
    ]
    assert all(0 < error < 1 for error in errors(app)) and len(errors(app)) == 2
    assert "Scale 0.5: " in html(app, "sl-answer") and "on this photograph" in html(app, "sl-answer")
    assert app.button_group(key="preset").value == "Half size"
    assert "no ground truth used" in html(app, 'aria-label="Protocol')
    assert "scale 0.5" in html(app, 'aria-label="Protocol')
    assert html(app, "sl-table").count('<td class="l">bird</td>') == 2


@pytest.mark.usefixtures("service")
def test_presets_set_the_sliders_by_one_click(open_page: Open) -> None:
    app = open_page("equivariance")
    for name in ("Mirror", "15° rotation", "Nothing"):
        view = PRESETS[name]
        app.button_group(key="preset").set_value(name).run()
        assert not app.exception and not app.error
        found = {key: app.slider(key=key).value for key in ("scale", "rotation", "shift_x", "shift_y")}
        assert found | {"flip": app.toggle(key="mirror").value} == view.model_dump()
        assert (max(errors(app)) == 0) == (name in ("Nothing", "Mirror")), "the stand-in's blob is symmetric"
    assert "changes nothing" in html(app, "sl-answer")


@pytest.mark.usefixtures("service")
def test_a_slider_leaves_the_presets(open_page: Open) -> None:
    app = open_page("equivariance")
    app.slider(key="rotation").set_value(20).run()
    assert app.button_group(key="preset").value is None
    assert any("rotated 20° counter-clockwise" in one.value and "valid area" in one.value for one in app.caption)


def test_looks_cost_no_request_and_a_transformation_costs_one_map_a_network(
    service: FakeService, open_page: Open
) -> None:
    app = open_page("equivariance")
    before = asked(service)
    assert before == 8, "x, Ax and the scales of the matrices, of which two are the same"
    app.slider(key="alpha").set_value(0.5).run()
    app.selectbox(key="class").set_value("fish").run()
    assert asked(service) == before
    app.slider(key="rotation").set_value(15).run()
    assert asked(service) == before + 2


def test_what_is_ready_is_shown_while_the_rest_is_computed(service: FakeService, open_page: Open) -> None:
    service.pending_polls = 2
    app = open_page("equivariance")
    assert any("0 of 8 are there" in one.value for one in app.caption)
    assert 'role="progressbar"' in html(app, "progressbar")
    app.run()
    assert not any("are there" in one.value for one in app.caption)
    assert len(errors(app)) == 2


def test_the_address_restores_the_view(service: FakeService, open_page: Open) -> None:
    image = list(service.photographs)[2]
    app = open_page(
        "equivariance", image=image, checkpoints=["demo-ssenet"], scale="1", rotation="-30", shift_x="0.1",
        mirror="true", alpha="0.35", scales=["1", "2"], **{"class": "fish"},
    )  # fmt: skip
    assert app.query_params["image"] == image
    assert (app.slider(key="rotation").value, app.toggle(key="mirror").value) == (-30, True)
    assert app.selectbox(key="class").value == "fish"
    alts = re.findall(r'alt="([^"]*)"', html(app, 'class="sl-eq"'))
    assert alts == [f"demo-ssenet: {column} for fish" for column in COLUMNS]
    assert any("rotated 30° clockwise, shifted 10 % right, mirrored" in one.value for one in app.caption)
    assert any("No network responds" in one or "does not follow" in one for one in [html(app, "sl-answer")])


@pytest.mark.usefixtures("service")
def test_matrices_have_a_row_a_network_and_need_two_scales(open_page: Open) -> None:
    app = open_page("equivariance")
    (chart,) = app.get("plotly_chart")
    figure = json.loads(chart.proto.spec)
    assert len(figure["data"]) == 6
    names = [one["text"] for one in figure["layout"]["annotations"]]
    assert {"demo-baseline", "demo-ssenet", "correlation", "IoU at α = 0.2"} <= set(names)
    app.button_group(key="scales").set_value([1.0]).run()
    assert not app.get("plotly_chart")
    assert any("two or more scales" in one.value for one in app.caption)


def test_unrecognised_photographs_and_networks_that_do_not_know_a_class(service: FakeService, open_page: Open) -> None:
    service.winner = 3
    app = open_page("equivariance", scale="1.5", scales=["1"])
    assert not app.exception
    service.checkpoints["other"] = service.checkpoints["demo-ssenet"].model_copy(
        update={"name": "other", "classes": ("cat", *service.checkpoints["demo-ssenet"].classes[1:])}
    )
    app = open_page("equivariance", checkpoints=["demo-ssenet", "other"], **{"class": "cat"})
    assert "does not know “cat”" in html(app, 'class="sl-eq"')


@pytest.mark.usefixtures("service")
def test_nothing_chosen_says_what_to_do(open_page: Open) -> None:
    app = open_page("equivariance")
    app.multiselect(key="checkpoints").set_value([]).run()
    assert "Choose at least one checkpoint" in texts(app)


def test_an_unknown_class_of_another_page_is_dropped(service: FakeService, open_page: Open) -> None:
    app = open_page("tables")
    app.session_state["class"] = "unicorn"
    app.switch_page("views/equivariance.py").run()
    assert not app.exception and app.selectbox(key="class").value == "highest score"
    assert service.asked


# Pure parts -----------------------------------------------------------------------------------------
def seen(service: FakeService, name: str, view: View, scales: tuple[float, ...]) -> Seen:
    """Random logits of everything that is needed."""
    card = service.checkpoints[name]
    random = np.random.default_rng(len(name))
    shape = (len(card.classes), 6, 8)
    coarse = {one: random.standard_normal(shape).astype(np.float32) for one in views_needed(view, scales)}
    return Seen(name, Checkpoint(id=name, name=name, builtin=True, card=card), coarse)


def measured(one: Seen, view: View, photograph: Image, scales: tuple[float, ...]) -> Measured:
    report = one.report(view, photograph, 0.2, scales, ["bird", "fish"])
    return Measured(one, report, report.errors[0])


@pytest.fixture
def shown(fake: FakeService) -> Shown:
    """Two networks under a rotation to the left."""
    view, scales = View(scale=0.5, rotation=-15, flip=True), (0.5, 1.0)
    photograph = Image.model_validate(fake.image(next(iter(fake.photographs))))
    rows = [measured(seen(fake, name, view, scales), view, photograph, scales) for name in fake.checkpoints]
    return Shown(photograph, rows, "bird", True, view, 0.2, scales)


def test_the_export_holds_everything_and_says_how_to_make_it_again(shown: Shown) -> None:
    picture = encode_png(np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8))
    packed = pack_bundle(bundle(shown, picture, "http://x/equivariance?rotation=-15"))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        said = json.loads(archive.read("manifest.json"))
        names = {entry["name"] for entry in said["files"]}
        rows = archive.read("errors.csv").decode().splitlines()
        scales = archive.read("scales.csv").decode().splitlines()
        with np.load(io.BytesIO(archive.read("cams.npz")), allow_pickle=False) as arrays:
            assert "demo-ssenet/s0.5-flip-r-15" in arrays.files and len(arrays.files) == 6
    assert {"photograph.png", "transformed.png", "maps.png", "errors.csv", "scales.csv", "scales.html"} <= names
    assert len(rows) == 1 + 4 and len(scales) == 1 + 2 * 2 * 4
    assert rows[1].startswith("bird,demo-baseline,") and f"{shown.rows[0].report.errors[0].error:.9g}" in rows[1]
    assert said["protocol"]["transformation"] == "scale 0.5, rotated 15° clockwise, mirrored"
    assert said["protocol"]["class"] == "bird" and said["protocol"]["leaks"] == []
    words = shlex.split(said["commands"][1])
    assert words[:4] == ["ssenet", "equivariance", "demo-ssenet", "photograph.png"]
    assert {"--rotation=-15", "--flip", "--scale"} <= set(words) and "--shift-x=0" not in words


def test_the_verdict_names_the_network_that_is_closer_whichever_it_is(shown: Shown) -> None:
    def with_error(row: Measured, error: float | None) -> Measured:
        return Measured(row.seen, row.report, ClassError(name="bird", score=0.9, error=error, difference=0.1, raw=1))

    baseline, ssenet = shown.rows
    view = View(scale=0.5)
    better = verdict([with_error(baseline, 0.6), with_error(ssenet, 0.4)], "bird", view)
    assert better.startswith("Scale 0.5: 40 % of the activation of demo-ssenet for bird") and "60 %" in better
    worse = verdict([with_error(baseline, 0.4), with_error(ssenet, 0.6)], "bird", view)
    assert "demo-baseline is closer" in worse
    assert "in every row" in verdict([with_error(baseline, 0.5), with_error(ssenet, 0.5)], "bird", view)
    assert "nothing to compare" in verdict([with_error(baseline, None)], "bird", view)
    assert "25 % of the activation" in verdict([with_error(baseline, 0.25), with_error(ssenet, None)], "bird", view)
    assert "must be" in verdict([with_error(baseline, 0.0)], "bird", PLAIN)
