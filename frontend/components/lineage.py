"""Settings of a job and where its result comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.components import markup
from frontend.components.settings_form import human
from frontend.components.stages import title
from ssenet.lineage import Step


def settings_html(settings: Mapping[str, Any]) -> str:
    """Every setting by the name that forms use."""
    rows = [[human(name), words_of(value)] for name, value in settings.items()]
    return markup.table(["setting", "value"], rows, "Settings", left=2)


def words_of(value: Any) -> str:
    """A setting's value for people."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(words_of(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def lineage_html(steps: Sequence[Step]) -> str:
    """The steps that led to a result, its own last."""
    rows = [
        [str(number), title(step.kind), step.key[:12], (step.weights_sha256 or "–")[:12]]
        for number, step in enumerate(steps, 1)
    ]
    return markup.table(["no.", "step", "content key", "weights"], rows, "Steps that led to this result", left=4)


def settings_and_lineage(settings: Mapping[str, Any], steps: Sequence[Step]) -> None:
    """Both, side by side, folded away."""
    with st.expander("Settings and lineage"):
        left, right = st.columns(2)
        left.html(settings_html(settings))
        if steps:
            right.caption("The steps that led to this result, its own last. Equal content keys are equal results.")
            right.html(lineage_html(steps))
