"""The Inspect page: the strip, what it costs, uploads, the address."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fake_api import FakeService, photograph
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]
CAMS = ("GET /checkpoints/demo-baseline/cams", "GET /checkpoints/demo-ssenet/cams")


def strip(app: AppTest) -> str:
    """The HTML of the strip."""
    return next(block.proto.body for block in app.get("html") if 'class="sl-strip"' in block.proto.body)


def alts(app: AppTest) -> list[str]:
    """The alternative texts of its pictures."""
    return re.findall(r'alt="([^"]*)"', strip(app))


def texts(app: AppTest) -> str:
    """Everything the page says in its messages."""
    return " ".join(x.value for x in [*app.error, *app.warning, *app.info])


@pytest.mark.usefixtures("service")
def test_first_load_shows_both_networks_at_four_scales(open_page: Open) -> None:
    app = open_page("inspect")
    assert not app.exception and not app.error
    expected = [
        f"{checkpoint}: activation of bird at {column}"
        for checkpoint in ("demo-baseline", "demo-ssenet")
        for column in ("scale 0.5", "scale 1", "scale 1.5", "scale 2", "multi-scale")
    ]
    assert [alt for alt in alts(app) if "activation" in alt] == expected
    assert strip(app).count("scale consistency") == 2


def test_looks_cost_no_request(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect")
    before, picture = dict(service.asked), strip(app)
    app.slider(key="alpha").set_value(0.5).run()
    app.slider(key="opacity").set_value(0.3).run()
    app.selectbox(key="labels").set_value("all").run()
    app.selectbox(key="class").set_value("fish").run()
    app.selectbox(key="normalisation").set_value("shared").run()
    assert "activation of fish" in strip(app) and strip(app) != picture
    assert {path: service.asked[path] for path in CAMS} == {path: before[path] for path in CAMS}


def test_another_scale_asks_only_for_that_scale(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect")
    before = sum(service.asked[path] for path in CAMS)
    app.button_group(key="scales").set_value([0.25, 0.5, 1.0, 1.5, 2.0]).run()
    assert "activation of bird at scale 0.25" in strip(app)
    assert sum(service.asked[path] for path in CAMS) == before + 2


def test_pictures_arrive_as_they_are_computed(service: FakeService, open_page: Open) -> None:
    service.pending_polls = 2
    app = open_page("inspect")
    assert strip(app).count("computing…") == 10
    app.run()
    assert "computing…" not in strip(app)


@pytest.mark.usefixtures("service")
def test_alpha_has_its_power_and_its_place_in_the_address(open_page: Open) -> None:
    app = open_page("inspect", alpha="0.35")
    assert app.slider(key="alpha").value == pytest.approx(0.35)
    assert any("power 2.44" in caption.value for caption in app.caption)
    assert any("α = 0.350" in caption.value and "labels: predicted" in caption.value for caption in app.caption)


def test_address_restores_photograph_checkpoints_and_scales(service: FakeService, open_page: Open) -> None:
    image = list(service.photographs)[2]
    app = open_page("inspect", image=image, checkpoints=["demo-ssenet"], scales=["1"], flip="true")
    assert app.multiselect(key="checkpoints").value == ["demo-ssenet"]
    assert [alt for alt in alts(app) if "activation" in alt] == ["demo-ssenet: activation of bird at scale 1"]
    assert app.toggle(key="flip").value
    assert app.query_params["image"] == image


def test_unrecognised_photograph_is_said_to_be_outside(service: FakeService, open_page: Open) -> None:
    service.winner = 3
    app = open_page("inspect", checkpoints=["demo-baseline"], scales=["1.5", "2"])
    assert "Nothing in this photograph is among the classes of demo-baseline" in texts(app)
    assert "activation of smallmammal" in strip(app)


def test_upload_becomes_the_current_photograph(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect")
    app.file_uploader(key="upload").set_value(("cat.png", photograph(5), "image/png")).run()
    (image_id,) = service.uploads
    assert app.query_params["image"] == image_id
    assert not app.error


def test_refused_upload_keeps_the_picture_and_says_why(service: FakeService, open_page: Open) -> None:
    image = list(service.photographs)[1]
    app = open_page("inspect", image=image)
    before = strip(app)
    app.file_uploader(key="upload").set_value(("notes.png", b"not a picture", "image/png")).run()
    assert "This file is not a PNG, JPEG or WebP picture. Choose another file." in texts(app)
    assert app.query_params["image"] == image and strip(app) == before


@pytest.mark.usefixtures("service")
def test_unknown_photograph_falls_back_to_a_sample(open_page: Open) -> None:
    app = open_page("inspect", image="../../etc/passwd")
    assert "A sample is shown instead" in texts(app)
    assert len(alts(app)) == 12


@pytest.mark.usefixtures("service")
def test_nothing_chosen_says_what_to_do(open_page: Open) -> None:
    app = open_page("inspect")
    app.multiselect(key="checkpoints").set_value([]).run()
    assert "Choose at least one checkpoint and one scale" in texts(app)


def test_service_away_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, open_page: Open) -> None:
    monkeypatch.setenv("SSENET_API_URL", "http://127.0.0.1:9")
    app = open_page("inspect")
    assert not app.exception
    assert "does not answer" in texts(app) and "make run" in texts(app)
    assert app.button(key="try_again_inspect")
