"""The Workers page, and the attempts at a job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from fake_api import FakeService
from fake_workers import work
from streamlit.testing.v1 import AppTest

from frontend import schemas as s
from frontend.components.attempts import TAKEN_OVER, attempts_of

Open = Callable[..., AppTest]
AT = datetime(2026, 1, 1, tzinfo=UTC)


def html(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def warnings(app: AppTest) -> str:
    return "\n".join(element.value for element in app.warning)


def test_each_worker_says_what_it_does_and_links_to_it(service: FakeService, open_page: Open) -> None:
    job = service.add_job("running", name="night run")
    service.workers.add("infer")
    service.workers.add("train", "busy", work(job, "train_cam", "night run", 30, 120), device="cuda:0")
    app = open_page("workers")
    assert not app.exception and not app.error
    shown = html(app)
    assert "host-2 · process 102 · cuda:0" in shown and "25 %" in shown and "30 of 120 steps" in shown
    assert "CAM training, for 1 min 3" in shown and "network loaded" in shown and "runs for 3 h" in shown
    (link,) = [one.proto for one in app.get("page_link") if one.proto.label == "night run"]
    assert link.query_string == f"job={job}"


def test_a_silent_worker_and_one_that_drains_stand_out(service: FakeService, open_page: Open) -> None:
    service.workers.add("train", "draining", heartbeat_at=(datetime.now(UTC) - timedelta(seconds=25)).isoformat())
    shown = html(open_page("workers"))
    assert "silent for 2" in shown and "gives its work back and ends" in shown


def test_maps_on_demand_are_no_job_and_have_no_link(service: FakeService, open_page: Open) -> None:
    service.workers.add("infer", "busy", work("k" * 64, "cams", "<b>fox</b>.jpg"))
    app = open_page("workers")
    assert "&lt;b&gt;fox&lt;/b&gt;.jpg" in html(app) and "maps of a photograph, for 1 min 3" in html(app)
    assert not [one for one in app.get("page_link") if "fox" in one.proto.label]


def test_what_is_missing_is_said_with_what_to_do(service: FakeService, open_page: Open) -> None:
    for i in range(12):
        service.add_job("queued", name=f"job {i}")
    service.missing = {"ready": False, "broker": "away", "workers": {"train": 0, "infer": 0}, "infer_warm": False}
    app = open_page("workers")
    said = warnings(app)
    assert "No training worker: 12 jobs wait. Start one with `ssenet-lab worker train`." in said
    assert "No CAM worker" in said and "jobs are accepted and kept" in said
    assert "No worker has given a sign of life" in app.info[0].value
    links = [one.proto.label for one in app.get("page_link") if one.proto.label.startswith("job ")]
    assert links == [f"job {i}" for i in range(10)], "first come, first served, ten of them"
    assert "The first 10 of 12" in "\n".join(one.value for one in app.caption)


@pytest.mark.usefixtures("service")
def test_a_service_that_is_whole_says_so(open_page: Open) -> None:
    app = open_page("workers")
    assert not app.warning and "No job waits." in [one.value for one in app.caption]
    assert "works" in html(app)


def event(seconds: int, **data: object) -> s.Event:
    return s.Event(seq=seconds + 1, type="state", data=data, at=AT + timedelta(seconds=seconds))


def test_attempts_tell_who_tried_and_why_each_ended() -> None:
    events = [
        event(0, state="queued"),
        event(1, state="running", attempt=1, worker="train@one"),
        s.Event(seq=9, type="metrics", data={"step": 1}, at=AT),
        event(5, state="queued", reason="the worker shuts down"),
        event(6, state="running", attempt=1, worker="train@two"),
        event(9, state="running", attempt=2, worker="train@three"),
        event(12, state="queued", reason="crashed", message="out of memory"),
        event(13, state="running", attempt=3, worker="train@one"),
        event(20, state="failed", kind="crash", message="out of memory again"),
    ]
    found = attempts_of(events)
    assert [(one.fence, one.worker) for one in found] == [
        (1, "train@one"), (2, "train@two"), (3, "train@three"), (4, "train@one"),
    ]  # fmt: skip
    assert [one.end for one in found] == [
        "the worker shuts down", TAKEN_OVER, "crashed: out of memory", "failed: out of memory again",
    ]  # fmt: skip
    assert attempts_of(events[:2])[0].ended is None


def test_a_job_shows_its_attempts(service: FakeService, open_page: Open) -> None:
    job = service.add_job("running", attempts=2)
    service.add_event(job, "state", state="running", attempt=1, worker="train@one")
    service.add_event(job, "state", state="running", attempt=2, worker="train@two")
    shown = html(open_page("jobs", job=job))
    assert "Attempts at the job" in shown and "train@one" in shown and TAKEN_OVER in shown and "at work" in shown
