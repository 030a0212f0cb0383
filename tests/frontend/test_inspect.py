"""The Inspect page: what reaches the canvas, what it costs, coverage, α, uploads, samples, the address."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from fake_api import CLASSES, FakeService, card, photograph
from fake_samples import LABEL, mask
from streamlit.testing.v1 import AppTest

from frontend.canvas import Canvas, unpack
from ssenet.analysis.coverage import balance, coverage, score_maps

Open = Callable[..., AppTest]
CAMS = ("GET /checkpoints/demo-baseline/cams", "GET /checkpoints/demo-ssenet/cams")


def component(app: AppTest, name: str) -> list[object]:
    """Protocol messages of the components of that name."""
    return [e.proto for e in app.get("bidi_component") if e.proto.component_name == name]


def blob(app: AppTest) -> bytes:
    """What the canvas is sent."""
    (proto,) = component(app, "ssenet_cam_canvas")
    return bytes(proto.bytes)  # type: ignore[attr-defined]


def canvas(app: AppTest) -> Canvas:
    """The same, unpacked."""
    return unpack(blob(app))


def view(app: AppTest) -> dict[str, object]:
    """How the canvas is told to show it."""
    data = blob(app)
    return json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])["view"]  # type: ignore[no-any-return]


def texts(app: AppTest) -> str:
    """Everything the page says in its messages."""
    return " ".join(x.value for x in [*app.error, *app.warning, *app.info])


def answer(app: AppTest) -> str:
    """The sentence above the canvas."""
    return next(block.proto.body for block in app.get("html") if 'class="sl-answer"' in block.proto.body)


def sample(service: FakeService, index: int = 29) -> str:
    """A photograph that was opened from the data set."""
    return service.samples.open("val", index)


@pytest.mark.usefixtures("service")
def test_first_load_sends_both_networks_at_four_scales(open_page: Open) -> None:
    app = open_page("inspect")
    assert not app.exception and not app.error
    shown = canvas(app)
    assert [(one.key, one.title) for one in shown.layers] == [(n, n) for n in ("demo-baseline", "demo-ssenet")]
    for one in shown.layers:
        assert [maps.scale for maps in one.maps] == [0.5, 1, 1.5, 2]
        assert one.classes == CLASSES and max(zip(one.scores, one.classes, strict=True))[1] == "bird"
    assert shown.size == (300, 400) and shown.mask is None and shown.photograph.startswith(b"RIFF")
    assert "Coverage needs a mask" in answer(app)


def test_looks_cost_no_request(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect", image=sample(service))
    before = sum(service.asked[path] for path in CAMS)
    app.button(key="alpha_valley_0").click().run()
    assert view(app)["alpha"] != 0.2 and app.query_params["alpha"] == f"{view(app)['alpha']:g}"
    assert sum(service.asked[path] for path in CAMS) == before


def test_another_scale_asks_only_for_that_scale(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect")
    before = sum(service.asked[path] for path in CAMS)
    app.button_group(key="scales").set_value([0.25, 0.5, 1.0, 1.5, 2.0]).run()
    assert canvas(app).scales == (0.25, 0.5, 1.0, 1.5, 2.0)
    assert sum(service.asked[path] for path in CAMS) == before + 2


def test_maps_arrive_as_they_are_computed(service: FakeService, open_page: Open) -> None:
    service.pending_polls = 2
    app = open_page("inspect", image=sample(service))
    assert [len(one.maps) for one in canvas(app).layers] == [0, 0]
    assert "being computed" in answer(app)
    app.run()
    assert [len(one.maps) for one in canvas(app).layers] == [4, 4]
    assert "over-cover" in answer(app)


@pytest.mark.usefixtures("service")
def test_old_addresses_still_say_how_to_look(open_page: Open) -> None:
    app = open_page(
        "inspect",
        alpha="0.35",
        opacity="0.3",
        colours="viridis",
        normalisation="shared",
        labels="all",
        **{"class": "fish"},
    )
    told = view(app)
    assert (told["alpha"], told["opacity"], told["colours"]) == (0.35, 0.3, "viridis")
    assert (told["normalisation"], told["class"]) == ("shared", "fish")
    assert any("class fish · labels: all · α = 0.350" in caption.value for caption in app.caption)
    assert any("power 2.44" in block.proto.body for block in app.get("html"))


def test_address_restores_photograph_checkpoints_and_scales(service: FakeService, open_page: Open) -> None:
    image = list(service.photographs)[2]
    app = open_page("inspect", image=image, checkpoints=["demo-ssenet"], scales=["1"], flip="true")
    (one,) = canvas(app).layers
    assert one.key == "demo-ssenet" and {(v.scale, v.flip) for v in one.maps} == {(1.0, False), (1.0, True)}
    assert canvas(app).flip and app.query_params["image"] == image


def test_given_labels_leave_only_known_classes(service: FakeService, open_page: Open) -> None:
    service.winner = CLASSES.index("fish")
    app = open_page("inspect", labels="given")
    assert [one.classes for one in canvas(app).layers] == [("bird",), ("bird",)]


def test_unrecognised_photograph_is_said_to_be_outside(service: FakeService, open_page: Open) -> None:
    service.winner = 3
    app = open_page("inspect", checkpoints=["demo-baseline"], scales=["1.5", "2"])
    assert "Nothing in this photograph is among the classes of demo-baseline" in texts(app)


@pytest.mark.usefixtures("service")
def test_alpha_and_class_are_those_of_the_other_pages(open_page: Open) -> None:
    app = open_page("inspect", alpha="0.35", **{"class": "fish"})
    assert (app.session_state["alpha"], app.session_state["class"]) == (0.35, "fish")
    app.switch_page("views/alpha_lab.py").run()
    assert app.slider(key="alpha").value == pytest.approx(0.35)


@pytest.mark.usefixtures("service")
def test_what_another_page_left_is_taken_over_and_said_in_the_address(open_page: Open) -> None:
    app = open_page("tables")
    app.session_state["alpha"], app.session_state["class"] = 0.45, "all classes"
    app.switch_page("views/inspect.py").run()
    assert (view(app)["alpha"], view(app)["class"]) == (0.45, "highest score")
    assert app.query_params["alpha"] == "0.45"


# Coverage -----------------------------------------------------------------------------------------
def test_answer_is_the_balance_scale_of_what_the_canvas_got(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect", image=sample(service))
    shown = canvas(app)
    assert shown.mask is not None and np.array_equal(shown.mask, mask()) and shown.mask_classes == CLASSES
    ends = []
    for one in shown.layers:
        logits = {key: maps.astype(np.float32) for key, maps in one.maps.items()}
        scores = score_maps(logits, shown.size, 0, shown.scales)
        counts = {scale: coverage(scores[f"{scale:g}"], mask(), LABEL, 0.2) for scale in shown.scales}
        ends.append(balance(counts).scale)
        said = "over-covers the bird at no scale" if ends[-1] is None else f"at scale <b>{ends[-1]:g}</b> (FP/TP "
        assert f"<b>{one.title}</b>" in answer(app) and said in answer(app)
        assert ends[-1] is None or f"{counts[ends[-1]].over:.2f})" in answer(app)
    assert ends[0] != ends[1]
    assert "measured against its ground truth" in answer(app)


def test_answer_follows_alpha(service: FakeService, open_page: Open) -> None:
    image = sample(service)
    assert answer(open_page("inspect", image=image)) != answer(open_page("inspect", image=image, alpha="0.6"))


def test_numbers_say_that_they_are_of_eq3_where_the_canvas_is_not(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect", image=sample(service), normalisation="shared")
    (protocol,) = [b.proto.body for b in app.get("html") if 'aria-label="Protocol of' in b.proto.body]
    assert "one maximum for all maps" in protocol and "coverage of the object, of maps normalised by Eq. 3" in protocol
    assert "α = 0.2 on maps normalised by Eq. 3, this photograph" in answer(app)
    usual = open_page("inspect", image=sample(service))
    assert "Eq. 3" not in answer(usual)


def test_class_that_the_mask_does_not_show_is_said(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect", image=sample(service), **{"class": "fish"})
    assert "The mask shows bird, and the maps are those of fish" in answer(app)


def test_mask_of_other_pixels_does_not_count(service: FakeService, open_page: Open) -> None:
    service.samples.changed = True
    app = open_page("inspect", image=sample(service))
    assert canvas(app).mask is None and "Coverage needs a mask" in answer(app)


def test_question_leads_to_the_comparison_of_what_is_seen(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect", image=sample(service), alpha="0.3")
    (link,) = [e.proto for e in app.get("page_link") if "difference" in e.proto.label]
    assert link.page == "compare"
    for part in ("checkpoints=demo-baseline", "checkpoints=demo-ssenet", "alpha=0.3", "class=bird", "rows="):
        assert part in link.query_string


def test_comparison_of_one_of_two_networks_of_one_name_is_of_that_one(service: FakeService, open_page: Open) -> None:
    for key in ("a" * 32, "b" * 32):
        service.checkpoints[key] = card("my-run", "ssenet")
    app = open_page("inspect", image=sample(service), checkpoints=["demo-baseline", "my-run (bbbbbbbb)"])
    (link,) = [e.proto for e in app.get("page_link") if "difference" in e.proto.label]
    assert "checkpoints=my-run+%28bbbbbbbb%29" in link.query_string


@pytest.mark.usefixtures("service")
def test_a_link_to_a_network_that_is_gone_says_so(open_page: Open) -> None:
    app = open_page("inspect", checkpoints=["deleted-run", "demo-ssenet"])
    assert "deleted-run: not among the checkpoints here" in texts(app)
    assert "not among" not in texts(open_page("inspect", checkpoints=["demo-ssenet"]))


def test_oracle_sets_alpha_and_the_protocol_says_so(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect", image=sample(service))
    app.button(key="alpha_oracle_1").click().run()
    (protocol,) = [b.proto.body for b in app.get("html") if 'aria-label="Protocol of' in b.proto.body]
    assert "best on this photograph" in protocol and "sl-badge red" in protocol
    app.button(key="alpha_paper").click().run()
    (protocol,) = [b.proto.body for b in app.get("html") if 'aria-label="Protocol of' in b.proto.body]
    assert "fixed 0.200" in protocol and "sl-badge red" not in protocol


# Photographs --------------------------------------------------------------------------------------
def test_a_known_photograph_is_opened_only_when_it_is_chosen(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect")
    assert not [path for path in service.asked if path.endswith("/open")]
    pickers = [json.loads(proto.json) for proto in component(app, "ssenet_photo_picker")]  # type: ignore[attr-defined]
    known = [photo["id"] for picker in pickers if picker["caption"] for photo in picker["photos"]]
    assert known[:2] == ["demo/val/29", "demo/val/40"]


def test_upload_becomes_the_current_photograph(service: FakeService, open_page: Open) -> None:
    app = open_page("inspect")
    app.file_uploader(key="upload").set_value(("cat.png", photograph(5), "image/png")).run()
    (image_id,) = service.uploads
    assert app.query_params["image"] == image_id
    assert not app.error


def test_refused_upload_keeps_the_picture_and_says_why(service: FakeService, open_page: Open) -> None:
    image = list(service.photographs)[1]
    app = open_page("inspect", image=image)
    before = canvas(app).photograph
    app.file_uploader(key="upload").set_value(("notes.png", b"not a picture", "image/png")).run()
    assert "This file is not a PNG, JPEG or WebP picture. Choose another file." in texts(app)
    assert app.query_params["image"] == image and canvas(app).photograph == before


@pytest.mark.usefixtures("service")
def test_unknown_photograph_falls_back_to_a_sample(open_page: Open) -> None:
    app = open_page("inspect", image="../../etc/passwd")
    assert "A sample is shown instead" in texts(app)
    assert len(canvas(app).layers) == 2


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
