"""The transformation A of Eq. 2 by sliders: scale, rotation, shift and flip, all in the address."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ssenet.results import View

PRESETS = {
    "Half size": View(scale=0.5),
    "Double size": View(scale=2),
    "Mirror": View(scale=1, flip=True),
    "15° rotation": View(scale=1, rotation=15),
    "Shift by 10 %": View(scale=1, shift_x=0.1),
    "Nothing": View(scale=1),
}
"""What Fig. 1 shows, by a click; *nothing* is the check that the error is then 0."""
_BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_KEYS = {"scale": "scale", "rotation": "rotation", "shift_x": "shift_x", "shift_y": "shift_y", "flip": "mirror"}
"""Widget of each field of a view. Elsewhere *flip* means that mirrored views are averaged in."""
_START = PRESETS["Half size"]


def choose_transformation(place: DeltaGenerator) -> View:
    """The sliders, and in ``place`` presets that set them and show which of them the sliders stand on."""
    a, b, c, d, e = st.columns([3, 3, 3, 3, 1.8], vertical_alignment="bottom")
    scale = a.slider(
        "Scale", 0.25, 2.0, _START.scale, 0.05, format="%.2f", key="scale", help="Of the photograph's sides.", **_BOUND
    )
    rotation = b.slider(
        "Rotation", -180, 180, 0, 1, format="%d°", key="rotation", help="Counter-clockwise, about the centre.", **_BOUND
    )
    shift_x = c.slider(
        "Shift to the right", -0.5, 0.5, 0.0, 0.01, format="percent", key="shift_x", help="Of the width.", **_BOUND
    )
    shift_y = d.slider(
        "Shift down", -0.5, 0.5, 0.0, 0.01, format="percent", key="shift_y", help="Of the height.", **_BOUND
    )
    flip = e.toggle("Mirror", key="mirror", help="Left and right, last of all.", **_BOUND)
    # A slider adds up its steps: 0.7000000000000001 has the name of 0.7, and is not it.
    view = View(scale=round(scale, 2), flip=flip, rotation=rotation, shift_x=shift_x, shift_y=shift_y)
    # Last, when the sliders have read the address.
    st.session_state["preset"] = next((name for name, preset in PRESETS.items() if preset == view), None)
    place.pills("Transformation A of the photograph", list(PRESETS), key="preset", on_change=_take_preset)
    return view


def _take_preset() -> None:
    chosen = st.session_state.get("preset")
    if chosen is None:  # a second click on the same one
        return
    for field, key in _KEYS.items():
        value = getattr(PRESETS[chosen], field)
        st.session_state[key] = int(value) if field == "rotation" else value
