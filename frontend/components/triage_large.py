"""One photograph of a ranking, large: every scale of both networks, its mask, its figures, and keys to go on."""

from __future__ import annotations

from html import escape
from typing import Literal

import streamlit as st

from frontend.client import Problem
from frontend.components import markup, words
from frontend.components.triage_filters import rows
from frontend.components.triage_maps import opened
from frontend.components.triage_shown import Drawing, Shown, go_to
from ssenet.analysis.triage_record import TriageRow

SIDE = 320
"""Long side of its pictures, in pixels."""


def large(drawing: Drawing, place: int, total: int) -> None:
    """The photograph at a place of the ranking."""
    shown = drawing.shown
    [row] = rows(shown.ranking.id, shown.choice, 1, place - 1).items
    with st.container(border=True, key="large"):
        _controls(shown, row, place, total)
        try:
            st.html(_strip(drawing, row))
        except Problem as problem:
            st.error(str(problem))
        st.html(_figures_table(row, shown))


def _controls(shown: Shown, row: TriageRow, place: int, total: int) -> None:
    """Back and forth, on to Inspect, and away; each has its key."""
    with st.container(horizontal=True, vertical_alignment="center"):
        _step("Previous", "Left", "chevron_left", place - 1, place <= 1)
        _step("Next", "Right", "chevron_right", place + 1, place >= total)
        st.markdown(f"**{place} of {total}** · {row.image_id} · {row.class_name}", width="stretch")
        if st.button("Open in Inspect", key="large_inspect", icon=":material/image_search:", shortcut="Enter"):
            st.switch_page("views/inspect.py", query_params=inspect_query(shown, row))
        _step("Close", "Esc", "close", None, False)


def _step(label: str, shortcut: str, icon: str, target: int | None, disabled: bool) -> None:
    side: Literal["left", "right"] = "right" if label == "Next" else "left"
    st.button(
        label, key=f"large_{label.lower()}", icon=f":material/{icon}:", icon_position=side, shortcut=shortcut,
        disabled=disabled, on_click=go_to, kwargs={"place": target},
    )  # fmt: skip


def inspect_query(shown: Shown, row: TriageRow) -> dict[str, str | list[str]]:
    """The address of Inspect with this photograph, class, networks, scales and α."""
    protocol = shown.protocol
    return {
        "image": opened(shown.spot(row)).id,
        "class": row.class_name,
        "checkpoints": list(shown.labels),
        "alpha": f"{shown.ranking.record.alpha:g}",
        "scales": [f"{scale:g}" for scale in protocol.scales],
        "flip": str(protocol.flip).lower(),
    }


def _strip(drawing: Drawing, row: TriageRow) -> str:
    """Photograph and truth on the left, then every scale and all together; a line a network."""
    shown, scales = drawing.shown, drawing.shown.protocol.scales
    left = [drawing.photograph(row, SIDE)]
    if row.object_area:
        left.append(drawing.truth(row, SIDE))
    columns = [*((scale,) for scale in scales), tuple(scales)]
    lines = []
    for i, (letter, label, _, figures) in enumerate(shown.networks(row)):
        pictures = [left[i] if i < len(left) else "", *(drawing.map(row, i, views, SIDE) for views in columns)]
        cells = "".join(f"<td>{picture}</td>" for picture in pictures)
        head = f"{letter}: {escape(label)} <small>{escape(row.class_name)} {figures.score:.2f}</small>"
        lines.append(f'<tr><th scope="rowgroup" colspan="{len(columns) + 1}">{head}</th></tr><tr>{cells}</tr>')
    beside = "photograph, ground truth" if len(left) > 1 and len(lines) > 1 else "photograph"
    heads = [beside, *(f"scale {scale:g}" for scale in scales), "multi-scale"]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(f"<tbody>{line}</tbody>" for line in lines)
    return f'<table class="sl-rank-large"><thead><tr>{head}</tr></thead>{body}</table>'


def _figures_table(row: TriageRow, shown: Shown) -> str:
    """Every figure of the row."""
    names = ["inconsistency", "score", "area", *(["iou", "fn_ratio", "fp_ratio"] if shown.ranking.record.masks else [])]
    titles = {"score": "class score", "area": "area above α", "iou": "IoU", "fn_ratio": "FN/TP", "fp_ratio": "FP/TP"}
    header = ["network", *(titles.get(name, name) for name in names)]
    lines = [
        [f"{letter}: {label}", *(words.number(getattr(figures, name)) for name in names)]
        for letter, label, _, figures in shown.networks(row)
    ]
    text = []
    if row.b is not None:
        text.append(f"A and B disagree by {words.number(row.disagreement)} (1 − soft IoU of the multi-scale maps), ")
        text.append(f"by {words.number(row.disagreement_at_alpha)} above α. ")
    if row.object_area:
        text.append(f"The object covers {100 * row.object_area:.1f} % of the photograph.")
    elif row.object_area == 0:
        text.append(f"The mask shows no {row.class_name} here.")
    return markup.table(header, lines, f"Figures of {row.image_id}") + f"<p>{escape(''.join(text))}</p>"
