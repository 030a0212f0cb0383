"""Tables: the paper's Tables 1 to 3 for the data set at hand, from real runs, the paper's figures beside them."""

from __future__ import annotations

from itertools import groupby

import streamlit as st

from frontend import schemas as s
from frontend.components.paper_table import NAMES, RUNS, has_own, setting, table_html, tables_csv
from frontend.session import client, page_guard


def page() -> None:
    """Data set, then a section a table."""
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    left.title("Tables")
    left.caption(
        "Tables 1 to 3 of the paper for your data, from the runs made here. Figures in italics, on grey, are the "
        "paper's own on PASCAL VOC 2012: they show what its method does there and are not comparable with other data."
    )
    names = [dataset.id for dataset in client().datasets()]
    dataset = right.selectbox("Data set", names, key="tables_dataset", bind="query-params", persist_state="session")
    if not dataset:
        st.info("There is no data set yet. The operator adds one with: ssenet-lab data add NAME PATH")
        return
    tables = client().tables(dataset).tables
    if not any(has_own(table) for table in tables):
        nothing_yet(dataset)
    for number, group in groupby(tables, key=lambda table: table.number):
        section(number, list(group))
    if tables:
        st.download_button(
            "All tables as CSV", lambda: tables_csv(tables), f"tables-{dataset}.csv", "text/csv",
            icon=":material/download:", key="tables_csv",
        )  # fmt: skip


def nothing_yet(dataset: str) -> None:
    """Which run puts the first figure here."""
    text, button = st.columns([4, 1], vertical_alignment="center")
    text.info(
        f"No run on {dataset} has a place in these tables yet, so they show the paper's figures only. "
        "Run a pipeline: its figures appear here when it is done."
    )
    if button.button("Run a pipeline", type="primary", icon=":material/account_tree:", width="stretch", key="run_one"):
        st.switch_page("views/pipeline.py", query_params={"pipeline_dataset": dataset})


def section(number: int, tables: list[s.Table]) -> None:
    """The table of most runs; those of other data, images or training, which cannot share it, folded away."""
    st.header(NAMES.get(number, f"Table {number}"), anchor=False)
    one_table(tables[0])
    if not any(has_own(table) for table in tables):
        st.caption(f"No figures of your own yet. {RUNS.get(number, '')}")
    others = tables[1:]
    if others:
        with st.expander(f"Table {number} with other images or settings ({len(others)})"):
            for table in others:
                one_table(table)


def one_table(table: s.Table) -> None:
    """What holds for its own figures, the figures, and how they came about."""
    if has_own(table):
        st.markdown(setting(table))
    st.html(table_html(table))
    if table.notes:
        st.caption("  \n".join(table.notes))


with page_guard("tables"):
    page()
