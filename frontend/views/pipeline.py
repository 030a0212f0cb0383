"""Pipeline: the whole of the paper from one click, and each of its stages to look at."""

from __future__ import annotations

import uuid
from typing import Any

import streamlit as st

from frontend.client import Problem
from frontend.components import words
from frontend.components.permit import permit
from frontend.components.pipeline_form import DATA, PARTS, advanced, cards, choose_front, problems_of
from frontend.components.pipeline_list import pipeline_list
from frontend.components.pipeline_view import pipeline_view, show, to_all
from frontend.components.preset_cards import choose_preset
from frontend.components.settings_form import human
from frontend.components.stages import title
from frontend.session import client, page_guard, pipeline_estimate
from ssenet.config import PipelineSettings


def page() -> None:
    """The pipeline that the address names, else the form and the list."""
    asked = st.query_params.get("pipeline")
    if asked:
        one_pipeline(asked)
        return
    st.title("Pipeline")
    st.caption(
        "CAM → dense CRF → AffinityNet → random walk → pseudo-labels → segmentation network: all of the paper's "
        "steps, one after the other. Steps that were run before are not run again."
    )
    front = choose_front(choose_preset(cards(), "pipeline"))
    values = advanced(front, st.session_state.get("pipeline_refused", {}))
    start(values, front.name)
    st.header("Earlier pipelines", anchor=False)
    pipeline_list()


def one_pipeline(pipeline_id: str) -> None:
    """The pipeline, or a way back when there is none of that id."""
    try:
        pipeline_view(client().pipeline(pipeline_id))
    except Problem as problem:
        st.title("Pipeline")
        st.warning(str(problem))
        to_all()


def start(values: dict[str, Any], name: str) -> None:
    """Estimate and button; what the service refuses is shown at its field."""
    problems = problems_of(values)
    for part, found in problems.items():
        where = PARTS[part][0] if part in PARTS else {DATA: "Data"}.get(part, "")
        for field, message in found.items():
            st.error(": ".join(x for x in (where, human(field) if field else "", message) if x))
    button, text = st.columns([1, 4], vertical_alignment="center")
    if not problems:
        text.markdown(estimate_text(PipelineSettings.model_validate(values)))
    if button.button(
        "Start pipeline", type="primary", icon=":material/play_arrow:", key="start", width="stretch",
        **permit("run", disabled=bool(problems)),
    ):  # fmt: skip
        submit(PipelineSettings.model_validate(values), name)


def estimate_text(settings: PipelineSettings) -> str:
    """How long it takes, and which stage takes most of it."""
    try:
        guess = pipeline_estimate(settings.model_dump_json())
    except Problem as problem:
        return f"No estimate: {problem}"
    text = f"Estimated time: **{words.duration(guess.seconds)}**, from {guess.basis or 'a reference machine'}"
    longest = max(guess.stages, key=lambda stage: stage.seconds, default=None)
    if longest:
        text += f"; the longest stage is {title(longest.name)} ({words.duration(longest.seconds)})"
    return text + "."


def submit(settings: PipelineSettings, name: str) -> None:
    """Send the pipeline, once, and show it."""
    # The same settings sent twice by a double click are one pipeline.
    key = st.session_state.setdefault("pipeline_key", uuid.uuid4().hex)
    try:
        made = client().start_pipeline(settings.model_dump(mode="json"), name, key)
    except Problem as problem:
        st.session_state["pipeline_key"] = uuid.uuid4().hex
        st.session_state["pipeline_refused"] = refusals(problem)
        st.error(f"The pipeline was not started. {problem}")
        for error in problem.errors:
            st.error(f"{human(error.field)}: {error.message}")
        return
    st.session_state.pop("pipeline_key")
    show(made.id)


def refusals(problem: Problem) -> dict[str, dict[str, str]]:
    """Messages by tab and field, from pointers such as ``/settings/crf/crf``."""
    found: dict[str, dict[str, str]] = {}
    for error in problem.errors:
        path = error.pointer.strip("/").split("/")[1:]
        part = path[0] if len(path) > 1 and path[0] in PARTS else DATA
        found.setdefault(part, {})[error.field] = error.message
    return found


with page_guard("pipeline"):
    page()
