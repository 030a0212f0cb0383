"""The Pipeline page: one click from the form, the stages live, pictures, resume, a stage alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from fake_api import FakeService
from streamlit.testing.v1 import AppTest

from ssenet.config import STAGES, CrfSettings, PipelineSettings, pipeline_preset

Open = Callable[..., AppTest]
QUICK = pipeline_preset("quick", checkpoint="demo-ssenet")
CRF = [f"CRF, power {alpha:g}" for alpha in (QUICK.crf.alpha_low, QUICK.crf.alpha_high)]
BEFORE_CRF = {"infer_cam": "succeeded", "evaluate": "succeeded"}


def texts(app: AppTest) -> str:
    """Everything the page says in its messages."""
    return " ".join(x.value for x in [*app.error, *app.warning, *app.info, *app.caption, *app.success])


def html(app: AppTest) -> str:
    """All HTML of the page."""
    return " ".join(block.proto.body for block in app.get("html"))


def pictures(app: AppTest) -> list[str]:
    """Titles of the pictures, in order."""
    return re.findall(r"<figcaption><b>([^<]*)</b>", html(app))


def rail(app: AppTest) -> dict[str, dict[str, str]]:
    """What the rail shows, by stage."""
    for block in app.get("bidi_component"):
        data = json.loads(block.proto.json or "{}")
        if "items" in data:
            return {item["id"]: item for item in data["items"]}
    raise AssertionError("there is no rail")


# The form --------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("service")
def test_form_offers_presets_with_times_and_starts_from_the_demo_network(open_page: Open) -> None:
    app = open_page("pipeline")
    assert not app.exception and not app.error
    labels = [app.button(key=f"preset_{name}").label for name in ("quick", "demo", "paper")]
    assert labels == ["Quick chosen", "Choose demo", "Choose paper"]
    assert "About 2 min 40 s on this machine" in texts(app)
    assert app.selectbox(key="start_from").value == "demo-ssenet"
    assert [b.label for b in app.button if b.proto.type == "primary"] == ["Start pipeline"]


def test_one_click_runs_the_whole_of_it(service: FakeService, open_page: Open) -> None:
    app = open_page("pipeline")
    app.button(key="start").click().run()
    (sent,) = service.pipelines.submitted
    assert PipelineSettings.model_validate(sent["settings"]) == QUICK
    assert sent["key"] and app.query_params["pipeline"] == "pipe-0000"
    assert rail(app)["infer_cam"]["state"] == "queued" and rail(app)["crf"]["state"] == "waiting"


def test_training_one_first_and_settings_of_any_stage_reach_the_service(service: FakeService, open_page: Open) -> None:
    app = open_page("pipeline")
    app.button_group(key="quick.start").set_value("Train one").run()
    app.button_group(key="pipeline_method").set_value("Baseline").run()
    app.number_input(key="quick.walk.beta").set_value(4.0).run()
    app.number_input(key="quick.data.images").set_value(8).run()
    app.text_input(key="quick.test.scales").set_value("0.75, 1").run()
    app.button(key="start").click().run()
    sent = PipelineSettings.model_validate(service.pipelines.submitted[0]["settings"])
    assert sent.checkpoint is None and sent.train is not None and sent.train.method == "baseline"
    assert (sent.walk.beta, sent.images, sent.test.scales) == (4.0, 8, (0.75, 1.0))


@pytest.mark.usefixtures("service")
def test_every_setting_of_every_stage_has_a_field(open_page: Open) -> None:
    app = open_page("pipeline")
    fields = [*app.number_input, *app.selectbox, *app.toggle, *app.text_input]
    keys = {field.key for field in fields if field.key and field.key.startswith("quick.")}
    settings = QUICK.model_dump()
    parts = {name: inner if isinstance(inner, dict) else None for name, inner in settings.items()}
    flat = {name for name, inner in parts.items() if inner is None} - {"dataset", "checkpoint", "train"}
    expected = {f"quick.{part}.{name}" for part, inner in parts.items() for name in inner or ()}
    assert keys == expected | {f"quick.data.{name}" for name in flat}


def test_contradiction_is_named_with_its_stage_and_nothing_is_sent(service: FakeService, open_page: Open) -> None:
    app = open_page("pipeline")
    app.number_input(key="quick.crf.alpha_low").set_value(50.0).run()
    assert "Dense CRF: alpha_low must not exceed alpha_high" in texts(app)
    assert app.button(key="start").disabled and not service.pipelines.submitted


@pytest.mark.usefixtures("service")
def test_scales_that_are_no_numbers_are_said_to_be_none(open_page: Open) -> None:
    app = open_page("pipeline")
    app.text_input(key="quick.cams.scales").set_value("0.5, big").run()
    assert "CAMs: Scales" in texts(app) and app.button(key="start").disabled


def test_refusal_stands_at_its_field(service: FakeService, open_page: Open) -> None:
    service.pipelines.refuse = {"pointer": "/settings/walk/radius", "message": "Too far for this network."}
    app = open_page("pipeline")
    app.button(key="start").click().run()
    assert texts(app).count("Too far for this network.") == 1 and "It cannot run." in texts(app)
    app.run()
    assert "Too far for this network." in [error.value for error in app.expander[0].error]
    assert "pipeline" not in app.query_params


def test_without_the_crf_library_every_crf_is_off_with_the_reason(service: FakeService, open_page: Open) -> None:
    service.pipelines.crf = {"available": False, "reason": "g++ is missing."}
    app = open_page("pipeline", preset="paper")
    assert "g++ is missing." in texts(app)
    assert app.selectbox(key="paper.crf.crf").options == ["off"]
    app.button(key="start").click().run()
    sent = PipelineSettings.model_validate(service.pipelines.submitted[0]["settings"])
    assert {sent.crf.crf, sent.labels.crf, sent.test.crf} == {"off"}


def test_list_shows_state_and_figures_and_opens_a_pipeline(service: FakeService, open_page: Open) -> None:
    done, failed = service.pipelines.finished(), service.pipelines.add(**BEFORE_CRF, crf="failed")
    app = open_page("pipeline")
    shown = [x.value for x in app.markdown]
    assert "33.1 → 46.5 → 51.5" in shown and "33.1 → – → –" in shown
    assert "failed</span> Dense CRF" in html(app)
    app.button(key=f"show_{done}").click().run()
    assert app.query_params["pipeline"] == done != failed


# A pipeline ------------------------------------------------------------------------------------------
def test_running_pipeline_shows_each_stage_and_follows_the_running_one(service: FakeService, open_page: Open) -> None:
    pipeline = service.pipelines.add(**BEFORE_CRF, crf="running")
    service.pipelines.pipelines[pipeline]["stages"][0]["reused"] = True
    app = open_page("pipeline", pipeline=pipeline)
    assert not app.exception and not app.error
    items = rail(app)
    assert items["infer_cam"]["note"] == "reused" and items["crf"]["note"] == "50 %"
    assert items["random_walk"]["state"] == "waiting" and len(items) == 8
    assert app.subheader[0].value == "Dense CRF"
    (bar,) = app.get("progress")
    assert bar.proto.value == 50 and "3 of 6 images" in bar.proto.text


def test_cancel_asks_first(service: FakeService, open_page: Open) -> None:
    pipeline = service.pipelines.add(**BEFORE_CRF, crf="running")
    app = open_page("pipeline", pipeline=pipeline)
    assert service.pipelines.pipelines[pipeline]["state"] == "running"
    app.button(key="cancel_pipeline").click().run()
    assert service.pipelines.pipelines[pipeline]["state"] == "cancelled"
    assert app.button(key="resume_pipeline").label == "Resume at Dense CRF"


def test_failure_names_the_stage_and_its_message_and_resumes_there(service: FakeService, open_page: Open) -> None:
    pipeline = service.pipelines.add(**BEFORE_CRF, crf="succeeded", train_affinity="failed")
    app = open_page("pipeline", pipeline=pipeline)
    assert "AffinityNet failed. The photographs could not be read." in texts(app)
    assert app.button(key="resume_pipeline").label == "Resume at AffinityNet"
    app.button(key="resume_pipeline").click().run()
    assert rail(app)["train_affinity"]["state"] == "running" and "failed" not in texts(app)


def test_figures_at_the_top_with_their_protocols(service: FakeService, open_page: Open) -> None:
    app = open_page("pipeline", pipeline=service.pipelines.finished())
    figures = re.findall(
        r"<b>([^<]*) %</b><span>([^<]*)</span>", html(app).split("sl-headline")[1].split("Protocol")[0]
    )
    assert figures == [
        ("33.1", "demo / val, 120 images"),
        ("46.5", "demo / train, 6 images"),
        ("51.5", "demo / val, 6 images"),
    ]
    assert html(app).count("Protocol of") == 4, "one for each figure and one for the score of the shown stage"
    assert "fixed 0.2" in html(app)


@pytest.mark.parametrize(
    ("stage", "titles"),
    [
        ("infer_cam", ["Photograph", "CAM: bird", "Labels, α = 0.2", "Ground truth"]),
        (
            "crf",
            [
                *("Photograph", "CAM: bird", f"{CRF[0]}: bird", f"{CRF[1]}: bird"),
                *("Ground truth", "CAM, α = 0.2", *CRF),
            ],
        ),
        (
            "random_walk",
            [
                *("Photograph", "CAM: bird", "After the random walk: bird"),
                *("Ground truth", "CAM, α = 0.2", "Walked labels"),
            ],
        ),
        ("pseudo_labels", ["Photograph", "Random walk", "Pseudo-labels", "Ground truth"]),
        (
            "evaluate_segmentation",
            ["photo-0", "photo-1", "photo-2", "photo-3", *["Ground truth"] * 4, *["Prediction"] * 4],
        ),
    ],
)
def test_stage_shows_before_and_after(service: FakeService, open_page: Open, stage: str, titles: list[str]) -> None:
    app = open_page("pipeline", pipeline=service.pipelines.finished(), stage=stage)
    assert not app.exception and not app.error
    assert pictures(app) == titles
    assert html(app).count('<img src="data:image/webp') == len(titles)


def test_pictures_come_from_the_sets_before_and_after(service: FakeService, open_page: Open) -> None:
    pipeline = service.pipelines.finished()
    open_page("pipeline", pipeline=pipeline, stage="crf")
    made = {x["name"]: (x["result"] or {}).get("set") for x in service.pipelines.pipelines[pipeline]["stages"]}
    asked = [(p["set"], p["what"], p["variant"], p["class"]) for p in service.pipelines.pictures]
    cams, crf = made["infer_cam"], made["crf"]
    assert (cams, "map", "low", "bird") in asked and (crf, "map", "low", "bird") in asked
    assert (crf, "map", "high", "bird") in asked and (crf, "labels", "high", "") in asked


def test_without_masks_there_is_no_truth_no_evaluation_and_no_score(service: FakeService, open_page: Open) -> None:
    service.pipelines.masked = False
    app = open_page("pipeline", pipeline=service.pipelines.finished(), stage="pseudo_labels")
    assert "Ground truth" not in pictures(app) and "evaluate" not in rail(app)
    assert "CAM mIoU" not in html(app)


def test_another_image_and_class_are_in_the_address(service: FakeService, open_page: Open) -> None:
    app = open_page("pipeline", pipeline=service.pipelines.finished(), stage="infer_cam", image="3")
    assert {p["index"] for p in service.pipelines.pictures} == {"2"}
    app.button(key="image_next").click().run()
    assert app.query_params["image"] == "4"
    app.button_group[0].set_value("fish").run()
    assert app.query_params["class"] == "fish" and "CAM: fish" in pictures(app)
    assert {p["index"] for p in service.pipelines.pictures} == {"2", "3"}


@pytest.mark.parametrize("asked", ["7", "²", "9" * 5000])
def test_image_that_is_not_there_becomes_the_first(service: FakeService, open_page: Open, asked: str) -> None:
    app = open_page("pipeline", pipeline=service.pipelines.finished(), stage="infer_cam", image=asked)
    assert not app.exception and "could not be shown" not in texts(app)
    assert any("**Image 1** of 6" in x.value for x in app.markdown)


def test_picture_that_cannot_be_drawn_leaves_the_others(service: FakeService, open_page: Open) -> None:
    pipeline = service.pipelines.finished()
    stages = {x["name"]: x for x in service.pipelines.pipelines[pipeline]["stages"]}
    stages["crf"]["job"]["settings"]["cams"] = "deleted"
    app = open_page("pipeline", pipeline=pipeline, stage="crf")
    assert html(app).count("There is no item deleted/0.") == 2
    assert html(app).count('<img src="data:image/webp') == 6


def test_score_has_classes_protocol_and_lineage(service: FakeService, open_page: Open) -> None:
    app = open_page("pipeline", pipeline=service.pipelines.finished(), stage="pseudo_labels")
    assert '<td class="l">bird</td><td class="">42.5</td>' in html(app)
    assert "98.7 %" in html(app) and "constant 0.2" in html(app)
    (chart,) = app.get("plotly_chart")
    (bars,) = json.loads(chart.proto.spec)["data"]
    assert bars["y"][0] == "background" and len(bars["y"]) == 11
    assert "Steps that led to this result" in html(app)
    assert {b.proto.label for b in app.get("download_button")} == {"VOC folder", "IoU as CSV"}


def test_training_stage_shows_its_curves_live(service: FakeService, open_page: Open) -> None:
    pipeline = service.pipelines.add(**BEFORE_CRF, crf="succeeded", train_affinity="running")
    job = service.pipelines.pipelines[pipeline]["stages"][3]["job"]["id"]
    values = {"loss": 0.7, "bg": 0.6, "fg": 0.5, "neg": 0.4, "lr": 1e-3}
    service.add_event(job, "metrics", step=1, epoch=0.1, values=values)
    service.add_event(job, "epoch", epoch=1, step=8, values={"train_loss": 0.321, "pair_accuracy": 0.876})
    app = open_page("pipeline", pipeline=pipeline)
    (chart,) = app.get("plotly_chart")
    names = [trace["name"] for trace in json.loads(chart.proto.spec)["data"]]
    assert names == ["total", "pairs of background", "pairs of one class", "pairs that differ", "learning rate"]
    assert "0.321" in html(app) and "pairs told right" in html(app)


def test_stage_alone_is_a_job_with_its_own_inputs_and_new_settings(service: FakeService, open_page: Open) -> None:
    pipeline = service.pipelines.finished()
    stage = service.pipelines.pipelines[pipeline]["stages"][2]
    app = open_page("pipeline", pipeline=pipeline, stage="crf")
    key = f"alone.{stage['job']['id']}"
    app.number_input(key=f"{key}.crf_iterations").set_value(2).run()
    app.button(key=f"{key}.run").click().run()
    (sent,) = service.submitted
    expected = {**stage["job"]["settings"], "crf_iterations": 2}
    assert sent["kind"] == "crf" and CrfSettings.model_validate(sent["settings"]) == CrfSettings.model_validate(
        expected
    )
    assert "The job is submitted" in texts(app)


def test_stage_alone_lists_only_inputs_that_fit(service: FakeService, open_page: Open) -> None:
    pipeline = service.pipelines.finished()
    stages = {x["name"]: x for x in service.pipelines.pipelines[pipeline]["stages"]}
    app = open_page("pipeline", pipeline=pipeline, stage="random_walk")
    key = f"alone.{stages['random_walk']['job']['id']}"
    assert app.selectbox(key=f"{key}.checkpoint").value == stages["train_affinity"]["result"]["checkpoint"]
    assert len(app.selectbox(key=f"{key}.checkpoint").options) == 1, "AffinityNets only"
    assert len(app.selectbox(key=f"{key}.cams").options) == 1, "sets of CAMs only"


def test_removing_takes_it_off_the_list_and_asks_first(service: FakeService, open_page: Open) -> None:
    app = open_page("pipeline", pipeline=service.pipelines.finished())
    assert service.pipelines.pipelines
    app.button(key="forget_pipeline").click().run()
    assert not service.pipelines.pipelines and app.title[0].value == "Pipeline"


@pytest.mark.usefixtures("service")
def test_unknown_pipeline_is_said_with_a_way_back(open_page: Open) -> None:
    app = open_page("pipeline", pipeline="../readyz")
    assert "There is no pipeline" in texts(app) or "Not Found" in texts(app)
    app.button(key="all_pipelines").click().run()
    assert app.title[0].value == "Pipeline" and "pipeline" not in app.query_params


@pytest.mark.parametrize("kind", ["train_cam", "evaluate", "crf", "pseudo_labels", "train_segmentation"])
def test_job_page_shows_what_a_stage_made(service: FakeService, open_page: Open, kind: str) -> None:
    service.pipelines.add(pipeline_preset("quick"), **dict.fromkeys(STAGES, "succeeded"))
    job = next(key for key, value in service.jobs.items() if value["kind"] == kind)
    app = open_page("jobs", job=job)
    assert not app.exception and not app.error
    shown = bool(pictures(app))
    assert shown == (kind in ("crf", "pseudo_labels"))
    assert ("IoU of each class" in html(app)) == (kind == "pseudo_labels")


@pytest.mark.parametrize("page", ["inspect", "alpha_lab"])
def test_other_networks_are_no_choice_for_cams(service: FakeService, open_page: Open, page: str) -> None:
    service.pipelines.finished()
    app = open_page(page)
    assert set(app.multiselect(key="checkpoints").options) == {"demo-baseline", "demo-ssenet"}
