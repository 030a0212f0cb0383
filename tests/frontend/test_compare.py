"""Compare: the verdict, its rule for α, the figures, links, missing evaluations, the export and its command line."""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evaluations import evaluated
from fake_api import FakeService, card
from streamlit.testing.v1 import AppTest

from frontend.client import Client, api_url
from frontend.components.comparison_bundle import bundle
from frontend.components.verdict import undefined_words
from ssenet.analysis.comparison import compare
from ssenet.analysis.object_sizes import SizeChoice
from ssenet.analysis.pair import Choice
from ssenet.bundle import pack_bundle
from ssenet.cli import app as command_line
from ssenet.histograms import save_histograms

Open = Callable[..., AppTest]


def html(app: AppTest) -> list[str]:
    """The HTML blocks of the page."""
    return [block.proto.body for block in app.get("html")]


def statuses(app: AppTest) -> list[str]:
    """What is read out: the verdicts, in order."""
    return [block for block in html(app) if 'class="sl-verdict" role="status"' in block]


def figures(app: AppTest) -> list[dict[str, Any]]:
    """The plotly figures of the page."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


@pytest.fixture
def page(service: FakeService, open_page: Open) -> AppTest:
    """The page as one comes to it."""
    assert service.compared == []
    return open_page("compare")


def test_the_demo_pair_is_compared_without_a_click(service: FakeService, page: AppTest) -> None:
    assert not page.exception and not page.error
    assert service.compared == [SizeChoice(), SizeChoice()]
    first = statuses(page)[0]
    assert (
        "Over all classes, at multi-scale and α = 0.2, demo-ssenet covers less background than demo-baseline" in first
    )
    assert "the difference is real." in first and "120 images" in first and "mIoU" in first
    assert page.query_params == {}


def test_figures_are_the_forest_every_scale_and_the_sizes(page: AppTest) -> None:
    forest, rows, scatter, sizes = figures(page)
    points = [name for trace in forest["data"] for name in trace["y"] if trace["x"] != [None]]
    assert sorted(points) == sorted(["mean (mIoU)", "background", *card("x", "baseline").classes])
    assert {name for trace in rows["data"] for name in trace["x"]} == {
        "0.25", "0.5", "0.75", "1", "1.25", "1.5", "1.75", "2", "MS",
    }  # fmt: skip
    assert [trace["name"] for trace in scatter["data"]] == ["demo-baseline", "demo-ssenet"]
    assert len(sizes["data"]) == 6
    titles = [note["text"] for note in sizes["layout"]["annotations"]]
    counts = [int(title.split("(")[1].rstrip(")")) for title in titles]
    assert [title.split()[0] for title in titles] == ["small", "medium", "large"] and sum(counts) == 120


def test_protocols_tell_on_ground_truth(page: AppTest) -> None:
    cards = [block for block in html(page) if 'aria-label="Protocol of' in block]
    assert len(cards) == 2
    assert "fixed 0.2" in cards[0] and "120" in cards[0]
    assert "own best α is chosen on the scored images" in cards[1]
    assert "uses the ground truth of the scored images" in cards[1]


def test_row_class_and_alpha_are_what_is_said(service: FakeService, open_page: Open) -> None:
    app = open_page("compare", row="1", alpha="0.35", **{"class": "fish"})
    assert "For fish at scale 1 and α = 0.35, demo-ssenet covers" in statuses(app)[0]
    assert service.compared[0] == SizeChoice(row="1", alpha_a=0.35, alpha_b=0.35)
    assert "<b>fish</b>" in json.dumps(figures(app)[0]["layout"])
    app.slider(key="alpha").set_value(0.5).run()
    assert "α = 0.5" in statuses(app)[0]


def test_another_class_asks_nothing_of_the_service(service: FakeService, page: AppTest) -> None:
    asked = service.asked.copy()
    page.selectbox(key="class").set_value("bird").run()
    assert "For bird" in statuses(page)[0]
    assert service.asked["GET /comparisons"] == asked["GET /comparisons"] == 1
    assert service.asked["GET /comparisons/objects"] == asked["GET /comparisons/objects"] == 1


def test_each_its_own_best_alpha_gets_a_red_badge(service: FakeService, open_page: Open) -> None:
    app = open_page("compare", alpha_rule="each its own best α")
    assert service.compared[0].alpha_a == service.compared[0].alpha_b == "best"
    said = statuses(app)[0]
    assert "each at its own best α" in said and 'sl-badge red">uses the ground truth' in said
    assert all(slider.key != "alpha" for slider in app.slider)


def test_links_of_other_pages_name_both_networks_and_a_row(service: FakeService, open_page: Open) -> None:
    app = open_page("compare", checkpoints=["demo-ssenet", "demo-baseline"], rows=["2", "MS"])
    assert (app.selectbox(key="a").value, app.selectbox(key="b").value) == ("demo-ssenet", "demo-baseline")
    assert service.compared[0].row == "2" and app.selectbox(key="row").value == "2"
    assert "checkpoints" not in app.query_params and "rows" not in app.query_params
    one = open_page("compare", rows="1.5")
    assert one.selectbox(key="row").value == "1.5"


def test_the_images_behind_it_are_shown_where_the_link_leads(page: AppTest) -> None:
    (link,) = (one.proto for one in page.get("page_link") if one.proto.label == "The images behind it")
    for text in ("images=true", "of=demo-ssenet", "row=MS", "rows=MS", "alpha=0.2", "checkpoints=demo-baseline"):
        assert text in link.query_string


def test_means_over_different_classes_are_said_to_be_such() -> None:
    found = compare(evaluated("a", 1), evaluated("b", 2), Choice(row="1", samples=100))
    assert undefined_words(found) == "No class is undefined."

    def with_undefined(a: int, b: int) -> str:
        rows = (found.rows[0], found.rows[1].model_copy(update={"undefined_a": a, "undefined_b": b}))
        return undefined_words(found.model_copy(update={"rows": rows}))

    assert "1 for A and 1 for B at scale 1." in with_undefined(1, 1)
    assert "means over different classes" in with_undefined(1, 0)
    assert "means over different classes" not in with_undefined(1, 1)


def test_two_networks_are_compared_though_one_of_the_demo_is_not_there(service: FakeService, open_page: Open) -> None:
    del service.checkpoints["demo-baseline"]
    service.checkpoints["ck-new"] = card("my-run", "ssenet")
    app = open_page("compare")
    assert {app.selectbox(key="a").value, app.selectbox(key="b").value} == {"demo-ssenet", "my-run"}


def test_swapping_turns_the_verdict(page: AppTest) -> None:
    page.button(key="swap").click().run()
    assert "demo-baseline covers more background than demo-ssenet" in statuses(page)[0]


@pytest.mark.usefixtures("service")
def test_what_an_old_link_names_and_is_not_there_is_dropped(open_page: Open) -> None:
    app = open_page("compare", a="nobody", row="77", **{"class": "boat"})
    assert not app.exception and not app.error
    assert "Over all classes, at multi-scale" in statuses(app)[0]


def test_fixed_limits_of_sizes_are_asked_for_and_shown(service: FakeService, page: AppTest) -> None:
    page.segmented_control(key="sizes").set_value("fixed").run()
    assert service.compared[-1].limits == (0.05, 0.2)
    assert any("small up to 5.0 % of the photograph, medium up to 20.0 %" in c.value for c in page.caption)


def test_a_figure_by_size_can_be_chosen(page: AppTest) -> None:
    page.segmented_control(key="size_figure").set_value("fp_ratio").run()
    assert "FP / TP: background covered" in json.dumps(figures(page)[3]["layout"])


def test_a_network_against_itself_is_said_to_be_pointless(service: FakeService, open_page: Open) -> None:
    app = open_page("compare", a="demo-ssenet")
    assert any("same network" in info.value for info in app.info) and service.compared == []


def test_missing_evaluations_can_be_made(service: FakeService, open_page: Open) -> None:
    service.checkpoints["ck-new"] = card("my-run", "ssenet")
    app = open_page("compare", b="my-run")
    assert any("my-run has not been evaluated" in info.value for info in app.info)
    app.button(key="evaluate_ck-new").click().run()
    assert service.submitted[0]["settings"]["checkpoint"] == "ck-new"


def test_fewer_images_are_said_and_compared(service: FakeService, open_page: Open) -> None:
    service.checkpoints["ck-new"] = card("my-run", "ssenet")
    service.evaluated["ck-new"], service.scored_images["ck-new"] = "ev-new", 24
    app = open_page("compare", b="my-run")
    assert any("my-run was scored on 24 of 120 images" in info.value for info in app.info)
    assert "24 images" in statuses(app)[0]


def test_a_refused_comparison_is_said_in_words(service: FakeService, open_page: Open) -> None:
    service.refuse_comparison = "The two evaluations have no image in common."
    app = open_page("compare")
    assert not app.exception and any("no image in common" in error.value for error in app.error)


def test_one_network_alone_cannot_be_compared(service: FakeService, open_page: Open) -> None:
    del service.checkpoints["demo-ssenet"]
    app = open_page("compare")
    assert any("Two networks are needed" in info.value for info in app.info)


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("alphas", [(0.25, 0.25), ("best", 0.3)])
def test_the_line_in_the_bundle_computes_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alphas: tuple[Any, Any]
) -> None:
    """Unpacked, its folder holds both evaluations; the line gives the very bytes that the page exported."""
    from typer.testing import CliRunner

    client = Client(api_url())
    one, other = client.evaluations()
    choice = SizeChoice(row="1", alpha_a=alphas[0], alpha_b=alphas[1], samples=200, seed=7, limits=(0.1, 0.25))
    compared = client.comparison(one.id, other.id, choice.plain), client.size_comparison(one.id, other.id, choice)

    def fetch(evaluation_id: str) -> bytes:
        from fake_comparisons import loaded_rows

        return save_histograms(loaded_rows(next(e for e in (one, other) if e.id == evaluation_id).record))

    made = bundle(compared, (one, other), "fish", {}, fetch, "http://x/compare")
    zipfile.ZipFile(io.BytesIO(pack_bundle(made))).extractall(tmp_path)
    monkeypatch.chdir(tmp_path)
    (line,) = made.commands
    words = shlex.split(line)
    assert words[:4] == ["ssenet", "compare", "a", "b"]
    result = CliRunner().invoke(command_line, words[1:])
    assert result.exit_code == 0, result.output
    for name in ("comparison.json", "comparison.csv", "object-sizes.json", "object-sizes.csv", "objects.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / name).read_bytes(), name
