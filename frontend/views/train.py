"""Train: three presets, all settings behind them, and the job live."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components import words
from frontend.components.job_view import find_job, job_view
from frontend.components.permit import permit
from frontend.components.preset_cards import Card, choose_preset
from frontend.components.settings_form import field_specs, human, problems_of, settings_form
from frontend.session import client, estimate, page_guard
from ssenet.config import CamTrainSettings, Method, PresetName, train_preset

PRESETS: dict[PresetName, tuple[str, str]] = {
    "quick": ("Quick", "Shows the machinery, not the effect."),
    "demo": ("Demo", "As the built-in demo networks."),
    "paper": ("Paper", "Wants a GPU and PASCAL VOC 2012."),
}
BACKBONES = {"tf_efficientnet_lite0": "EfficientNet-Lite0", "resnet38": "ResNet-38"}
ONLY_SSENET = {"rate", "eta", "ser_form", "equivariance", "angle"}
TITLES = {"method": "Scale equivariant regularisation"}
# Fields that stand in front of the advanced ones.
IN_FRONT = {"method", "dataset"}


def page() -> None:
    """A running job when the address names one, else the form."""
    st.title("Train")
    job_id = st.query_params.get("job")
    if job_id:
        if st.button("Start another training", icon=":material/arrow_back:", key="another"):
            del st.query_params["job"]
            st.rerun()
        if find_job(job_id):
            job_view(job_id)
        return
    st.caption("A baseline classifier, or the two-branch SSENet with scale equivariant regularisation (Eqs. 1 and 2).")
    preset = choose_preset(cards(), "train")
    base, name = choose_front(preset)
    refused: dict[str, str] = st.session_state.get("train_refused", {})
    with st.expander("Advanced: all settings", expanded=bool(refused)):
        problems = problems_of(CamTrainSettings, base | st.session_state.get(f"{preset}_entered", {}))
        hidden = IN_FRONT | (ONLY_SSENET if base["method"] == "baseline" else set())
        specs = [spec for spec in field_specs(CamTrainSettings.model_json_schema()) if spec.name not in hidden]
        entered = settings_form(specs, base, preset, problems | refused, titles=TITLES)
    if st.session_state.get(f"{preset}_entered") != entered:
        # The form draws its problems above the values it returns: draw once more when they changed.
        st.session_state[f"{preset}_entered"] = entered
        st.session_state["train_refused"] = {}
        if problems_of(CamTrainSettings, base | entered) != problems:
            st.rerun()
    start(base | entered, name)


def cards() -> dict[PresetName, Card]:
    """The presets as cards."""
    return {
        key: Card(title, f"{_facts(train_preset(key))} {text}", _preset_time(key))
        for key, (title, text) in PRESETS.items()
    }


def _facts(settings: CamTrainSettings) -> str:
    backbone = BACKBONES.get(settings.backbone, settings.backbone)
    images = f" of {settings.train_images} images" if settings.train_images else ""
    return f"{backbone}, {settings.crop} px crops, {settings.epochs} epochs{images}."


def _preset_time(key: PresetName) -> str:
    try:
        seconds = estimate("train_cam", train_preset(key).model_dump_json()).seconds
    except Problem:
        return "No estimate"
    return f"About {words.duration(seconds)} on this machine"


def choose_front(preset: PresetName) -> tuple[dict[str, Any], str]:
    """Method, data set and name; the preset's settings with them."""
    left, middle, right = st.columns(3, vertical_alignment="top")
    methods: dict[str, Method] = {"SSENet": "ssenet", "Baseline": "baseline"}
    label = left.segmented_control(
        "Method", list(methods), default="SSENet", required=True, key="method", width="stretch",
        bind="query-params", persist_state="session",
    )  # fmt: skip
    datasets = {dataset.id: dataset for dataset in client().datasets()}
    dataset = middle.selectbox(
        "Data set",
        list(datasets),
        key="dataset",
        help="The operator adds others with: ssenet-lab data add NAME PATH",
        bind="query-params",
        persist_state="session",
    )
    if dataset:
        middle.caption(_describe(datasets[dataset]))
    name = right.text_input(
        "Name of the run", key="run_name", max_chars=80, placeholder="optional", persist_state="session"
    )
    method = methods[label or "SSENet"]
    base = train_preset(preset, method).model_dump(mode="json") | {"dataset": dataset or "demo"}
    return base, name.strip() or f"{preset}-{method}"


def _describe(dataset: s.Dataset) -> str:
    splits = ", ".join(f"{split} {count}" for split, count in dataset.splits.items())
    return f"{len(dataset.classes)} classes · images: {splits} · labels from {dataset.label_source or 'masks'}"


def start(values: Mapping[str, Any], name: str) -> None:
    """Estimate and button; what the service refuses is shown at its field."""
    problems = problems_of(CamTrainSettings, values)
    general = problems.pop("", None)
    if general:
        st.error(f"These settings contradict each other: {general}")
    if problems:
        st.error("Some settings cannot be used: " + ", ".join(f"{human(k)} ({v})" for k, v in problems.items()))
    if not general and not problems:
        settings = CamTrainSettings(**values)
        try:
            guess = estimate("train_cam", settings.model_dump_json())
            st.write(
                f"Estimated time: **{words.duration(guess.seconds)}**, from {guess.basis or 'a reference machine'}."
            )
        except Problem as problem:
            st.caption(f"No estimate: {problem}")
    if st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        key="start",
        **permit("run", disabled=bool(general or problems)),
    ):
        submit(CamTrainSettings(**values), name)


def submit(settings: CamTrainSettings, name: str) -> None:
    """Send the job, once, and show it."""
    # The same settings sent twice by a double click are one job.
    key = st.session_state.setdefault("train_key", uuid.uuid4().hex)
    try:
        job = client().submit("train_cam", settings.model_dump(mode="json"), name, key)
    except Problem as problem:
        st.session_state["train_key"] = uuid.uuid4().hex
        st.session_state["train_refused"] = {e.field: e.message for e in problem.errors if e.field}
        st.error(f"The training was not started. {problem}")
        for error in problem.errors:
            st.error(f"{human(error.field)}: {error.message}")
        return
    st.session_state.pop("train_key")
    st.query_params["job"] = job.id
    st.rerun()


with page_guard("train"):
    page()
