"""Single classes in one row: their curves, each with its own best α."""

from __future__ import annotations

from typing import Any

import streamlit as st

from frontend.components import alpha_tables as tables
from frontend.components import markup
from frontend.components.alpha_data import Lab, Look, part
from frontend.components.alpha_point import chart
from frontend.components.protocol import protocol_html
from ssenet.analysis import alpha_figures as figures
from ssenet.analysis.alpha import AlphaCurves
from ssenet.results import MULTI_SCALE

BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
MOST = 8
FIRST = 3
"""Classes drawn on a fresh page."""


def classes_section(lab: Lab, look: Look) -> tuple[str, tuple[str, ...], AlphaCurves | None]:
    """A figure and a table of the classes that are chosen: their row, their names, and their curves."""
    row = _row(lab)
    st.header(f"Single classes at {'multi-scale' if row == MULTI_SCALE else f'scale {row}'}", anchor=False)
    known = next(iter(lab.evaluations.values())).record.classes
    chosen = st.pills(
        "Classes drawn",
        ["background", *known],
        selection_mode="multi",
        default=list(known[:FIRST]),
        key="classes",
        help=f"At most {MOST}. The scale is that of the images behind a point.",
        **BOUND,
    )
    if not chosen:
        st.info("Choose a class to see its curve.")
        return row, (), None
    if len(chosen) > MOST:
        st.warning(f"At most {MOST} classes are drawn at a time: the first {MOST} of them are.")
    names = chosen[:MOST]
    ids = tuple(e.id for e in lab.evaluations.values())
    curves = part(ids, row, names, look.alpha, look.draws)
    figure = figures.classes_against_alpha(curves, lab.names, row, names, look.alpha)
    chart(figure, "classes_figure", "IoU of single classes against α")
    one = Lab(curves, lab.names, lab.evaluations, lab.networks)
    with st.expander("Numbers of these classes"):
        st.html(markup.table(tables.CLASSES, tables.classes(one, row, names), "Best α of every class", left=2))
    st.html(protocol_html(lab.cards(), "the classes", lab.networks))
    return row, tuple(names), curves


def _row(lab: Lab) -> str:
    """The scale that is looked at closely, as long as every checkpoint has it."""
    shared = set.intersection(*(set(e.record.rows) for e in lab.evaluations.values()))
    row = str(st.session_state.get("row", st.query_params.get("row", MULTI_SCALE)))
    return row if row in shared else MULTI_SCALE
