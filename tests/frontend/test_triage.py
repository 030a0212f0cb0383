"""The Triage page against a stand-in service."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fake_api import FakeService
from fake_rankings import IMAGES
from rankings import protocol
from streamlit.testing.v1 import AppTest

from frontend.client import Client, Pending, api_url
from frontend.components.triage_bundle import bundle, line
from frontend.components.triage_large import inspect_query
from frontend.components.triage_shown import Shown
from ssenet.analysis.ranking import Choice
from ssenet.bundle import pack_bundle

Open = Callable[..., AppTest]


def html(app: AppTest) -> str:
    return " ".join(block.proto.body for block in app.get("html"))


def cards(app: AppTest) -> list[str]:
    """Ids of the photographs in the gallery, in order, with their places."""
    return [button.label for button in app.button if str(button.key).startswith("look_")]


def param(app: AppTest, name: str) -> str:
    """One parameter of the address."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def shown(ranking_id: str, **choice: Any) -> Shown:
    client = Client(api_url())
    names = ("demo-baseline", "demo-ssenet")
    made = client.ranking(ranking_id)
    checkpoints = tuple(client.checkpoint(name) for name in names[: 2 if made.other_id else 1])
    return Shown(made, Choice.model_validate(choice), names[: len(checkpoints)], checkpoints)


def test_without_a_ranking_one_button_measures(service: FakeService, open_page: Open) -> None:
    app = open_page("triage")
    assert not app.exception and not app.error
    assert "has not been measured with demo-baseline and demo-ssenet yet" in app.info[0].value
    assert app.button(key="measure").label == "Measure 120 photographs"
    assert any("About 1 min 5 s" in caption.value for caption in app.caption)
    app.button(key="measure").click().run()
    [sent] = service.submitted
    assert sent["kind"] == "triage" and sent["settings"]["labels"] == "predicted"
    assert (sent["settings"]["checkpoint"], sent["settings"]["other"]) == ("demo-baseline", "demo-ssenet")
    assert sent["settings"]["images"] is None and sent["settings"]["scales"] == [0.5, 1.0, 1.5, 2.0]
    [job] = service.jobs
    assert param(app, "job") == job and any("waiting for a worker" in str(p.proto) for p in app.get("progress"))


def test_what_is_measured_follows_the_controls(service: FakeService, open_page: Open) -> None:
    app = open_page(
        "triage", b="none", split="train", triage_labels="given (ground truth)", triage_images="7", triage_alpha="0.3"
    )
    assert app.button(key="measure").label == "Measure 7 photographs"
    app.button(key="measure").click().run()
    settings = service.submitted[0]["settings"]
    assert (settings["other"], settings["split"], settings["labels"]) == (None, "train", "given")
    assert (settings["images"], settings["alpha"]) == (7, 0.3)


@pytest.mark.usefixtures("service")
def test_settings_that_contradict_each_other_are_said_before(open_page: Open) -> None:
    app = open_page("triage", triage_scales="1")
    assert any("two different scales" in warning.value for warning in app.warning)
    assert not [button for button in app.button if button.key == "measure"]


def test_a_refused_job_says_why(service: FakeService, open_page: Open) -> None:
    service.refuse_job = {"pointer": "/settings/split", "message": "It has no such split."}
    app = open_page("triage")
    app.button(key="measure").click().run()
    assert any("It has no such split." in error.value for error in app.error)


def test_a_job_is_watched_and_gives_way_to_its_ranking(service: FakeService, open_page: Open) -> None:
    job = service.add_job("running", kind="triage", progress={"done": 3, "total": 24, "unit": "images", "message": ""})
    app = open_page("triage", job=job)
    assert not app.exception and not app.error and not cards(app)
    assert any("3 of 24 images" in str(p.proto) for p in app.get("progress"))
    made = service.rankings.add()
    service.jobs[job] |= {"state": "succeeded", "result": {"checkpoints": [], "ranking": made}}
    app.run()
    assert len(cards(app)) == 12 and param(app, "ranking") == made and "job" not in app.query_params


def test_a_failed_job_can_be_retried(service: FakeService, open_page: Open) -> None:
    job = service.add_job("failed", kind="triage", error={"message": "The photographs are gone.", "kind": "settings"})
    app = open_page("triage", job=job)
    assert any("The photographs are gone." in error.value for error in app.error)
    app.button(key=f"retry_{job}").click().run()
    assert param(app, "job") != job


def test_the_strangest_photographs_come_first(service: FakeService, open_page: Open) -> None:
    made = service.rankings.add()
    app = open_page("triage")
    assert not app.exception and not app.error
    assert app.header[0].value == f"The 10 most inconsistent of {IMAGES + 2} photographs"
    assert cards(app) == [f"{i + 1} · val_{29 - i:05d}" for i in range(12)]
    said = " ".join(caption.value for caption in app.caption)
    assert "29 photographs are ranked" in said and "2 have no class that is predicted" in said
    assert "In 1 classes of photographs Scale inconsistency of A is undefined" in said
    assert "no ground truth used" in html(app) and "128 pixels" in said
    assert html(app).count("all scales</figcaption>") == 24 and "computing…" not in html(app)
    asked = service.asked[f"GET /rankings/{made}/rows"]
    app.run()
    assert service.asked[f"GET /rankings/{made}/rows"] == asked, "rankings never change"


def test_pages_are_turned(service: FakeService, open_page: Open) -> None:
    service.rankings.add()
    app = open_page("triage")
    assert app.button(key="previous_page").disabled
    app.button(key="next_page").click().run()
    assert cards(app)[0] == "13 · val_00017" and param(app, "rank_page") == "2"
    app = open_page("triage", rank_page="3")
    assert cards(app)[-1] == "29 · val_00000" and app.button(key="next_page").disabled
    assert cards(open_page("triage", rank_page="99")) == cards(app)


@pytest.mark.parametrize(
    ("address", "first", "red"),
    [
        ({"rank_by": "Disagreement of A and B"}, "1 · val_00000", False),
        ({"rank_by": "IoU of A (uses masks)"}, "1 · val_00029", True),
        ({"rank_order": "lowest first"}, "1 · val_00000", False),
        ({"rank_class": "bird"}, "1 · val_00028", False),
        ({"rank_size": "small"}, "1 · val_00009", True),
        ({"range_inconsistency": ["0.0", "0.5"]}, "1 · val_00020", False),
    ],
)
def test_everything_is_in_the_address(
    service: FakeService, open_page: Open, address: dict[str, Any], first: str, red: bool
) -> None:
    service.rankings.add()
    app = open_page("triage", **address)
    assert not app.exception and not app.error
    assert cards(app)[0] == first
    assert app.selectbox(key="a").value == "demo-baseline" and app.selectbox(key="b").value == "demo-ssenet"
    assert "α is chosen on the scored images" not in html(app)
    assert ("uses the ground truth of the scored images" in html(app)) == red


def test_given_labels_are_ground_truth(service: FakeService, open_page: Open) -> None:

    service.rankings.add(protocol=protocol(label_source="given", images=32))
    app = open_page("triage")
    assert "uses the ground truth of the scored images" in html(app) and "given (ground truth)" in html(app)


def test_filters_that_let_nothing_pass_say_what_to_do(service: FakeService, open_page: Open) -> None:
    service.rankings.add()
    app = open_page("triage", rank_class="fish")
    assert any("No photograph passes these filters" in info.value for info in app.info) and not cards(app)
    assert not app.exception and not app.error


def test_another_filter_starts_at_the_first_photograph(service: FakeService, open_page: Open) -> None:
    service.rankings.add()
    app = open_page("triage", place="7")
    app.selectbox(key="rank_by").set_value("disagreement").run()
    assert "place" not in app.query_params and cards(app)[0] == "1 · val_00000"


def test_one_photograph_large_with_every_scale(service: FakeService, open_page: Open) -> None:
    service.rankings.add()
    app = open_page("triage")
    app.button(key="look_2").click().run()
    assert param(app, "place") == "2" and any("**2 of 29**" in m.value for m in app.markdown)
    assert "The object covers 57.0 % of the photograph." in html(app)
    for letter in ("demo-baseline", "demo-ssenet"):
        for view in ("scale 0.5", "scale 1", "multi-scale"):
            assert re.search(rf'alt="{letter}: bird in val_00028, {view}"', html(app)), (letter, view)
    assert 'alt="Ground truth of bird in val_00028"' in html(app)
    app.button(key="large_next").click().run()
    assert param(app, "place") == "3"
    app.button(key="large_previous").click().run()
    app.button(key="large_previous").click().run()
    assert param(app, "place") == "1" and app.button(key="large_previous").disabled
    app.button(key="large_close").click().run()
    assert "place" not in app.query_params and not [b for b in app.button if b.key == "large_close"]
    assert cards(open_page("triage", place="14"))[0] == "13 · val_00017", "on the page where it stands"


def test_maps_that_are_not_there_yet_are_waited_for(service: FakeService, open_page: Open) -> None:
    service.rankings.add()
    service.pending_polls = 2
    app = open_page("triage")
    assert html(app).count("computing…") > 0 and not app.error
    for _ in range(3):
        app.run()
    assert "computing…" not in html(app)


def test_inspect_opens_with_the_same_photograph_class_networks_and_alpha(service: FakeService) -> None:
    one = shown(service.rankings.add())
    row = Client(api_url()).ranked_rows("rank-0", one.choice, 1, 0).items[0]
    query = inspect_query(one, row)
    assert query["class"] == row.class_name and query["checkpoints"] == ["demo-baseline", "demo-ssenet"]
    assert query["alpha"] == "0.2" and service.samples.opened[str(query["image"])] == ("val", 29)


def test_one_network_without_masks(service: FakeService, open_page: Open) -> None:
    service.rankings.add(pair=False, masks=False, size_limits=None)
    app = open_page("triage", b="none", place="1")
    assert not app.exception and not app.error and len(cards(app)) == 12
    assert list(app.selectbox(key="rank_by").options) == ["Scale inconsistency", "Class score", "Area above α"]
    assert not [box for box in app.selectbox if box.key == "rank_size"] and "IoU" not in html(app)


def test_the_newest_ranking_comes_first_and_others_can_be_chosen(service: FakeService, open_page: Open) -> None:
    old = service.rankings.add(alpha=0.1)
    service.rankings.add()
    app = open_page("triage")
    box = next(box for box in app.selectbox if str(box.key).startswith("ranking_"))
    assert len(box.options) == 2 and box.value == "rank-1"
    box.set_value(old).run()
    assert param(app, "ranking") == old
    assert any("at α = 0.1" in caption.value for caption in app.caption)
    app = open_page("triage", ranking=old)
    assert any("at α = 0.1" in caption.value for caption in app.caption)
    assert "There is no ranking gone" in open_page("triage", ranking="gone").warning[0].value


def test_a_link_of_another_page_chooses_the_networks(service: FakeService, open_page: Open) -> None:
    service.rankings.add(pair=False)
    app = open_page("triage", checkpoints=["demo-baseline"])
    assert app.selectbox(key="b").value == "none" and len(cards(app)) == 12


def test_the_bundle_has_the_ranking_and_the_line_that_makes_it_again(service: FakeService) -> None:
    client = Client(api_url())
    one = shown(service.rankings.add(), sort="iou", size="small", low=0.25)
    found, table = client.ranked_rows("rank-0", one.choice, 12, 0), client.ranking_csv("rank-0", one.choice)
    made = bundle(one, found, table, "http://x/triage")
    assert made.commands == (line(one),) and line(one) == (
        "ssenet triage demo-baseline --other demo-ssenet --dataset demo --split val --images 32 --scales 0.5,1 "
        "--no-flip --labels predicted --relu-order fast --alpha 0.2 --by iou --size small --min 0.25 --out again"
    )
    assert made.protocol["a"]["uses_ground_truth"] is True and set(made.protocol) == {"a", "b"}
    lines = list(csv.DictReader(io.StringIO(table.decode())))
    assert len(lines) == found.total and {"ranking.csv", "summary.json", "distribution.html"} == set(made.files)
    assert pack_bundle(made) == pack_bundle(made)


def test_too_many_requests_are_waited_for() -> None:
    client = Client("http://x")
    busy = httpx.MockTransport(lambda _: httpx.Response(503, json={"title": "Busy", "detail": "Too many wait."}))
    client._http = httpx.Client(base_url="http://x", transport=busy)
    with pytest.raises(Pending):
        client.all_views("demo-ssenet", "0" * 32, (0.5,), False)


def test_the_address_names_the_ranking_that_is_shown(service: FakeService, open_page: Open) -> None:
    both, one = service.rankings.add(), service.rankings.add(pair=False)
    app = open_page("triage", ranking=one)
    app.selectbox(key="b").set_value("demo-ssenet").run()
    assert param(app, "ranking") == both and len(cards(app)) == 12
    app.selectbox(key="b").set_value("none").run()
    assert param(app, "ranking") == one and app.selectbox(key="b").value == "none"


def test_other_networks_can_be_chosen_right_after_another_ranking(service: FakeService, open_page: Open) -> None:
    older, _ = service.rankings.add(), service.rankings.add()
    app = open_page("triage")
    ranking = next(box for box in app.selectbox if box.label == "Ranking")
    ranking.set_value(older).run()
    assert param(app, "ranking") == older
    app.selectbox(key="b").set_value("none").run()
    assert app.selectbox(key="b").value == "none" and not cards(app)


def test_controls_go_on_saying_what_is_shown(service: FakeService, open_page: Open) -> None:
    service.rankings.add()
    app = open_page("triage")
    before = [(box.proto.id, box.proto.default) for box in app.selectbox if box.key in ("a", "b", "dataset", "split")]
    app.button(key="next_page").click().run()
    app.selectbox(key="rank_by").set_value("disagreement").run()
    after = [(box.proto.id, box.proto.default) for box in app.selectbox if box.key in ("a", "b", "dataset", "split")]
    assert after == before and len(before) == 4, "a default that moves is another one in the browser"


def test_a_data_set_that_has_changed_since_is_said(service: FakeService, open_page: Open) -> None:
    service.rankings.add()
    assert not open_page("triage").warning
    service.rankings.add(protocol=protocol(images=IMAGES + 2, dataset_fingerprint="0" * 64))
    assert "holds other photographs or masks now" in open_page("triage").warning[0].value
