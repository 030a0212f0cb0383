"""The canvas as a Streamlit component: its script and style, and what passes between page and browser."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from frontend.canvas.blob import Canvas, pack
from frontend.canvas.view import CanvasView
from ssenet.render import colormap, colormaps

SCRIPTS = (
    "numbers",
    "counts",
    "maps",
    "paint",
    "elements",
    "tiles",
    "figures",
    "bar",
    "probe",
    "pointer",
    "controls",
    "draw",
    "main",
)
"""Files of the module, in the order in which they are joined."""


def read(name: str) -> str:
    """Text of a file beside the scripts."""
    return (files("frontend.canvas") / "static" / name).read_text(encoding="utf-8")


def diverging() -> NDArray[np.uint8]:
    """Look-up table (1001, 3): blue below zero, light grey at zero (the middle entry), red above."""
    anchors = np.array([(5, 48, 97), (67, 147, 195), (247, 247, 247), (214, 96, 77), (103, 0, 31)], np.float64)
    at = np.linspace(0, 1, 1001)
    return np.stack([np.interp(at, np.linspace(0, 1, 5), channel) for channel in anchors.T], 1).round().astype(np.uint8)


def _hex(table: NDArray[np.uint8]) -> str:
    return table.tobytes().hex()


@cache
def module() -> str:
    """All scripts joined to one module, with the colour tables they look colours up in."""
    tables = {name: _hex(colormap(name)) for name in colormaps()} | {"difference": _hex(diverging())}
    return "\n".join([f"const COLOUR_TABLES = {json.dumps(tables)};", *(read(f"{name}.js") for name in SCRIPTS)])


_mount = st.components.v2.component("ssenet_cam_canvas", html=read("canvas.html"), css=read("canvas.css"), js=module())


@dataclass(frozen=True)
class _Seen:
    """What the browser shows, as far as the page knows.

    Attributes:
        sent: the view in the blob.
        current: that view after all that the browser has reported since.
        revision: a new one makes the browser take the blob's view.
    """

    sent: CanvasView
    current: CanvasView
    revision: str


def cam_canvas(canvas: Canvas, view: CanvasView, *, key: str, on_change: Callable[[CanvasView], None]) -> None:
    """Show a canvas; once people have moved a control, and let go of it, ``on_change`` gets their view.

    The browser keeps its view over reruns of the page. It takes ``view`` when that is not what it reported last:
    the first time, and when the address changed.

    Args:
        canvas: maps, photograph, ground truth; more maps may come with later runs.
        view: what the address says; ``on_change`` must see to it that later runs give the reported view.
        key: names the component; one canvas a key.
        on_change: writes the address.
    """
    place = f"{key} seen"
    seen = st.session_state.get(place)
    if seen is None or seen.current != view:
        seen = _Seen(view, view, secrets.token_hex(6))
        st.session_state[place] = seen

    def changed() -> None:
        reported = CanvasView.model_validate(st.session_state[key].view)
        known = st.session_state[place]
        st.session_state[place] = _Seen(known.sent, reported, known.revision)
        on_change(reported)

    # The view of the first run stays in the blob, so that an unchanged canvas is not sent again.
    words = seen.sent.model_dump(mode="json", by_alias=True)
    _mount(data=pack(canvas, key=key, revision=seen.revision, view=words), key=key, on_view_change=changed)
