"""From one photograph to the whole data set: whether the difference to the baseline is more than chance."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from frontend.components.cams import Gathered
from frontend.components.covered import Measured
from frontend.components.inspected import Inspected
from ssenet.results import MULTI_SCALE

QUESTION = "Is the difference to the baseline real?"
QUESTION_OF_OTHERS = "Is the difference real?"
HELP = (
    "One photograph proves nothing: Compare measures the same class, α and scale on a whole data set, with the "
    "paired bootstrap's confidence interval."
)


def compared_row(measured: Sequence[Measured], scales: Sequence[float]) -> str:
    """The scale to compare at: where SSENet stops over-covering, or else another network; all scales together else."""
    ordered = sorted(measured, key=lambda one: one.method != "ssenet")
    found = [one.balance_row for one in ordered if one.balance_row is not None]
    alone = f"{scales[0]:g}" if len(scales) == 1 else MULTI_SCALE
    return found[0] if found else alone


def comparison_query(inspected: Inspected) -> dict[str, str | Sequence[str]]:
    """Address of the comparison: the baseline first, then SSENet, and the class that the first of them shows."""
    rows = sorted(zip(inspected.found, inspected.subjects, strict=True), key=lambda row: _rank(row[0]))
    query: dict[str, str | Sequence[str]] = {
        "checkpoints": [one.label for one, _ in rows],
        "alpha": f"{inspected.view.alpha:g}",
        "rows": compared_row(inspected.measured, inspected.scales),
    }
    class_name = rows[0][1].class_name
    return {**query, "class": class_name} if class_name else query


def _rank(one: Gathered) -> int:
    return {"baseline": 0, "ssenet": 1}.get(one.checkpoint.card.method, 2)


def question(methods: Sequence[str]) -> str | None:
    """What the link asks, by the methods of the networks; None when there are no two that masks can score.

    A network of ImageNet classes has no masks here, so that it cannot be compared.
    """
    scored = [method for method in methods if method != "classifier"]
    if len(scored) < 2:
        return None
    return QUESTION if "baseline" in scored and len(set(scored)) > 1 else QUESTION_OF_OTHERS


def comparison_link(inspected: Inspected) -> None:
    """The link, once there are two networks to compare."""
    asked = question([one.checkpoint.card.method for one in inspected.found])
    if asked is None:
        st.caption("Choose two trained checkpoints to compare them.")
        return
    with st.container(key="is_it_real"):
        st.page_link(
            "views/compare.py",
            label=asked,
            icon=":material/query_stats:",
            help=HELP,
            query_params=comparison_query(inspected),
            width="stretch",
        )
