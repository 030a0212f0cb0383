"""Label maps of one photograph after each iteration, stepped through in the browser without any request."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ssenet.data.base import IGNORED
from ssenet.data.images import voc_palette

_STRIPES = "repeating-linear-gradient(135deg, #ebebeb 0 3px, #a0a0a0 3px 6px)"
_HTML = """<div class="scrub"><div class="bar">
<button class="play" type="button" aria-label="Play the iterations">▶</button>
<label for="iteration">Iteration</label>
<input id="iteration" type="range" min="0" max="10" step="1" value="0">
<output for="iteration"></output></div>
<div class="panels" role="group" tabindex="0" aria-label="Frames; the arrow keys step through the iterations"></div>
<div class="legend" role="note" aria-label="Colours of the labels"></div></div>"""


def _text(name: str) -> str:
    return (files("frontend.components") / name).read_text(encoding="utf-8")


_mount = st.components.v2.component("ssenet_scrubber", html=_HTML, css=_text("scrubber.css"), js=_text("scrubber.js"))


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        title: its name.
        subtitle: what it is made with.
        labels: (n, H, W), a frame an iteration, or one that stands still.
        readouts: a line under it, for each iteration or one for all.
        shadow: whether background is darkened, where it is a label of its own and not the absence of one.
    """

    title: str
    subtitle: str
    labels: NDArray[np.uint8]
    readouts: Sequence[str] = ("",)
    shadow: bool = False


@dataclass(frozen=True)
class Film:
    """What is stepped through: a photograph (PNG, JPEG or WebP) of any size, and panels of one size (H, W)."""

    photograph: bytes
    panels: Sequence[Panel]
    classes: Sequence[str]
    iterations: int


def pack(film: Film, iteration: int, revision: str) -> bytes:
    """4-byte length of the header, the header in JSON, the photograph, all label maps compressed.

    Args:
        film: at least one panel.
        iteration: that the browser shows when it meets ``revision`` for the first time.
        revision: a new one makes the browser leave the iteration that it shows.
    """
    maps = zlib.compress(b"".join(np.ascontiguousarray(panel.labels).tobytes() for panel in film.panels), 6)
    shown = _shown(film)
    header = {
        "size": film.panels[0].labels.shape[1:],
        "iterations": film.iterations,
        "photograph": len(film.photograph),
        "panels": [_described(panel) for panel in film.panels],
        "colours": {str(label): voc_palette()[label].tolist() for label in shown},
        "legend": _legend(film, shown),
        "iteration": iteration,
        "revision": revision,
    }
    digest = hashlib.sha256(film.photograph + maps + json.dumps(header["panels"]).encode())
    text = json.dumps({**header, "content": digest.hexdigest()}).encode()
    return struct.pack("<I", len(text)) + text + film.photograph + maps


def _described(panel: Panel) -> dict[str, object]:
    return {
        "title": panel.title,
        "subtitle": panel.subtitle,
        "frames": len(panel.labels),
        "readouts": list(panel.readouts),
        "shadow": panel.shadow,
    }


def _shown(film: Film) -> list[int]:
    """Labels above 0 that occur, ascending."""
    found = {int(label) for panel in film.panels for label in np.unique(panel.labels)}
    return sorted(found - {0, IGNORED})


def _legend(film: Film, shown: Sequence[int]) -> list[tuple[str, str]]:
    named = [(film.classes[n - 1], "rgb({},{},{})".format(*voc_palette()[n])) for n in shown if n <= len(film.classes)]
    if any(panel.shadow for panel in film.panels):
        named.append(("trusted background", "#333"))
    if any((panel.labels == IGNORED).any() for panel in film.panels):
        named.append(("ignored", _STRIPES))
    return named


@dataclass(frozen=True)
class _Seen:
    """The iteration in the blob, the one that the browser reported last, and the blob's revision."""

    sent: int
    current: int
    revision: str


def scrubber(film: Film, iteration: int, *, key: str, on_change: Callable[[int], None]) -> None:
    """Show the film at ``iteration``; ``on_change`` gets the iteration that people stepped to, once they rest.

    The browser keeps its iteration over reruns. It takes ``iteration`` when that is not what it reported last.

    Args:
        film: what is shown.
        iteration: as the address has it; ``on_change`` must see to it that later runs give the reported one.
        key: names the component.
        on_change: writes the address.
    """
    place = f"{key} seen"
    seen = st.session_state.get(place)
    if seen is None or seen.current != iteration:
        seen = _Seen(iteration, iteration, secrets.token_hex(6))
        st.session_state[place] = seen

    def changed() -> None:
        reported = int(st.session_state[key].iteration)
        known = st.session_state[place]
        st.session_state[place] = _Seen(known.sent, reported, known.revision)
        on_change(reported)

    # The iteration of the first run stays in the blob, so that an unchanged film is not sent again.
    _mount(data=pack(film, seen.sent, seen.revision), key=key, on_iteration_change=changed)
