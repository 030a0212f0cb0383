"""The α lab: Figs. 4 and 5 with bands, rules, classes, images behind a point, protocols, missing evaluations."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluations import evaluated
from fake_api import FakeService, card, histogram
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from frontend import schemas as s
from frontend.client import Client, api_url
from frontend.components import scored
from frontend.components.alpha_data import Lab
from frontend.components.alpha_export import Exported
from ssenet.analysis.alpha import Draws
from ssenet.analysis.alpha_report import View, report
from ssenet.analysis.per_image import image_counts, image_rows, ranked
from ssenet.cli import app as cli
from ssenet.config import EvaluateSettings
from ssenet.curves import curve
from ssenet.histograms import save_histograms

Open = Callable[..., AppTest]


def figures(app: AppTest) -> list[dict[str, Any]]:
    """The plotly figures of the page."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def html(app: AppTest) -> list[str]:
    """The HTML blocks of the page."""
    return [block.proto.body for block in app.get("html")]


def table(app: AppTest, caption: str) -> list[list[str]]:
    """Cells of the table of that name."""
    found = next(block for block in html(app) if f'aria-label="{caption}"' in block)
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t", row) for row in found.split("<tr>")[1:]]


def lines(figure: dict[str, Any]) -> list[str]:
    """Names in the legend."""
    return [trace["name"] for trace in figure["data"] if trace.get("showlegend", True)]


PICTURES = '<div class="sl-pictures"'
NUMBERS = "Figures of every checkpoint and scale"


@pytest.mark.usefixtures("service")
def test_both_demo_networks_are_drawn_at_once(open_page: Open) -> None:
    app = open_page("alpha_lab")
    assert not app.exception and not app.error
    fig4, fig5, classes = figures(app)
    assert lines(fig4) == [
        f"{c} {row}" for c in ("demo-baseline", "demo-ssenet") for row in ("0.5", "1", "1.5", "2", "MS")
    ]
    assert {trace["name"] for trace in fig5["data"]} == {"demo-baseline", "demo-ssenet"}
    assert len(fig5["data"][0]["x"]) == 8
    assert lines(classes) == [
        f"demo-{c} {name}" for name in ("bird", "hoofed", "predator") for c in ("baseline", "ssenet")
    ]
    tiles = next(block for block in html(app) if "sl-tiles" in block)
    best, miou = curve(histogram(8, 120)).best()
    assert f"{100 * miou:.1f} %" in tiles and f"α* {best:.3f}" in tiles and "plateau" in tiles


@pytest.mark.usefixtures("service")
def test_protocol_stands_under_every_figure_and_tells_on_ground_truth(open_page: Open) -> None:
    cards = [block for block in html(open_page("alpha_lab")) if 'aria-label="Protocol of' in block]
    assert len(cards) == 5
    for text in ("demo", "val", "120", "best on the scored images", "given (ground truth)", "fast"):
        assert text in cards[0]
    assert all("uses the ground truth of the scored images" in block for block in cards)


@pytest.mark.usefixtures("service")
def test_the_table_has_intervals_and_follows_alpha(open_page: Open) -> None:
    app = open_page("alpha_lab")
    header, *rows = table(app, NUMBERS)
    assert header[:3] == ["checkpoint", "row", "α*"] and len(rows) == 10
    assert re.fullmatch(r"\d+\.\d \[\d+\.\d, \d+\.\d\]", rows[0][3])
    app.slider(key="alpha").set_value(1.0).run()
    _, *rows = table(app, NUMBERS)
    assert all(row[6:] == ["undefined", "undefined", "10"] for row in rows)
    assert "undefined, left out and drawn hollow" in " ".join(caption.value.lower() for caption in app.caption)


@pytest.mark.usefixtures("service")
def test_one_class_is_drilled_down_to(open_page: Open) -> None:
    app = open_page("alpha_lab", **{"class": "fish", "rows": ["1"]})
    fig4, fig5, _ = figures(app)
    assert fig4["layout"]["yaxis"]["title"]["text"] == "IoU of fish (%)"
    assert fig5["layout"]["yaxis"]["title"]["text"] == "FN / TP of fish"
    _, row, _ = table(app, NUMBERS)
    slow = curve(histogram(3, 120))
    assert row[3].startswith(f"{100 * slow.iou[:, 5].max():.1f} [")


@pytest.mark.usefixtures("service")
def test_bounded_ratios_and_each_scale_at_its_own_best(open_page: Open) -> None:
    app = open_page("alpha_lab", ratios="bounded", at="each scale's own α*")
    fig5 = figures(app)[1]
    assert fig5["layout"]["yaxis"]["title"]["text"] == "mean FN / (TP + FN)"
    assert fig5["layout"]["yaxis"]["range"] == [0, 1]
    alphas = {point[2] for point in fig5["data"][0]["customdata"]}
    assert alphas == {round(curve(histogram(i, 120)).best()[0], 6) for i in range(8)}
    assert table(app, NUMBERS)[0][6:8] == ["mean FN/(TP+FN)", "mean FP/(TP+FP)"]


@pytest.mark.usefixtures("service")
def test_rules_are_shown_beside_the_oracle_with_its_badge(open_page: Open) -> None:
    app = open_page("alpha_lab", rows=["MS"])
    header, row, _ = table(app, "α and mIoU of every rule")
    slow = curve(histogram(8, 120))
    best, miou = slow.best()
    assert header[2:] == ["fixed 0.2", "valley", "agreement of scales", "oracle α*"]
    assert row[2] == f"{100 * slow.at(0.2)['miou']:.1f} %" and row[4] == f"α 0.100: {100 * slow.at(0.1)['miou']:.1f} %"  # type: ignore[operator]
    assert row[5] == f"α {best:.3f}: {100 * miou:.1f} %"
    badges = next(block for block in html(app) if "oracle α*" in block and "experimental" in block)
    assert "uses the ground truth of the scored images" in badges


# Images behind a point -----------------------------------------------------------------------------
@pytest.mark.usefixtures("service")
def test_images_behind_a_point_are_the_worst_ones_with_their_numbers(open_page: Open) -> None:
    app = open_page("alpha_lab", images="true", of="demo-ssenet", row="0.5", alpha="0.3")
    assert not app.exception and not app.error
    rows = image_rows(image_counts(histogram(1, 120), 0.3))
    order = ranked(rows, "worst")
    shown = [block for block in html(app) if block.startswith(PICTURES)]
    assert len(shown) == 4
    for block, i in zip(shown, order[:4], strict=True):
        assert f"val-{i:04d} · bird · IoU {100 * rows.iou[i]:.1f} %" in block
        assert block.count("<img") == 3, "photograph, truth, labels"
    card_of = next(block for block in html(app) if 'aria-label="Protocol of the images"' in block)
    assert "fixed 0.3" in card_of and "given (ground truth)" in card_of
    links = [link.proto for link in app.get("page_link") if link.proto.label == "Open in Inspect"]
    assert len(links) == 4
    for text in ("image=", "alpha=0.3", "class=bird", "checkpoints=demo-baseline", "checkpoints=demo-ssenet"):
        assert text in links[0].query_string


@pytest.mark.usefixtures("service")
def test_next_and_order_are_in_the_address(open_page: Open) -> None:
    app = open_page("alpha_lab", images="true", rows=["MS"])
    app.button(key="gallery_next").click().run()
    assert app.query_params["offset"] == "4"
    rows = image_rows(image_counts(histogram(8, 120), 0.2))
    assert f"val-{ranked(rows)[4]:04d}" in next(block for block in html(app) if block.startswith(PICTURES))
    again = open_page("alpha_lab", images="true", offset="4", order="most over-covered first")
    assert f"val-{ranked(rows, 'fp')[4]:04d}" in next(block for block in html(again) if block.startswith(PICTURES))


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("offset", ["400", "99999999999"])
def test_an_address_beyond_the_last_image_shows_images_that_are_there(open_page: Open, offset: str) -> None:
    app = open_page("alpha_lab", images="true", rows=["MS"], offset=offset, **{"class": "fish"})
    assert not app.exception and not app.error
    assert not any("No image here has such a class" in info.value for info in app.info)
    assert any(block.startswith(PICTURES) for block in html(app))


def test_labels_arrive_when_the_maps_are_there(fake: FakeService, service: FakeService, open_page: Open) -> None:
    service.pending_polls = 2
    app = open_page("alpha_lab", images="true", rows=["MS"])
    assert "computing…" in "".join(html(app))
    app.run().run()
    assert "computing…" not in "".join(html(app))
    assert any(block.startswith(PICTURES) for block in html(app)) and fake is service


def test_nothing_is_asked_for_images_that_nobody_wants_to_see(service: FakeService, open_page: Open) -> None:
    open_page("alpha_lab")
    assert not any("/images" in path or "/open" in path or "/cams" in path for path in service.asked)


# Evaluations ---------------------------------------------------------------------------------------
def test_checkpoint_without_evaluation_can_be_evaluated(service: FakeService, open_page: Open) -> None:
    service.checkpoints["ck-new"] = card("my-run", "ssenet")
    app = open_page("alpha_lab", checkpoints=["demo-baseline", "my-run"])
    assert any("my-run has not been evaluated" in info.value for info in app.info)
    app.button(key="evaluate_ck-new").click().run()
    (sent,) = service.submitted
    assert sent["kind"] == "evaluate"
    assert sent["settings"]["checkpoint"] == "ck-new" and sent["settings"]["dataset"] == "demo"
    like_the_largest = EvaluateSettings(checkpoint="ck-new", images=120)
    assert EvaluateSettings(**sent["settings"]).model_dump() == like_the_largest.model_dump()
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
    best, miou = curve(histogram(3, 120).take(np.arange(24))).best()
    _, row, _ = table(app, NUMBERS)
    assert row[2].startswith(f"{best:.3f} [") and row[3].startswith(f"{100 * miou:.1f} [")
    app.button(key="evaluate_ck-new").click().run()
    assert service.submitted[0]["settings"]["checkpoint"] == "ck-new"


def test_common_images_keep_their_order(service: FakeService) -> None:
    client = Client(api_url())
    service.scored_images["demo-ssenet"] = 3
    assert scored.common_images(client.evaluations()) == ("val-0000", "val-0001", "val-0002")


def test_classifier_is_said_to_have_no_curves(service: FakeService, open_page: Open) -> None:
    service.checkpoints["imagenet"] = card("imagenet-lite0", "classifier")
    app = open_page("alpha_lab", checkpoints=["imagenet-lite0"])
    assert any("cannot be scored" in info.value for info in app.info)
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


# Export --------------------------------------------------------------------------------------------
SCORED = {"a": evaluated("net", 1), "b": evaluated("net", 2, images=16, quality=0.9)}


def exported(id_of: Callable[[str], str]) -> Exported:
    """A view of two small evaluations, of 20 and of 16 images."""
    view = View(("0.5", "MS"), "bird", 0.305, Draws(samples=100, seed=3), "all", "best", True, ("fish",), "1")
    curves = report(SCORED, ["0.5", "1", "MS"], ["bird"], view.alpha, view.draws)
    classes = report(SCORED, ["1"], view.classes, view.alpha, view.draws)
    answers = {
        name: s.Evaluation(id=id_of(name), checkpoint_id="net", record=one.record) for name, one in SCORED.items()
    }
    return Exported(
        Lab(curves, {name: name for name in SCORED}, answers, []),
        classes,
        view,
        "http://here",
        Client("http://service.test"),
    )


def test_the_bundles_line_makes_its_numbers_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = {name: save_histograms(dict(one.histograms)) for name, one in SCORED.items()}
    monkeypatch.setattr(Client, "histograms", lambda _self, one: packed[one])
    bundle = exported(lambda name: name).bundle()
    for name, data in bundle.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    program, *words = shlex.split(bundle.commands[0])
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, words)
    assert (program, result.exit_code) == ("ssenet", 0), result.output
    for name in ("alpha.json", "figures.csv", "curves.csv", "classes.json", "figure-4.html", "figure-5.html"):
        assert (tmp_path / "again" / name).read_bytes() == bundle.files[name], name
    assert b'"images": 16' in bundle.files["alpha.json"]


def test_a_bundle_names_built_in_evaluations_instead_of_bringing_them() -> None:
    bundle = exported(lambda _: "net-0").bundle()
    assert bundle.commands[0].startswith("ssenet figures net net --name a --name b --alpha 0.305 --row 0.5 --row MS")
    assert not any(name.endswith(".npz") for name in bundle.files)
