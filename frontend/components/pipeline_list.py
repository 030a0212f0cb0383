"""Earlier pipelines, one line each."""

from __future__ import annotations

import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components import markup, words
from frontend.components.headline import NAMES, headline
from frontend.components.pipeline_view import first, seconds, show
from frontend.components.stages import title
from frontend.session import client, page_guard

REFRESH_SECONDS = 3
SHOWN = 12
WIDTHS = [2.5, 2.2, 1.0, 2.7, 1.2, 1.6]
HEADS = ["Pipeline", "State", "Data set", "mIoU (%): CAM → labels → net", "Duration", "Submitted (UTC)"]


def pipeline_list() -> None:
    """All pipelines, newest first; live while one of them runs."""
    live = any(not pipeline.terminal for pipeline in client().pipelines())
    st.fragment(run_every=REFRESH_SECONDS if live else None)(_list)(live)


def _list(live: bool) -> None:
    with page_guard("pipelines"):
        pipelines = client().pipelines()
        if live and all(pipeline.terminal for pipeline in pipelines):
            st.rerun()
        if not pipelines:
            st.caption("No pipeline has been run yet. One click on the button above runs the whole of it.")
            return
        for column, head in zip(st.columns(WIDTHS), HEADS, strict=True):
            column.markdown(f"**{head}**")
        for pipeline in pipelines[:SHOWN]:
            _line(pipeline)
        if len(pipelines) > SHOWN:
            st.caption(f"The newest {SHOWN} of {len(pipelines)} pipelines are listed.")


def _line(pipeline: s.Pipeline) -> None:
    name, state, dataset, figures, took, submitted = st.columns(WIDTHS, vertical_alignment="center")
    if name.button(pipeline.title, key=f"show_{pipeline.id}", width="stretch", help="Show its stages."):
        show(pipeline.id)
    state.html(markup.badge(pipeline.state, words.STATE_COLOURS.get(pipeline.state, "grey")) + f" {where(pipeline)}")
    dataset.write(pipeline.dataset)
    figures.write(figures_text(pipeline))
    took.write(words.duration(seconds(pipeline)))
    submitted.write(words.short_moment(pipeline.created_at))


def where(pipeline: s.Pipeline) -> str:
    """The stage it stands at, when it is not done."""
    if pipeline.state == "succeeded":
        return ""
    at = first(pipeline, "failed", "running", "queued", "cancelled", "waiting")
    return title(at.name) if at else ""


def figures_text(pipeline: s.Pipeline) -> str:
    """Its headline figures; a dash for one that is not there (yet)."""
    try:
        found = {figure.step: f"{figure.miou:.1f}" for figure in headline(pipeline)}
    except Problem:  # a result was deleted
        return "–"
    return " → ".join(found.get(step, "–") for step in NAMES)
