"""The parts of the pages without Streamlit: the client, the strip, the form's fields, the words."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import httpx
import numpy as np
import pytest
from fake_api import FakeService
from PIL import Image

from frontend.client import Client, Pending, Problem, ServiceUnreachable, api_url
from frontend.components import strip, words
from frontend.components.cams import HIGHEST, Gathered, offered, ranked, subject
from frontend.components.protocol import protocol_html
from frontend.components.settings_form import field_specs, problems_of
from frontend.schemas import Checkpoint
from ssenet.config import CamTrainSettings
from ssenet.render import normalise
from ssenet.results import View


def subject_of(*values: float) -> strip.Subject:
    """A row of one class whose map is constant at each scale 1, 2, …"""
    coarse = {View(scale=i + 1): np.full((1, 2, 3), value, np.float32) for i, value in enumerate(values)}
    return strip.Subject("net", "baseline", "bird", 0, coarse)


PHOTOGRAPH = np.zeros((40, 60, 3), np.uint8)


def test_strip_has_a_picture_for_every_scale_and_their_sum() -> None:
    drawn = strip.build(PHOTOGRAPH, [subject_of(1.0, 2.0)], [1.0, 2.0], strip.Look())
    assert drawn.columns == ("1", "2", "MS") and drawn.complete
    assert all(p is not None and p.shape == PHOTOGRAPH.shape for p in drawn.rows[0].pictures.values())
    assert drawn.rows[0].consistency == pytest.approx(1.0, abs=1e-4)


def test_missing_scale_leaves_a_gap_and_no_multi_scale() -> None:
    drawn = strip.build(PHOTOGRAPH, [subject_of(1.0)], [1.0, 2.0], strip.Look())
    assert [column for column, picture in drawn.rows[0].pictures.items() if picture is None] == ["2", "MS"]
    assert not drawn.complete and drawn.rows[0].consistency is None
    assert strip.to_html(drawn, "a bird").count("computing…") == 2


def test_shared_normalisation_keeps_the_order_of_maps_and_eq3_does_not() -> None:
    def brightness(look: strip.Look) -> list[float]:
        pictures = strip.build(PHOTOGRAPH, [subject_of(1.0, 4.0)], [1.0, 2.0], look).rows[0].pictures.values()
        return [float(p.mean()) for p in pictures if p is not None]

    low, high, both = brightness(strip.Look(alpha=1.0, normalisation="shared"))
    assert low < both < high
    assert len({round(x, 3) for x in brightness(strip.Look(alpha=1.0))}) == 1


def test_strip_picture_is_the_renderer_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def overlay(image: np.ndarray, score: np.ndarray, **_: object) -> np.ndarray:
        seen.append(score)
        return image

    monkeypatch.setattr(strip, "overlay", overlay)
    ramp = np.linspace(-1, 3, 24, dtype=np.float32).reshape(1, 4, 6)
    strip.build(PHOTOGRAPH, [strip.Subject("n", "", "bird", 0, {View(scale=1): ramp})], [1.0], strip.Look())
    expected = normalise(strip.aggregate({View(scale=1): ramp}, (40, 60), [0]))[0]
    np.testing.assert_allclose(seen[0], expected, atol=1e-6)


def test_png_holds_all_pictures_with_their_labels() -> None:
    drawn = strip.build(PHOTOGRAPH, [subject_of(1.0, 2.0)] * 2, [1.0, 2.0], strip.Look())
    with Image.open(io.BytesIO(strip.to_png(drawn, "class bird"))) as sheet:
        assert sheet.format == "PNG" and sheet.width > 4 * 60 and sheet.height > 2 * 40


def test_npz_gives_back_the_raw_logits() -> None:
    with np.load(io.BytesIO(strip.to_npz([subject_of(1.0, 2.0)])), allow_pickle=False) as arrays:
        assert arrays.files == ["net/s1", "net/s2"]
        assert arrays["net/s2"].dtype == np.float16 and float(arrays["net/s2"].max()) == 2.0


def test_names_in_the_strip_are_escaped() -> None:
    evil = strip.Subject("<b>x</b>", "baseline", '"><script>', 0, subject_of(1.0).coarse)
    html = strip.to_html(strip.build(PHOTOGRAPH, [evil], [1.0], strip.Look()), "<i>")
    assert "<b>x</b>" not in html and "<script>" not in html and "<i>" not in html


def gathered(fake: FakeService, name: str, **logits: float) -> Gathered:
    """Constant logits by class; all others are far below."""
    card = fake.checkpoints[name]
    maps = np.full((len(card.classes), 2, 2), -9, np.float32)
    for key, value in logits.items():
        maps[card.classes.index(key)] = value
    return Gathered(Checkpoint(id=name, name=name, card=card), {View(scale=1): maps})


def test_classes_offered_by_label_source(fake: FakeService) -> None:
    found = [gathered(fake, "demo-baseline", bird=2, fish=-1), gathered(fake, "demo-ssenet", fish=3)]
    assert [name for name, _ in ranked(found)][:2] == ["fish", "bird"]
    assert offered(found, "predicted", []) == ["fish", "bird"]
    assert offered(found, "given", ["bird"]) == ["bird"]
    assert len(offered(found, "all", [])) == 10


def test_rows_show_one_class_and_say_so_when_a_network_does_not_know_it(fake: FakeService) -> None:
    one = gathered(fake, "demo-baseline", bird=2)
    assert subject(one, HIGHEST, {"fish": 0.9, "bird": 0.8}).class_name == "fish"
    other = subject(one, "tabby", {"tabby": 0.9})
    assert other.class_name == "bird" and "does not know “tabby”" in other.note


def test_form_fields_come_from_the_schema() -> None:
    specs = {spec.name: spec for spec in field_specs(CamTrainSettings.model_json_schema())}
    assert list(specs) == list(CamTrainSettings.model_fields)
    assert specs["train_images"].optional and specs["train_images"].label == "Train images"
    assert specs["stride"].options == (8, 16) and specs["eta"].label == "η"
    assert "> 0" in specs["lr"].help and specs["crop"].multiple_of == 8


def test_problems_carry_the_name_of_their_field() -> None:
    base = CamTrainSettings().model_dump()
    assert problems_of(CamTrainSettings, base) == {}
    assert "multiple of 8" in problems_of(CamTrainSettings, base | {"crop": 250})["crop"]
    assert "scale_min" in problems_of(CamTrainSettings, base | {"scale_min": 500})[""]


def test_protocol_names_what_differs(fake: FakeService) -> None:
    from fake_api import record

    cards = [(name, record(name).protocol) for name in fake.evaluated]
    html = protocol_html(cards, "Fig. 4")
    assert "Weights, demo-baseline" in html and "Weights, demo-ssenet" in html and html.count("<dt>Split</dt>") == 1
    fair = cards[0][1].model_copy(update={"label_source": "predicted", "alpha_rule": "fixed 0.2"})
    assert "no ground truth used" in protocol_html([("a", fair)], "x")


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (45.2, "45 s"), (60, "1 min"), (65, "1 min 5 s"), (7800, "2 h 10 min")]
)
def test_durations(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


def test_problem_of_the_service_keeps_its_words(service: FakeService) -> None:
    service.refuse_job = {"pointer": "/settings/lr", "message": "Too large."}
    with pytest.raises(Problem, match="One setting cannot be used") as caught:
        Client(api_url()).submit("train_cam", {}, None, "key")
    assert caught.value.status == 422 and caught.value.errors[0].field == "lr"


def test_maps_that_are_not_ready_are_pending(service: FakeService) -> None:
    service.pending_polls = 1
    image = next(iter(service.photographs))
    with pytest.raises(Pending):
        Client(api_url()).cam("demo-ssenet", image, 1.0, False)
    assert Client(api_url()).cam("demo-ssenet", image, 1.0, False).startswith(b"PK")


def test_id_out_of_the_address_stays_one_part_of_the_path(service: FakeService) -> None:
    with pytest.raises(Problem):
        Client(api_url()).image("../readyz")
    assert "GET /readyz" not in service.asked


def test_service_that_is_away_is_named() -> None:
    with pytest.raises(ServiceUnreachable, match=r"http://127\.0\.0\.1:9 does not answer"):
        Client("http://127.0.0.1:9").readiness()


def test_all_events_are_fetched_however_many_pages_they_are(service: FakeService) -> None:
    job = service.add_job("running")
    for step in range(50):
        service.add_event(job, "metrics", step=step)
    service.events_a_page = 2
    assert [event.seq for event in Client(api_url()).events(job)] == list(range(1, 51))
    assert [event.seq for event in Client(api_url()).events(job, after=48)] == [49, 50]


@pytest.mark.parametrize("broken", [{"unknown": 1}, "text", None])
def test_listings_that_make_no_sense_are_said_to(service: FakeService, broken: Any) -> None:
    job = service.add_job("running")
    service.jobs["broken"] = broken
    service.events[job].append({"seq": 1})
    with pytest.raises(ServiceUnreachable, match="do not understand"):
        Client(api_url()).jobs()
    with pytest.raises(ServiceUnreachable, match="do not understand"):
        Client(api_url()).events(job)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"items": 3}'])
def test_answers_that_are_no_listing_are_said_to_be_none(body: bytes) -> None:
    client = Client("http://service.test")
    client._http = httpx.Client(
        base_url="http://service.test", transport=httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    )
    with pytest.raises(ServiceUnreachable, match=r"service\.test answered something"):
        client.datasets()


def test_pages_load_no_torch_and_no_database() -> None:
    code = (
        "import sys, pkgutil, importlib, frontend.client, frontend.session, frontend.components as c\n"
        "[importlib.import_module('frontend.components.' + m.name) for m in pkgutil.iter_modules(c.__path__)]\n"
        "assert not {'torch', 'torchvision', 'sqlalchemy', 'celery', 'backend', 'worker'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True)
