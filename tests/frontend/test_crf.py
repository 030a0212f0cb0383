"""The CRF page: frames, numbers, choices, the address, and what it says when it cannot."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import fake_crf
import numpy as np
import pytest
from fake_api import FakeService
from streamlit.testing.v1 import AppTest

from frontend.components import crf_film
from frontend.components.scrubber import Film, Panel, pack
from ssenet.refine.scrub import ScrubSettings
from ssenet.refine.scrub_figures import agreement_figure, area_figure, change_figure
from ssenet.refine.scrub_report import report

Open = Callable[..., AppTest]


def blob(app: AppTest) -> tuple[dict[str, Any], np.ndarray]:
    """Header and label maps of the scrubber on the page."""
    raw = next(
        element.proto.bytes
        for element in app.get("bidi_component")
        if element.proto.component_name == "ssenet_scrubber"
    )
    return unpacked(raw)


def unpacked(raw: bytes) -> tuple[dict[str, Any], np.ndarray]:
    """What ``pack`` packed."""
    length = int.from_bytes(raw[:4], "little")
    header = json.loads(raw[4 : 4 + length])
    maps = np.frombuffer(zlib.decompress(raw[4 + length + header["photograph"] :]), np.uint8)
    return header, maps.reshape(-1, *header["size"])


def page_text(app: AppTest) -> str:
    """Everything the page says."""
    blocks = [x.value for kind in (app.markdown, app.caption, app.info, app.warning, app.error) for x in kind]
    return " ".join([*blocks, *(block.proto.body for block in app.get("html"))])


def test_a_fresh_page_shows_a_sample_with_a_mask_and_all_frames(service: FakeService, open_page: Open) -> None:
    app = open_page("crf")
    assert not app.exception and not app.error
    header, maps = blob(app)
    assert [panel["title"] for panel in header["panels"]] == [
        "Photograph", "Strong background", "Weak background", "AffinityNet labels", "Ground truth",
    ]  # fmt: skip
    assert maps.shape == (1 + 3 * 11 + 1, 75, 100) and header["iteration"] == 10
    assert np.array_equal(maps[11], fake_crf.frames(ScrubSettings(), True).labels["low"][10])
    assert app.query_params["image"] in (*service.samples.opened, list(service.samples.opened))
    text = page_text(app)
    assert "mIoU, strong background" in text and "measured against ground truth" in text
    assert "dense CRF (psa): 10 iterations" in text and "After 10 iterations the CRF has relabelled" in text


def test_settings_reach_the_service_and_the_address_restores_them(service: FakeService, open_page: Open) -> None:
    image = next(iter(service.photographs))
    app = open_page(
        "crf", image=image, crf_preset="irn", background="constant α", alpha="0.35", scales=["1"], flip="true",
        classes=["fish"], iteration="3", checkpoint="demo-baseline",
    )  # fmt: skip
    assert not app.exception and not app.error
    asked = service.crf.asked[-1]
    assert {k: asked[k] for k in ("preset", "alpha", "scales", "flip", "classes", "iterations")} == {
        "preset": ["irn"], "alpha": ["0.35"], "scales": ["1.0"], "flip": ["true"], "classes": ["fish"],
        "iterations": ["10"],
    }  # fmt: skip
    assert "labels" not in asked and "power_low" not in asked
    assert service.asked["GET /checkpoints/demo-baseline/crf"] == 2  # numbers and frames, once each
    header, _ = blob(app)
    assert header["iteration"] == 3 and [p["title"] for p in header["panels"]] == ["Photograph", "Constant background"]
    assert "no ground truth" not in page_text(app) and "After 3 iterations" in page_text(app)


def test_stepping_asks_for_nothing(service: FakeService, open_page: Open) -> None:
    app = open_page("crf")
    before, content = dict(service.asked), blob(app)[0]["content"]
    app.query_params["iteration"] = "4"
    app.run()
    header, _ = blob(app)
    assert (header["iteration"], header["content"]) == (4, content)
    assert {k: v for k, v in service.asked.items() if "crf" in k} == {k: v for k, v in before.items() if "crf" in k}


def test_maps_that_take_long_are_waited_for(service: FakeService, open_page: Open) -> None:
    service.crf.pending = 3
    app = open_page("crf")
    assert "The maps are being computed" in page_text(app)
    app.run()
    assert blob(app)[0]["iterations"] == 10


def test_a_network_that_recognises_nothing_says_so(service: FakeService, open_page: Open) -> None:
    service.crf.outside = True
    assert "recognises none of its classes" in page_text(open_page("crf"))


@pytest.mark.parametrize("known_before", [True, False])
def test_without_the_library_the_page_says_what_to_do(
    service: FakeService, open_page: Open, known_before: bool
) -> None:
    reason = "The dense CRF needs the library pydensecrf2. Install g++ and run 'make env'."
    if known_before:
        service.pipelines.crf = {"available": False, "reason": reason}
    else:  # it was taken away since the page asked
        service.crf.unavailable = reason
    app = open_page("crf")
    assert "make env" in page_text(app) and "Everything else works without it" in page_text(app)
    assert not app.exception and not app.error


def test_powers_in_the_wrong_order_are_exchanged_and_it_is_said(service: FakeService, open_page: Open) -> None:
    app = open_page("crf", power_low="30", power_high="6")
    assert "exchanged" in page_text(app)
    assert (service.crf.asked[-1]["power_low"], service.crf.asked[-1]["power_high"]) == (["6.0"], ["30.0"])


@pytest.mark.usefixtures("service")
def test_no_scale_says_what_to_do(open_page: Open) -> None:
    app = open_page("crf")
    app.button_group(key="scales").set_value([]).run()
    assert "Choose at least one scale" in page_text(app)


@pytest.mark.usefixtures("service")
def test_an_address_with_nonsense_still_shows_something(open_page: Open) -> None:
    app = open_page("crf", iteration="-7", crf_preset="best", power_low="x")
    assert not app.exception and blob(app)[0]["iteration"] == 10


# Parts -------------------------------------------------------------------------------------------------------------
def test_an_unchanged_film_has_the_same_content_whatever_the_iteration() -> None:
    film = Film(b"photo", [Panel("a", "", np.ones((2, 3, 4), np.uint8), ("x", "y"))], ("bird",), 1)
    one, other = (unpacked(pack(film, n, "r"))[0] for n in (0, 1))
    assert one["content"] == other["content"] and one["legend"] == [["bird", "rgb(128,0,0)"]]
    changed = Film(b"photo", [Panel("a", "", np.zeros((2, 3, 4), np.uint8), ("x", "y"))], ("bird",), 1)
    assert unpacked(pack(changed, 0, "r"))[0]["content"] != one["content"]


@pytest.mark.parametrize("alpha", [None, 0.2])
@pytest.mark.parametrize("truth", [True, False])
def test_figures_and_words_fit_what_is_known(alpha: float | None, truth: bool) -> None:
    settings = ScrubSettings(alpha=alpha, iterations=4)
    said = report(fake_crf.frames(settings, truth), ("bird",), settings)
    lines = 1 if alpha is not None else 3
    assert len(agreement_figure(said, 2).data) == (lines if truth else 0)
    assert len(area_figure(said).data) == len(change_figure(said, 1).data) == lines
    assert len(change_figure(said).data[0].x) == 4
    tiles = crf_film.headline(said, 4)
    assert len(tiles) == lines and all("→" in value for _, value, _ in tiles)
    assert crf_film.in_words(said, 0).startswith("Before the CRF")
    low = said.variants[0]
    if truth:
        assert low.miou is not None and f"{100 * low.miou[4]:.1f} %" in tiles[0][1]
        assert f"mIoU {100 * low.miou[2]:.1f} %" in crf_film.readouts(low)[2]


def test_the_export_holds_frames_numbers_and_the_line_that_makes_them_again() -> None:
    from fake_api import card

    from frontend.components.crf_bundle import Refined, bundle
    from frontend.schemas import Checkpoint, Image
    from ssenet.bundle import pack_bundle
    from ssenet.data.images import encode_png
    from ssenet.refine.scrub import pack_frames, unpack_frames

    settings = ScrubSettings(iterations=2)
    made = fake_crf.frames(settings, True)
    checkpoint = Checkpoint(id="demo-ssenet", name="d", card=card("d", "ssenet"))
    from frontend.components.protocol import view_protocol

    image = Image(id="i", width=100, height=75)
    how = view_protocol(image, [checkpoint], scales=(1.0,), flip=False, label_source="predicted")
    said = report(made, card("d", "ssenet").classes, settings)
    refined = Refined(checkpoint, made, pack_frames(made), said, (0.5, 1.0), False, how)
    photograph = encode_png(np.zeros((75, 100, 3), np.uint8))
    packed = bundle(refined, 1, lambda: photograph, "http://x/crf?iteration=1")
    with zipfile.ZipFile(io.BytesIO(pack_bundle(packed))) as archive:
        names = archive.namelist()
        again = unpack_frames(archive.read("frames.npz"))
    assert {"photograph.png", "truth.png", "low-01.png", "affinity-01.png", "steps.csv", "strip-01.png"} <= set(names)
    assert np.array_equal(again.labels["high"], made.labels["high"])
    assert packed.commands == (
        "ssenet crf-steps demo-ssenet photograph.png --scales 0.5,1 --no-flip --class bird --crf psa --power-low 4 "
        "--power-high 24 --iterations 2 --mask truth.png --out again",
    )
