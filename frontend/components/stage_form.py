"""One stage by itself: its settings and inputs in a form, and a job of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components import words
from frontend.components.permit import permit
from frontend.components.settings_form import FieldSpec, field_specs, human, problems_of, settings_form
from frontend.components.stages import title
from frontend.session import capabilities, client
from ssenet.config import INPUTS, NETWORKS, STAGES, InputKind, JobKind, NetworkRole

NONE = "none"


def stage_form(kind: JobKind, settings: Mapping[str, Any], key: str) -> None:
    """The form, filled with what the stage ran with, and the button that submits a job.

    Args:
        kind: of the stage.
        settings: of its job, the ids of its inputs included.
        key: start of the widget keys; another key is another form.
    """
    model = STAGES[kind]
    inputs = _choose_inputs(kind, settings, key)
    specs = [spec for spec in stage_specs(kind) if spec.name not in INPUTS[kind]]
    without_crf([spec.name for spec in specs])
    values = as_possible(settings)
    problems = problems_of(model, {**values, **st.session_state.get(f"{key}.entered", {})})
    entered = {**settings_form(specs, values, key, problems, in_address=False), **inputs}
    if st.session_state.get(f"{key}.entered") != entered:
        # The form draws its problems above the values it returns: draw once more when they changed.
        st.session_state[f"{key}.entered"] = entered
        if problems_of(model, {**values, **entered}) != problems:
            st.rerun()
    if problems.get(""):
        st.error(f"These settings contradict each other: {problems['']}")
    if st.button(
        "Run this stage", icon=":material/play_arrow:", key=f"{key}.run", **permit("run", disabled=bool(problems))
    ):
        _submit(kind, model.model_validate({**values, **entered}).model_dump(mode="json"), key)
    done = st.session_state.get(f"{key}.job")
    if done:
        st.success("The job is submitted. It leaves this pipeline as it is.")
        st.page_link("views/jobs.py", label="Show the job", icon=":material/arrow_forward:", query_params={"job": done})


def stage_specs(kind: JobKind) -> list[FieldSpec]:
    """Fields of a stage's settings; data sets to choose from, and no CRF where there is none."""
    specs = field_specs(STAGES[kind].model_json_schema())
    datasets = tuple(d.id for d in client().datasets())
    return [replace(x, kind="choice", options=datasets) if x.name == "dataset" else x for x in fitted(specs)]


def fitted(specs: Sequence[FieldSpec]) -> list[FieldSpec]:
    """The fields as this installation can use them: without the CRF library only ``off`` can be chosen."""
    if capabilities().crf.available:
        return list(specs)
    return [replace(spec, options=("off",)) if spec.name == "crf" else spec for spec in specs]


def as_possible(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, without a CRF where there is none."""
    off = "crf" in settings and not capabilities().crf.available
    return {**settings, **({"crf": "off"} if off else {})}


def without_crf(fields: Collection[str]) -> None:
    """Say it when a form asks for a CRF and there is none."""
    crf = capabilities().crf
    if "crf" in fields and not crf.available:
        st.warning(f"The dense CRF cannot be used here, so it is off. {crf.reason or ''}", icon=":material/blur_off:")


def _choose_inputs(kind: JobKind, settings: Mapping[str, Any], key: str) -> dict[str, str | None]:
    fields = list(INPUTS[kind].items())
    if not fields:
        return {}
    st.subheader("Inputs", anchor=False)
    chosen: dict[str, str | None] = {}
    for column, (field, kinds) in zip(st.columns(max(2, len(fields))), fields, strict=False):
        options = candidates(kinds)
        current = settings.get(field)
        if current and current not in options:
            options[current] = f"{current[:12]} (deleted)"
        names = ([NONE] if STAGES[kind].model_fields[field].default is None else []) + list(options)
        picked = column.selectbox(
            human(field), names, names.index(current) if current in names else 0, key=f"{key}.{field}",
            format_func=_name_in(options),
        )  # fmt: skip
        chosen[field] = None if picked == NONE else picked
    return chosen


def _name_in(options: Mapping[str, str]) -> Callable[[str], str]:
    return lambda option: options.get(option, str(option))


def candidates(kinds: Sequence[InputKind]) -> dict[str, str]:
    """Results that can be an input, newest first: id → description."""
    found: dict[str, str] = {}
    for kind in kinds:
        if kind in NETWORKS:
            role: NetworkRole = kind  # type: ignore[assignment]
            found |= {c.id: f"{c.name} ({kind})" for c in client().checkpoints(role)}
        else:
            found |= {x.id: describe(x) for x in client().sets(kind=kind)}
    return found


def describe(one: s.ImageSet) -> str:
    """A set in a list."""
    name = one.name or f"{one.kind} {one.id[:8]}"
    return f"{name} · {one.dataset}/{one.split}, {one.images} images · {words.short_moment(one.created_at)}"


def _submit(kind: JobKind, settings: dict[str, Any], key: str) -> None:
    try:
        job = client().submit(kind, settings, f"{title(kind)} alone", uuid.uuid4().hex)
    except Problem as problem:
        st.error(f"The stage was not started. {problem}")
        for error in problem.errors:
            st.error(f"{human(error.field)}: {error.message}")
        return
    st.session_state[f"{key}.job"] = job.id
