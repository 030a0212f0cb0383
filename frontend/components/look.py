"""What one looks at on the canvas: read from the address, written back, and in step with the other pages."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from frontend.canvas import HIGHEST, CanvasView
from ssenet.render import Normalisation

SHARED = ("alpha", "class")
"""Parameters whose value other pages take over; they keep it in the session under these keys."""
NORMALISATIONS: dict[Normalisation, str] = {
    "eq3": "per map (Eq. 3)",
    "shared": "one scale for all maps",
    "none": "none (raw, clipped at 1)",
}


def current_view(classes: Collection[str]) -> CanvasView:
    """The view in the address; α and class, where it has none, as on the page before.

    Args:
        classes: names of those there are; another page may have left one that is not.
    """
    query = {name: st.query_params[name] for name in CanvasView.QUERY if name in st.query_params}
    before = {name: st.session_state.get(name) for name in SHARED}
    if before["class"] not in classes:
        del before["class"]
    return CanvasView.from_query({name: str(value) for name, value in before.items() if value is not None} | query)


def keep_view(view: CanvasView) -> None:
    """Keep what people chose: in the address, and for the other pages."""
    hand_on(view)
    if view.class_ == HIGHEST:
        st.session_state.pop("class", None)  # a class chosen before holds no longer


def hand_on(view: CanvasView) -> None:
    """Let the address say the view, also one that came from another page, and give α and class to the other pages."""
    if view.to_query() != {name: st.query_params[name] for name in CanvasView.QUERY if name in st.query_params}:
        view.write(st.query_params)
    st.session_state["alpha"] = view.alpha
    if view.class_ != HIGHEST:
        st.session_state["class"] = view.class_


def keep_alpha(view: CanvasView, alpha: float) -> None:
    """Keep a view with another α."""
    keep_view(view.model_copy(update={"alpha": round(alpha, 3)}))
