"""The parts of the pages without Streamlit: the client, the form's fields, the words."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import httpx
import pytest
from fake_api import FakeService

from frontend.client import Client, Pending, Problem, ServiceUnreachable, api_url
from frontend.components import words
from frontend.components.protocol import protocol_html
from frontend.components.settings_form import field_specs, problems_of
from ssenet.config import CamTrainSettings


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
