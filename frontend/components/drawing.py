"""A drawing (SVG) on a page, in the page's own text colour."""

from __future__ import annotations

import streamlit as st

_CSS = ".drawing { color: var(--st-text-color); font-family: var(--st-font); } svg { overflow: visible; }"
_JS = """
export default function ({ data, parentElement }) {
  parentElement.querySelector('.drawing').innerHTML = data.svg;
}
"""
_mount = st.components.v2.component("ssenet_drawing", html='<div class="drawing"></div>', css=_CSS, js=_JS)


def drawing(svg: str, key: str) -> None:
    """Show an SVG that the program made itself; every text in it must be escaped. ``st.html`` would leave it out."""
    _mount(data={"svg": svg}, key=key)
