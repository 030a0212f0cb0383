"""The aggregation lab under Streamlit's test runner."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

from fake_aggregation import TOTAL, counts_of
from fake_api import FakeService
from streamlit.testing.v1 import AppTest

from frontend import schemas as s
from frontend.components.aggregation_export import bundle
from ssenet.analysis.aggregation import Aggregation
from ssenet.bundle import pack_bundle
from ssenet.config import CamInferSettings

Open = Callable[..., AppTest]
SCALES = (0.5, 1.0, 1.5)


def add_set(service: FakeService) -> str:
    """A set of CAMs of 30 photographs."""
    set_id = service.pipelines.add_set("infer_cam")
    made = service.pipelines.sets[set_id]
    settings = CamInferSettings(checkpoint="demo-ssenet", scales=SCALES, flip=True, split="train")
    made["lineage"][-1]["settings"] = settings.model_dump(mode="json")
    made |= {"images": TOTAL, "image_ids": [f"photo-{i}" for i in range(TOTAL)]}
    return set_id


def words(app: AppTest) -> str:
    return " ".join(str(block.value) for block in [*app.markdown, *app.info, *app.caption, *app.error])


def pages_html(app: AppTest) -> str:
    return " ".join(block.proto.body for block in app.get("html"))


def counts_asked(service: FakeService) -> list[dict[str, object]]:
    return [one for one in service.aggregations if "first" in one]


def test_both_ways_are_counted_drawn_and_compared(service: FakeService, open_page: Open) -> None:
    set_id = add_set(service)
    app = open_page("aggregation", b_combine="max")
    assert not app.exception and not app.error
    assert "B is -16.0 points against A" in words(app) and "first 24 of 30" in words(app)
    (chart,) = app.get("plotly_chart")
    figure = json.loads(chart.proto.spec)
    assert [t["name"] for t in figure["data"] if t.get("showlegend", True)] == ["A", "B"]
    assert figure["layout"]["xaxis"]["title"]["text"] == "background threshold α"
    assert "uses the ground truth of the scored images" in pages_html(app) and "Ground truth" in pages_html(app)
    ways = {(one["combine"], one["relu"]) for one in counts_asked(service)}
    assert ways == {("mean", "fast"), ("max", "official")}
    assert {one["set"] for one in service.aggregations} == {set_id}


def test_parts_are_asked_for_once(service: FakeService, open_page: Open) -> None:
    add_set(service)
    app = open_page("aggregation")
    first = len(counts_asked(service))
    assert first == 4  # two ways, 24 photographs, twelve a request
    app.slider(key="alpha").set_value(0.4).run()
    assert len(counts_asked(service)) == first
    app.button_group(key="scored_images").set_value(TOTAL).run()
    again = counts_asked(service)[first:]
    assert [(one["first"], one["images"]) for one in again] == [(24, 6), (24, 6)]


def test_the_relu_after_combining_leaves_one_place_for_eq_3(service: FakeService, open_page: Open) -> None:
    add_set(service)
    app = open_page("aggregation", a_normalise="each")
    assert app.selectbox(key="a_normalise").value == "each"
    app.selectbox(key="a_relu").set_value("after").run()
    assert not app.exception and app.selectbox(key="a_normalise").value == "after"


def test_without_a_scale_the_page_says_what_to_do(service: FakeService, open_page: Open) -> None:
    add_set(service)
    app = open_page("aggregation")
    app.button_group(key="a_scales").set_value([]).run()
    assert "Choose at least one scale" in words(app) and not app.exception


def test_without_a_set_one_can_be_computed(service: FakeService, open_page: Open) -> None:
    app = open_page("aggregation")
    assert "There is no set of CAMs yet" in words(app) and "about 1 min 5 s" in words(app)
    app.button(key="compute").click().run()
    (body,) = service.submitted
    assert body["kind"] == "infer_cam" and body["settings"]["flip"] is True
    job = app.query_params["job"]
    service.jobs[job[0] if isinstance(job, list) else job] |= {
        "state": "succeeded",
        "result": {"set": add_set(service)},
    }
    app.run()
    assert not app.exception and app.selectbox(key="set").value in service.pipelines.sets


def test_photographs_turn_and_the_address_names_them(service: FakeService, open_page: Open) -> None:
    add_set(service)
    app = open_page("aggregation", item="3")
    assert "Photograph 3" in words(app) and "photo-2" in words(app)
    app.button(key="item_Right").click().run()
    assert "photo-3" in words(app)
    assert {one["index"] for one in service.aggregations if "index" in one} == {2, 3}


def test_the_export_holds_both_ways_and_their_lines(service: FakeService) -> None:
    made = s.ImageSet.model_validate(service.pipelines.sets[add_set(service)])
    ways = [("A", Aggregation(scales=SCALES)), ("B", Aggregation(scales=(1.0,), flip=False, combine="max"))]
    exported = bundle(made, ways, [counts_of(how, 0, 24) for _, how in ways], "http://x/aggregation", 0.2)
    with zipfile.ZipFile(io.BytesIO(pack_bundle(exported))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert {"a.csv", "b.csv", "curves.html"} <= {entry["name"] for entry in manifest["files"]}
    assert manifest["commands"][0].startswith("ssenet cam demo-ssenet --dataset demo --split train")
    assert "--labels given" in manifest["commands"][0]
    made.lineage[-1].settings["labels"] = "all"
    line = bundle(made, [], [], "http://x/aggregation", 0.2).commands[0]
    assert "--labels all" in line
    assert "--combine max" in manifest["commands"][2] and "--no-flip" in manifest["commands"][2]
