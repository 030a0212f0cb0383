"""The α lab: Figs. 4 and 5, the table, the protocol, missing evaluations."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fake_api import FakeService, card, histogram
from streamlit.testing.v1 import AppTest

from frontend.client import Client, api_url
from frontend.components import scored
from ssenet.config import EvaluateSettings
from ssenet.curves import curve

Open = Callable[..., AppTest]


def figures(app: AppTest) -> list[dict[str, Any]]:
    """The plotly figures of the page."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def html(app: AppTest) -> list[str]:
    """The HTML blocks of the page."""
    return [block.proto.body for block in app.get("html")]


@pytest.mark.usefixtures("service")
def test_both_demo_networks_are_drawn_at_once(open_page: Open) -> None:
    app = open_page("alpha_lab")
    assert not app.exception and not app.error
    fig4, fig5 = figures(app)
    names = [trace["name"] for trace in fig4["data"] if trace.get("showlegend", True)]
    assert names == [f"{c} {row}" for c in ("demo-baseline", "demo-ssenet") for row in ("0.5", "1", "1.5", "2", "MS")]
    assert {trace["name"] for trace in fig5["data"]} == {"demo-baseline", "demo-ssenet"}
    assert len(fig5["data"][0]["x"]) == 8


@pytest.mark.usefixtures("service")
def test_protocol_stands_under_every_figure_and_tells_on_ground_truth(open_page: Open) -> None:
    cards = [block for block in html(open_page("alpha_lab")) if 'aria-label="Protocol of' in block]
    assert len(cards) == 3
    for text in ("demo", "val", "120", "best on the scored images", "given (ground truth)", "fast"):
        assert text in cards[0]
    assert "uses the ground truth of the scored images" in cards[0]


@pytest.mark.usefixtures("service")
def test_table_follows_alpha(open_page: Open) -> None:
    app = open_page("alpha_lab")
    table = next(block for block in html(app) if "sl-table" in block)
    assert '<td class="">0.90</td>' in table and table.count("<tr>") == 11
    app.slider(key="alpha").set_value(1.0).run()
    table = next(block for block in html(app) if "sl-table" in block)
    assert table.count("undefined</td>") == 20 and table.count(">10</td>") == 10


def test_checkpoint_without_evaluation_can_be_evaluated(service: FakeService, open_page: Open) -> None:
    service.checkpoints["ck-new"] = card("my-run", "ssenet")
    app = open_page("alpha_lab", checkpoints=["demo-baseline", "my-run"])
    assert any("my-run has not been evaluated" in info.value for info in app.info)
    app.button(key="evaluate_ck-new").click().run()
    (sent,) = service.submitted
    assert sent["kind"] == "evaluate"
    assert sent["settings"]["checkpoint"] == "ck-new" and sent["settings"]["dataset"] == "demo"
    assert EvaluateSettings(**sent["settings"]).model_dump() == EvaluateSettings(checkpoint="ck-new").model_dump()
    assert app.query_params["job"] == "job-0000"


def test_evaluating_now_takes_the_scales_of_what_it_shall_stand_beside(service: FakeService, open_page: Open) -> None:
    service.checkpoints["ck-new"] = card("my-run", "ssenet")
    service.protocols["demo-baseline"] = {"scales": (0.5, 1.0), "multi_scale": (0.5, 1.0, 2.0), "flip": True}
    del service.evaluated["demo-ssenet"]
    app = open_page("alpha_lab", checkpoints=["demo-baseline", "my-run"])
    app.button(key="evaluate_ck-new").click().run()
    sent = EvaluateSettings(**service.submitted[0]["settings"])
    assert (sent.scales, sent.multi_scale, sent.flip) == ((0.5, 1.0), (0.5, 1.0, 2.0), True)


@pytest.mark.parametrize("change", [{"multi_scale": (1.0, 2.0)}, {"dataset_fingerprint": "e" * 64}])
def test_other_scales_or_other_data_are_another_ground(
    service: FakeService, open_page: Open, change: dict[str, Any]
) -> None:
    service.protocols["demo-ssenet"] = change
    app = open_page("alpha_lab", checkpoints=["demo-baseline", "demo-ssenet"])
    assert len(app.selectbox(key="scored_on").options) == 2
    assert any("has not been evaluated" in info.value for info in app.info)


def test_smaller_evaluation_restricts_all_curves_to_the_common_images(service: FakeService, open_page: Open) -> None:
    service.checkpoints["ck-new"] = card("my-run", "ssenet")
    service.evaluated["ck-new"], service.scored_images["ck-new"] = "ev-new", 24
    app = open_page("alpha_lab", checkpoints=["demo-baseline", "my-run"], rows=["1"])
    assert not app.exception and not app.error
    assert any("my-run was scored on 24 of 120 images" in info.value for info in app.info)
    cards = [block for block in html(app) if 'aria-label="Protocol of' in block]
    assert all("<dt>Images</dt><dd>24</dd>" in block for block in cards)
    expected = curve(histogram(3, 120).take(np.arange(24)))
    best, miou = expected.best()
    table = next(block for block in html(app) if "sl-table" in block)
    assert f'>{best:.3f}</td><td class="">{100 * miou:.1f}</td>' in table
    app.button(key="evaluate_ck-new").click().run()
    assert service.submitted[0]["settings"]["checkpoint"] == "ck-new"


def test_common_images_keep_their_order(service: FakeService) -> None:
    client = Client(api_url())
    service.scored_images["demo-ssenet"] = 3
    assert scored.common_images(client.evaluations()) == ("val-0000", "val-0001", "val-0002")


def test_classifier_is_said_to_have_no_curves(service: FakeService, open_page: Open) -> None:
    service.checkpoints["imagenet"] = card("imagenet-lite0", "classifier")
    app = open_page("alpha_lab", checkpoints=["imagenet-lite0"])
    assert any("no curves" in info.value for info in app.info)
    assert not figures(app)


@pytest.mark.usefixtures("service")
def test_nothing_chosen_says_what_to_do(open_page: Open) -> None:
    app = open_page("alpha_lab")
    app.multiselect(key="checkpoints").set_value([]).run()
    assert any("Choose at least one checkpoint" in info.value for info in app.info)


def test_without_any_evaluation_each_network_can_be_evaluated(service: FakeService, open_page: Open) -> None:
    service.evaluated.clear()
    app = open_page("alpha_lab")
    assert not app.exception and not app.error and not app.selectbox
    app.button(key="evaluate_demo-ssenet").click().run()
    assert service.submitted[0]["settings"] == {"checkpoint": "demo-ssenet", "dataset": "demo"}
