"""What a ranking is sorted and filtered by, and how the values are spread."""

from __future__ import annotations

import math
from typing import Any, get_args

import streamlit as st

from frontend.components.triage_choice import BOUND
from frontend.keeping import kept
from frontend.schemas.triage import RankedRows, Ranking
from frontend.session import client
from ssenet.analysis.ranking import COLUMNS, Choice, Measure, Order, Size

ALL = "all"
AUTO = "strangest first"
ORDERS: dict[str, Order | None] = {AUTO: None, "highest first": "descending", "lowest first": "ascending"}
OF_ONE: frozenset[Measure] = frozenset({"inconsistency", "iou", "fn_ratio", "fp_ratio", "score", "area"})
"""Figures that each network has; without more words they are A's."""
PAGE_STATE = ("place", "rank_page")
"""Parameters that mean another photograph when the choice changes."""


def choose(ranking: Ranking) -> Choice:
    """Figure, order, class, size and range; all of it in the address."""
    a, b, c, d, e = st.columns([2.3, 1.7, 1.7, 1.9, 2.6])
    sorts = list(ranking.sorts)
    _forget("rank_by", sorts)
    by = a.selectbox(
        "Rank by", sorts, key="rank_by", format_func=lambda m: title(m, ranking), on_change=_start_over, **BOUND
    )
    order = b.selectbox("Order", list(ORDERS), key="rank_order", on_change=_start_over, **BOUND)
    classes = [ALL, *ranking.record.classes]
    _forget("rank_class", classes)
    name = c.selectbox("Class", classes, key="rank_class", on_change=_start_over, **BOUND)
    chosen = Choice(sort=by, order=ORDERS[str(order)], class_name=None if name == ALL else str(name))
    if ranking.record.size_limits is not None:
        with d:
            chosen = chosen.model_copy(update={"size": _size(ranking)})
    with e:
        return _ranged(ranking, chosen)


def title(measure: Measure, ranking: Ranking) -> str:
    """Name of a figure; what needs masks says so."""
    text = COLUMNS[measure].title
    text += " of A" if ranking.record.other is not None and measure in OF_ONE else ""
    return f"{text} (uses masks)" if COLUMNS[measure].truth else text


def _forget(key: str, options: list[Any]) -> None:
    """Drop what an old link or another ranking says and this one does not have."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def _start_over() -> None:
    for name in PAGE_STATE:
        st.query_params.pop(name, None)


def _size(ranking: Ranking) -> Size | None:
    low, high = ranking.record.size_limits or (0.0, 1.0)
    help = (
        f"Share of the photograph that the object covers in the mask: small up to {100 * low:.0f} %, medium up to "
        f"{100 * high:.0f} %, large above. A third of all objects is in each."
    )
    found = st.selectbox(
        "Object size (uses masks)", [ALL, *get_args(Size)], key="rank_size", help=help, on_change=_start_over, **BOUND
    )
    return next((size for size in get_args(Size) if size == found), None)


def _ranged(ranking: Ranking, choice: Choice) -> Choice:
    """The choice with a range of values, which starts with all of them."""
    edges = rows(ranking.id, choice, 1, 0).distribution.edges
    top = max(1.0, math.ceil(edges[-1] * 20) / 20)
    key = f"range_{choice.sort}"
    if key in st.session_state and st.session_state[key][1] > top:
        del st.session_state[key]
    low, high = st.slider(
        "Only values from … to …", 0.0, top, (0.0, top), 0.01 if top <= 1 else 0.05, key=key, on_change=_start_over,
        **BOUND,
    )  # fmt: skip
    return choice.model_copy(update={"low": low if low > 0 else None, "high": high if high < top else None})


@kept(max_entries=500)
def _rows(ranking_id: str, choice: str, limit: int, offset: int) -> RankedRows:
    return client().ranked_rows(ranking_id, Choice.model_validate_json(choice), limit, offset)


def rows(ranking_id: str, choice: Choice, limit: int, offset: int) -> RankedRows:
    """Some rows; fetched once, since rankings never change."""
    return _rows(ranking_id, choice.model_dump_json(), limit, offset)
