"""Figures whose points open images: a click looks at that α, on that curve."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from frontend.components.alpha_data import ALL, Lab

NAMES = "alpha_lab_names"


def remember_names(lab: Lab) -> None:
    """What people call the evaluations that points carry; a click is answered before the page runs again."""
    st.session_state[NAMES] = dict(lab.names)


def chart(figure: go.Figure, key: str, alt: str) -> None:
    """A figure; a click on one of its points opens the images behind it."""
    st.plotly_chart(figure, on_select=lambda: look_behind(key), selection_mode="points", key=key, alt=alt)


def look_behind(key: str) -> None:
    """Take over a point's α, curve and class, and show its images from the first."""
    points = st.session_state[key].selection.points
    if not points:
        return
    evaluation, row, alpha, label = points[0]["customdata"]
    st.session_state["alpha"] = round(float(alpha), 3)
    st.session_state["row"], st.session_state["images"] = row, True
    st.session_state["of"], st.session_state["class"] = st.session_state[NAMES][evaluation], label or ALL
    st.query_params.pop("offset", None)
