"""The photographs of a ranking: a page of cards, and one of them large, by mouse and by key."""

from __future__ import annotations

from html import escape

import streamlit as st

from frontend.client import Problem
from frontend.components import words
from frontend.components.triage_filters import rows
from frontend.components.triage_large import large
from frontend.components.triage_shown import Drawing, Shown, go_to, number
from ssenet.analysis.ranking import COLUMNS, Measure, figure
from ssenet.analysis.triage_record import TriageRow

PAGE, ACROSS = 12, 3
SIDE = 240
"""Long side of a card's pictures, in pixels."""
SHORT: dict[Measure, str] = {"inconsistency": "inconsistency", "disagreement": "A–B", "iou": "IoU"}
"""Figures of every card; A–B is the disagreement."""
STYLE = """
<style>
.sl-ranked { display: flex; gap: 4px; }
.sl-ranked figure { margin: 0; flex: 1 1 0; min-width: 0; }
.sl-ranked img { width: 100%; aspect-ratio: 1; object-fit: contain; background: rgba(128,128,128,.12);
  border-radius: 3px; display: block; }
.sl-ranked figcaption { font-size: .78rem; text-align: center; padding-top: 2px; }
.sl-rank-numbers { font-size: .82rem; font-variant-numeric: tabular-nums; margin: 4px 0 0; }
.sl-rank-wait { aspect-ratio: 1; }
.sl-rank-large { width: 100%; border-collapse: collapse; table-layout: fixed; margin: 0; }
.sl-rank-large th, .sl-rank-large td { border: 0; padding: 2px; vertical-align: top; }
.sl-rank-large thead th { font-weight: 500; font-size: .84rem; text-align: center; }
.sl-rank-large tbody th { text-align: left; font-weight: 600; font-size: .94rem; padding: 6px 2px 3px; }
.sl-rank-large th small { font-weight: 400; }
.sl-rank-large img { width: 100%; display: block; border-radius: 3px; }
</style>
"""


def gallery(shown: Shown) -> bool:
    """The large photograph, if one is chosen, and the page of cards; whether maps are still being computed."""
    total = rows(shown.ranking.id, shown.choice, PAGE, 0).total
    place = number("place")
    place = min(place, total) if place and total else None
    last = max(1, -(-total // PAGE))
    page = -(-place // PAGE) if place else min(number("rank_page") or 1, last)
    drawing = Drawing(shown)
    st.html(STYLE)
    if place:
        large(drawing, place, total)
    found = rows(shown.ranking.id, shown.choice, PAGE, (page - 1) * PAGE)
    _pages(page, last, total, len(found.items), keys=place is None)
    for start in range(0, len(found.items), ACROSS):
        for column, offset in zip(st.columns(ACROSS), range(start, start + ACROSS), strict=True):
            if offset < len(found.items):
                with column.container(border=True):
                    _card(drawing, found.items[offset], (page - 1) * PAGE + offset + 1, place)
    return drawing.pending


def _pages(page: int, last: int, total: int, count: int, *, keys: bool) -> None:
    first = (page - 1) * PAGE + 1
    with st.container(horizontal=True, vertical_alignment="center"):
        _turn("Previous page", ":material/chevron_left:", page - 1, page <= 1, "Left" if keys else None)
        _turn("Next page", ":material/chevron_right:", page + 1, page >= last, "Right" if keys else None)
        st.html(f'<span role="status">Photographs {first} to {first + count - 1} of {total}</span>')


def _turn(label: str, icon: str, target: int, disabled: bool, shortcut: str | None) -> None:
    # Another key without the shortcut: a button that only loses it goes on listening in the browser.
    key = label.lower().replace(" ", "_") + ("" if shortcut else "_by_mouse")
    st.button(
        label, icon=icon, key=key, disabled=disabled, shortcut=shortcut, on_click=go_to,
        kwargs={"rank_page": target, "place": None}, icon_position="right" if label.startswith("Next") else "left",
    )  # fmt: skip


def _card(drawing: Drawing, row: TriageRow, place: int, current: int | None) -> None:
    shown = drawing.shown
    try:
        pictures = [("photograph", drawing.photograph(row, SIDE))]
        for i, label in enumerate(shown.labels):
            letter = "AB"[i] if len(shown.labels) > 1 else label
            pictures.append((f"{letter}, all scales", drawing.map(row, i, shown.protocol.scales, SIDE)))
    except Problem as problem:
        st.html(f"<p>{escape(row.image_id)}: {escape(str(problem))}</p>")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"{place} · {row.image_id}", key=f"look_{place}", type="tertiary", icon=":material/zoom_in:",
            on_click=go_to, kwargs={"place": place}, disabled=place == current, help="Every scale of it",
            width="stretch",
        )  # fmt: skip
        st.markdown(row.class_name, width="content")
    figures = "".join(f"<figure>{image}<figcaption>{escape(title)}</figcaption></figure>" for title, image in pictures)
    st.html(f'<div class="sl-ranked">{figures}</div><p class="sl-rank-numbers">{_numbers(row, shown)}</p>')


def _numbers(row: TriageRow, shown: Shown) -> str:
    """The figure that the photograph is ranked by, and the others that matter: of A, or of A and B."""
    by = shown.choice.sort
    parts = [] if by in SHORT else [f"<b>{escape(COLUMNS[by].title)} {words.number(figure(row, by))}</b>"]
    for name, short in SHORT.items():
        if name in shown.ranking.sorts:
            values = [figure(row, name)] if name == "disagreement" else [figure(row, n) for n in _both(name, row)]
            text = f"{escape(short)} {' / '.join(words.number(v) for v in values)}"
            parts.append(f"<b>{text}</b>" if name == by else text)
    return " · ".join(parts)


def _both(name: str, row: TriageRow) -> list[str]:
    return [name, f"{name}_b"] if row.b else [name]
