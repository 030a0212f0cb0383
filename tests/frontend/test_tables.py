"""The Tables page: own rows, the paper's figures marked as the paper's, the way to the first row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from fake_api import FakeService
from streamlit.testing.v1 import AppTest

from frontend.components.paper_table import table_html, tables_csv
from frontend.schemas import Table, Tables
from ssenet import tables
from ssenet.config import train_preset
from ssenet.facts import Fact, Measure

Open = Callable[..., AppTest]


def facts() -> list[Fact]:
    """Two seeds of one training, and one segmentation network."""
    from fake_pipeline import protocol

    def fact(seed: int, miou: float, measure: Measure, split: str = "train") -> Fact:
        weights = {"weights_sha256": f"{seed}{measure}".encode().hex().ljust(64, "0")[:64]}
        return Fact(measure, miou, train_preset("quick", rate=0.5, seed=seed), protocol(split, **weights))

    return [fact(0, 40.0, "cam"), fact(1, 42.0, "cam"), fact(0, 51.25, "segmentation", "val")]


def own_tables() -> list[dict[str, object]]:
    """What the service answers then."""
    return [table.model_dump(mode="json") for table in tables.build(facts(), "demo")]


def html(app: AppTest) -> str:
    """All HTML of the page."""
    return " ".join(block.proto.body for block in app.get("html"))


def test_three_tables_with_own_figures_beside_the_paper_s(service: FakeService, open_page: Open) -> None:
    service.pipelines.tables = own_tables()
    app = open_page("tables")
    assert not app.exception and not app.error and not app.info
    assert [x.value.split(":")[0] for x in app.header] == ["Table 1", "Table 2", "Table 3"]
    assert '<td class="own">41.0 ± 1.4 <small>(2 runs)</small></td>' in html(app)
    assert '<td class="own">51.2 <small>(1 run)</small></td>' in html(app)
    assert '<td class="paper"><i>48.9</i></td>' in html(app), "the paper's SSENet 0.5 on VOC train"


def test_every_paper_column_says_so() -> None:
    for table in tables.build([], "demo"):
        shown = Table.model_validate(table.model_dump())
        body = table_html(shown)
        for row in shown.rows:
            for name, cell in zip(shown.columns, row.cells, strict=True):
                if cell.value is not None:
                    assert (cell.source == "paper") == ("paper, VOC 2012" in name)
        assert body.count("<i>") == sum(c.value is not None for row in shown.rows for c in row.cells)


def test_runs_that_cannot_share_a_table_are_folded_below_it(service: FakeService, open_page: Open) -> None:
    first, *others = own_tables()
    service.pipelines.tables = [first, first, *others]
    app = open_page("tables")
    assert [x.label for x in app.expander] == ["Table 1 with other images or settings (1)"]
    assert html(app).count("41.0 ± 1.4") == 3, "twice Table 1 and once Table 2"


def test_empty_tables_lead_to_the_pipeline(service: FakeService, open_page: Open) -> None:
    app = open_page("tables")
    assert "No run on demo" in app.info[0].value and "run)" not in html(app)
    app.button(key="run_one").click().run()
    assert app.title[0].value == "Pipeline"
    assert "GET /tables" in service.asked


def test_csv_holds_every_figure_with_its_source() -> None:
    shown = Tables.model_validate({"dataset": "demo", "tables": own_tables()}).tables
    rows = list(csv.DictReader(io.StringIO(tables_csv(shown))))
    (own,) = [row for row in rows if row["source"] == "own" and row["table"] == "1"]
    assert (own["row"], own["column"], own["miou_percent"], own["runs"]) == ("SSENet 0.5", "CAM", "41.0000", "2")
    paper = [row for row in rows if row["source"] == "paper" and row["row"] == "SSENet 0.3" and row["table"] == "1"]
    assert {row["column"]: row["miou_percent"] for row in paper} == {
        "CAM (paper, VOC 2012)": "49.8000",
        "CAM + random walk (paper, VOC 2012)": "62.1000",
    }
