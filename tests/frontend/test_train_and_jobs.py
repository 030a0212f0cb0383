"""The Train and Jobs pages: presets, the generated form, refusals, the live job."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from fake_api import FakeService
from streamlit.testing.v1 import AppTest

from ssenet.config import CamTrainSettings, train_preset

Open = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    """Everything the page says in its messages."""
    return " ".join(x.value for x in [*app.error, *app.warning, *app.info, *app.caption])


def html(app: AppTest) -> str:
    """All HTML of the page."""
    return " ".join(block.proto.body for block in app.get("html"))


def add_training(service: FakeService, state: str, **changes: object) -> str:
    """A training with losses and one validated epoch."""
    job = service.add_job(state, name="my run", **changes)
    for step in range(1, 9):
        values = {"loss": 1 / step, "cls_large": 0.5 / step, "cls_small": 0.6 / step, "ser": 0.1, "lr": 3e-4}
        service.add_event(job, "metrics", step=step, epoch=step / 8, values=values)
    service.add_event(job, "epoch", epoch=1, step=8, values={"val_map": 0.412, "val_miou": 0.256, "val_alpha": 0.31})
    return job


@pytest.mark.usefixtures("service")
def test_three_presets_with_times(open_page: Open) -> None:
    app = open_page("train")
    assert not app.exception and not app.error
    assert [app.button(key=f"preset_{name}").label for name in ("quick", "demo", "paper")] == [
        "Quick chosen",
        "Choose demo",
        "Choose paper",
    ]
    assert texts(app).count("About 1 min 5 s on this machine") == 3


def test_start_submits_the_preset_and_shows_the_job(service: FakeService, open_page: Open) -> None:
    app = open_page("train")
    app.button(key="start").click().run()
    (sent,) = service.submitted
    assert sent["kind"] == "train_cam" and sent["name"] == "quick-ssenet" and sent["key"]
    assert CamTrainSettings(**sent["settings"]) == train_preset("quick", "ssenet")
    assert app.query_params["job"] == "job-0000"
    assert [x.value for x in app.header] == ["quick-ssenet"]


def test_method_and_changed_setting_reach_the_service(service: FakeService, open_page: Open) -> None:
    app = open_page("train", preset="demo")
    app.button_group(key="method").set_value("Baseline").run()
    app.number_input(key="demo.epochs").set_value(3).run()
    app.number_input(key="demo.lr").set_value(1e-3).run()
    app.button(key="start").click().run()
    expected = train_preset("demo", "baseline", epochs=3, lr=1e-3)
    assert CamTrainSettings(**service.submitted[0]["settings"]) == expected


@pytest.mark.usefixtures("service")
def test_every_setting_has_a_field_with_its_limits(open_page: Open) -> None:
    app = open_page("train")
    fields = [*app.number_input, *app.selectbox, *app.toggle, *app.text_input]
    keys = {field.key.removeprefix("quick.") for field in fields if field.key and field.key.startswith("quick.")}
    assert keys == set(CamTrainSettings.model_fields) - {"method", "dataset"}
    crop = app.number_input(key="quick.crop")
    assert crop.label == "Crop (px)" and "a multiple of 8" in crop.help and crop.min == 32


def test_contradiction_is_said_before_anything_is_sent(service: FakeService, open_page: Open) -> None:
    app = open_page("train")
    app.number_input(key="quick.scale_min").set_value(400).run()
    assert "scale_min must not exceed scale_max" in texts(app)
    assert app.button(key="start").disabled
    assert not service.submitted


@pytest.mark.usefixtures("service")
def test_problem_stands_at_its_field(open_page: Open) -> None:
    app = open_page("train")
    app.text_input(key="quick.backbone").set_value("../weights").run()
    (problem,) = app.expander[0].error
    assert "pattern" in problem.value
    assert "Backbone" in texts(app)


def test_refusal_of_the_service_is_shown_with_its_field(service: FakeService, open_page: Open) -> None:
    service.refuse_job = {"pointer": "/settings/dataset", "message": "There is no data set of that name."}
    app = open_page("train")
    app.button(key="start").click().run()
    assert "One setting cannot be used." in texts(app) and "There is no data set of that name." in texts(app)
    assert "job" not in app.query_params


def test_running_job_shows_progress_curves_and_epochs(service: FakeService, open_page: Open) -> None:
    progress = {"done": 8, "total": 16, "unit": "steps", "message": "epoch 1 of 2"}
    job = add_training(service, "running", progress=progress, eta_seconds=42)
    app = open_page("train", job=job)
    assert not app.exception and not app.error
    assert "0.412" in html(app) and "0.256" in html(app) and "0.310" in html(app)
    (chart,) = app.get("plotly_chart")
    names = [trace["name"] for trace in json.loads(chart.proto.spec)["data"]]
    assert names[0] == "total" and "SER" in names and "learning rate" in names
    (bar,) = app.get("progress")
    assert bar.proto.value == 50 and "about 42 s left" in bar.proto.text


def test_cancel_asks_first(service: FakeService, open_page: Open) -> None:
    job = add_training(service, "running")
    app = open_page("train", job=job)
    assert service.jobs[job]["state"] == "running"
    app.button(key=f"cancel_{job}").click().run()
    assert service.jobs[job]["state"] == "cancelled"
    assert "cancelled" in html(app)


def test_succeeded_training_opens_in_compare(service: FakeService, open_page: Open) -> None:
    job = add_training(service, "running")
    service.finish_training(job)
    service.evaluated["ck-new"] = "ev-ssenet-new"
    app = open_page("train", job=job)
    app.button(key="open_compare").click().run()
    assert app.title[0].value == "α lab"
    assert app.multiselect(key="checkpoints").value == ["demo-baseline", "my-run"]


def test_failed_job_says_why_and_can_be_retried(service: FakeService, open_page: Open) -> None:
    message = "The data set demo has no split called test."
    job = service.add_job("failed", kind="evaluate", error={"message": message, "kind": "DatasetError"})
    app = open_page("jobs", job=job)
    assert message in texts(app)
    app.button(key=f"retry_{job}").click().run()
    new = app.query_params["job"]
    assert new != job and service.jobs[new]["state"] == "queued" and service.jobs[new]["parent_id"] == job


def test_list_filters_by_state(service: FakeService, open_page: Open) -> None:
    running, failed = service.add_job("running", name="one"), service.add_job("failed", name="two")
    app = open_page("jobs")
    assert [app.button(key=f"show_{job}").label for job in (failed, running)] == ["two", "one"]
    app.button_group(key="states").set_value(["failed"]).run()
    assert app.button(key=f"show_{failed}").label == "two"
    with pytest.raises(KeyError):
        app.button(key=f"show_{running}")


def test_job_opens_by_its_name(service: FakeService, open_page: Open) -> None:
    service.add_job("running", name="one")
    job = service.add_job("failed", name="two", error={"message": "It broke.", "kind": "x"})
    app = open_page("jobs")
    app.button(key=f"show_{job}").click().run()
    assert app.query_params["job"] == job and "It broke." in texts(app)


def test_open_job_stands_close_below_a_short_list_that_holds_it(service: FakeService, open_page: Open) -> None:
    jobs = [service.add_job("cancelled", name=f"job {i}") for i in range(12)]
    app = open_page("jobs", job=jobs[1])
    listed = [button.label for button in app.button if str(button.key).startswith("show_")]
    assert listed == ["job 11", "job 10", "job 9", "job 8", "job 7", "job 6", "job 1"]
    assert "7 of 12 jobs are listed" in texts(app)


def test_counts_are_said_once(service: FakeService, open_page: Open) -> None:
    progress = {"done": 8, "total": 16, "unit": "images", "message": "8 of 16 images"}
    app = open_page("jobs", job=service.add_job("running", kind="crf", progress=progress))
    assert app.get("progress")[0].proto.text == "dense CRF · 8 of 16 images"


def test_name_with_markup_stays_text(service: FakeService, open_page: Open) -> None:
    job = service.add_job("failed", error={"message": "no", "kind": "x"}, settings={"name": "<img src=x onerror=1>"})
    app = open_page("jobs", job=job)
    assert "<img src=x" not in html(app) and "&lt;img src=x" in html(app)


@pytest.mark.usefixtures("service")
def test_empty_list_says_where_to_begin(open_page: Open) -> None:
    assert "No job has been submitted yet" in texts(open_page("jobs"))


@pytest.mark.usefixtures("service")
def test_unknown_job_is_said(open_page: Open) -> None:
    assert "There is no job nowhere." in texts(open_page("jobs", job="nowhere"))
