"""The export button: one zip with what a page shows, made when it is asked for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Literal
from urllib.parse import quote, urlencode

import streamlit as st

from frontend.client import api_url
from frontend.schemas import Checkpoint
from ssenet.bundle import Bundle, fetch_commands, pack_bundle

INSIDE = (
    "One zip: pictures (PNG, SVG), figures (HTML that works offline), raw maps (float16 npz), tables (CSV), label maps "
    "in VOC colours, and a manifest with the protocol, the exact command lines, the address of this view and the "
    "sha256 of every file. Only what this page has is in it."
)


def bundle_button(
    build: Callable[[], Bundle],
    *,
    key: str,
    label: str = "Export",
    stem: str | None = None,
    width: Literal["content", "stretch"] = "content",
) -> None:
    """A download button that builds the bundle on the click, not on every run.

    The file is called ``<stem>-<hash>.zip``; the hash is of the view's address, so that equal views have equal
    names and equal bytes.

    Args:
        build: makes the bundle in a thread of its own, where there is no ``st``: what it needs of the page, such
            as ``view_address()``, is asked for before.
        key: of the widget.
        label: on the button.
        stem: of the file name; None takes the key.
        width: its own, or that of the column it stands in.
    """
    st.download_button(
        label,
        lambda: pack_bundle(build()),
        file_name(stem or key, view_address()),
        "application/zip",
        key=key,
        on_click="ignore",
        icon=":material/folder_zip:",
        help=INSIDE,
        width=width,
    )


def fetch_lines(checkpoints: Iterable[Checkpoint]) -> tuple[str, ...]:
    """The lines that must stand before those of ``ssenet``: they fetch each network that was trained or brought in.

    Each comes into a folder of its id, which ``ssenet`` takes where it takes a built-in id.
    """
    return tuple(line for one in checkpoints if not one.builtin for line in fetch_commands(api_url(), one.id))


def view_address() -> str:
    """The address of this view, as one would copy it. Ask for it while the page runs, not in ``build``."""
    values = [(key, value) for key in sorted(st.query_params) for value in st.query_params.get_all(key)]
    query = urlencode(values, quote_via=quote)
    return str(st.context.url or "") + (f"?{query}" if query else "")


def file_name(stem: str, address: str) -> str:
    """``<stem>-<hash>.zip`` with what may stand in a file name."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.") or "view"
    return f"{safe}-{hashlib.sha256(address.encode()).hexdigest()[:8]}.zip"
