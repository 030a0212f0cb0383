"""Figures by object size on the comparison's page, and the way from one object to its photograph."""

from __future__ import annotations

from typing import Any, get_args

import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components.pair_choice import Pair
from frontend.components.protocol import protocol_html
from frontend.components.verdict import verdict_html
from frontend.session import client
from ssenet.analysis.comparison_figures import SIZE_TITLES, SizeFigure, best_alpha_against_area, sizes_against_scale
from ssenet.analysis.object_sizes import SizeComparison
from ssenet.analysis.verdict import row_words, size_verdict

ABOUT = (
    "An object is here the region of one class in one photograph: masks are semantic and do not tell two birds apart. "
    "Its area is a fraction of the photograph's scored pixels. FN/TP and FP/TP are of the pixels of all objects of a "
    "size together, without the mean over classes of Eqs. 5 and 6."
)


def sizes_view(found: SizeComparison, pair: Pair, evaluations: tuple[s.Evaluation, s.Evaluation]) -> None:
    """The paper's claim about size: the verdict, figures against scale, and every object's best α against its area."""
    st.html(verdict_html(size_verdict(found, pair.a, pair.b), "Best α and the size of objects"))
    small, medium = (f"{100 * limit:.1f} %" for limit in found.limits)
    st.caption(
        f"{found.objects} objects in {found.images} photographs: small up to {small} of the photograph, medium up to "
        f"{medium}, large above. {ABOUT}"
    )
    fixed = found.choice.alpha_a if found.choice.alpha_a != "best" else None
    st.subheader(f"Every object's best α against its area, {row_words(found.choice.row)}", anchor=False)
    scatter = best_alpha_against_area(found, pair.a, pair.b, fixed)
    event: Any = st.plotly_chart(
        scatter,
        key="scatter",
        on_select="rerun",
        selection_mode="points",
        alt="Best α of every object against its area",
    )
    _chosen_object(event, evaluations)
    st.caption(_undefined(found, pair))
    figure = _figure_choice()
    st.subheader(f"Small, medium and large objects at every scale: {SIZE_TITLES[figure]}", anchor=False)
    drawn = sizes_against_scale(found, figure, pair.a, pair.b)
    st.plotly_chart(drawn, key="size_figure_plot", alt=f"{SIZE_TITLES[figure]} of three object sizes against scale")
    cards = [(pair.a, found.a.protocol), (pair.b, found.b.protocol)]
    st.html(protocol_html(cards, "the object sizes", [one.card for one in pair.checkpoints]))


def _figure_choice() -> SizeFigure:
    figures = list(get_args(SizeFigure))
    chosen: SizeFigure = st.segmented_control(
        "Shown at every scale", figures, default="best_alpha", required=True, format_func=SIZE_TITLES.__getitem__,
        key="size_figure", bind="query-params", persist_state="session",
    )  # fmt: skip
    return chosen


def _undefined(found: SizeComparison, pair: Pair) -> str:
    """How many objects have no best α."""
    said = []
    for name, network in ((pair.a, found.a), (pair.b, found.b)):
        row = next(one for one in network.rows if one.row == found.choice.row)
        said.append(f"{sum(one.undefined for one in row.sizes)} of {found.objects} with {name}")
    shown = "" if len(found.a.points) == found.objects else f" {len(found.a.points)} objects, evenly chosen, are drawn."
    missing = f"Objects that no α hits have no best α and are not drawn: {', '.join(said)}."
    return f"{missing}{shown} Choose a point to open its photograph."


def _chosen_object(event: Any, evaluations: tuple[s.Evaluation, s.Evaluation]) -> None:
    points = event["selection"]["points"] if event else []
    if not points:
        return
    image, name = str(points[0]["customdata"][0]), str(points[0]["customdata"][1])
    owner = next((one for one in evaluations if image in one.record.image_ids), None)
    if owner is None:
        return
    text, button = st.columns([4, 1], vertical_alignment="center")
    text.info(f"The {name} of {image}: area {points[0]['x']:.1f} % of the photograph, best α {points[0]['y']:.3f}.")
    # What is bound to a widget of this page cannot be part of the link: the class goes along in the session.
    if button.button(
        "Open in Inspect", icon=":material/image_search:", key="open_object", width="stretch",
        on_click=_keep_class, args=(name,),
    ):  # fmt: skip
        _open(owner, image)


def _keep_class(name: str) -> None:
    st.session_state["class"] = name


def _open(evaluation: s.Evaluation, image: str) -> None:
    """Go to the photograph; class and α go along."""
    index = evaluation.record.image_ids.index(image)
    try:
        opened = client().open_sample(evaluation.dataset_id, evaluation.record.protocol.split, index)
    except Problem as problem:
        st.error(f"The photograph was not opened. {problem}")
        return
    st.switch_page("views/inspect.py", query_params={"image": opened.id})
