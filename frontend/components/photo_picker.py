"""A row of thumbnails that works like a group of radio buttons."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

_HTML = '<div class="row" role="radiogroup"></div>'

_CSS = """
.row { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 3px; }
.row > span { font-size: .86rem; margin-right: 4px; }
button {
  padding: 0; margin: 0; border: 0; background: none; cursor: pointer; line-height: 0;
  border-radius: 6px; outline: 2px solid transparent; outline-offset: 1px;
}
button img { height: 46px; width: 62px; object-fit: cover; border-radius: 6px; opacity: .82; display: block; }
button:hover img, button[aria-checked=true] img { opacity: 1; }
button[aria-checked=true] { outline-color: var(--st-primary-color); }
button:focus-visible { outline: 3px solid var(--st-text-color); }
"""

_JS = """
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const row = parentElement.querySelector('.row');
  row.setAttribute('aria-label', data.label);
  // What is drawn anew loses the keyboard's focus: it is given back to the same photograph.
  const focused = row.getRootNode().activeElement;
  const held = row.contains(focused) ? focused.dataset.id : null;
  const pick = (id) => setTriggerValue('picked', id);
  const caption = document.createElement('span');
  caption.textContent = data.caption;
  row.replaceChildren(...(data.caption ? [caption] : []), ...data.photos.map((photo, index) => {
    const button = document.createElement('button');
    const checked = photo.id === data.current;
    button.type = 'button';
    button.dataset.id = photo.id;
    button.setAttribute('role', 'radio');
    button.setAttribute('aria-checked', String(checked));
    button.title = photo.title;
    button.tabIndex = checked || (index === 0 && !data.photos.some((p) => p.id === data.current)) ? 0 : -1;
    const image = document.createElement('img');
    image.src = photo.src;
    image.alt = photo.title;
    button.append(image);
    button.onclick = () => pick(photo.id);
    return button;
  }));
  [...row.querySelectorAll('button')].find((button) => button.dataset.id === held)?.focus({ preventScroll: true });
  row.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...row.querySelectorAll('button')];
    const from = buttons.indexOf(row.getRootNode().activeElement);
    const to = (from + step + buttons.length) % buttons.length;
    buttons[to].focus();
    pick(data.photos[to].id);
  };
}
"""

_mount = st.components.v2.component("ssenet_photo_picker", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True)
class Thumbnail:
    """One choice: its id, its description for people who cannot see it, and a small PNG."""

    id: str
    title: str
    png: bytes


def photo_picker(
    photos: Sequence[Thumbnail],
    current: str | None,
    on_pick: Callable[[str], None],
    key: str,
    label: str = "Sample photographs",
    caption: str = "",
) -> None:
    """Show thumbnails; a click or an arrow key gives ``on_pick`` the id.

    Args:
        photos: from left to right.
        current: id of the chosen one, if it is among them.
        on_pick: takes an id.
        key: of the component.
        label: their name for people who cannot see them.
        caption: a word before the first.
    """
    choices = [
        {"id": p.id, "title": p.title, "src": "data:image/png;base64," + base64.b64encode(p.png).decode()}
        for p in photos
    ]

    def picked() -> None:
        chosen = st.session_state[key].picked
        if chosen:
            on_pick(chosen)

    _mount(
        data={"photos": choices, "current": current, "label": label, "caption": caption},
        key=key,
        on_picked_change=picked,
    )
