"""Compare: is the difference between two networks real, or could it be chance?"""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from frontend import schemas as s
from frontend.components import markup
from frontend.components.comparison_bundle import bundle
from frontend.components.comparisons import comparison, size_comparison
from frontend.components.export import bundle_button, view_address
from frontend.components.missing import choose_ground, offer_evaluation
from frontend.components.object_sizes import sizes_view
from frontend.components.pair_choice import (
    Pair,
    adopt_link,
    choose_class,
    choose_pair,
    choose_row,
    choose_rule,
    choose_sizes,
    size_choice,
    swap,
)
from frontend.components.protocol import protocol_html
from frontend.components.scored import common_images, ground, largest
from frontend.components.verdict import MEANING, undefined_words, verdict_html
from frontend.session import client, page_guard
from ssenet.analysis.comparison import Comparison
from ssenet.analysis.comparison_figures import beyond, class_forest, row_differences
from ssenet.analysis.differences import Difference
from ssenet.analysis.pair import AlphaChoice
from ssenet.analysis.verdict import number, row_words, signed, verdict

Both = tuple[s.Evaluation, s.Evaluation]
HEADER = ["class", "IoU of A (%)", "of B", "difference", "95 % interval", "p"]
RATIOS = ["of A", "of B", "difference", "95 % interval", "p"]
RATIO_HEADER = ["class", *(f"FN/TP {name}" for name in RATIOS), *(f"FP/TP {name}" for name in RATIOS)]
OWN_ALPHA = "each α is the best one on the very images that are compared, which flatters both networks."


def page() -> None:
    """Choice, verdict, differences by class, by scale, by object size."""
    st.title("Compare")
    checkpoints = client().checkpoints("cam")
    adopt_link(checkpoints)
    first = st.columns([3, 3, 1.4, 5], vertical_alignment="bottom")
    pair = choose_pair(checkpoints, first[:2])
    if pair is None:
        st.info("Two networks are needed for a comparison. Train one on the page Train.")
        return
    first[2].button(
        "Swap", key="swap", icon=":material/swap_horiz:", on_click=swap, args=(pair.a, pair.b), width="stretch"
    )
    both = evaluated(pair, first[3])
    if both is not None:
        compare(pair, both)


def evaluated(pair: Pair, place: st.delta_generator.DeltaGenerator) -> Both | None:
    """The evaluations of both networks that can be compared; None, and what to do, when there are none."""
    evaluations = client().evaluations()
    where = choose_ground(pair.checkpoints, evaluations, place)
    if pair.a == pair.b:
        st.info("A and B are the same network, which does not differ from itself. Choose another one.")
        return None
    there = [one for one in evaluations if ground(one) == where]
    offer_evaluation(pair.checkpoints, there)
    found = {one.checkpoint_id: one for one in largest(pair.checkpoints, there).values()}
    if len(found) < 2:
        return None
    a, b = (found[checkpoint.id] for checkpoint in pair.checkpoints)
    if not common_images([a, b]):
        st.warning("The two were scored on different images, none in common. Evaluate one of them again.")
        return None
    return a, b


def compare(pair: Pair, both: Both) -> None:
    """The verdict first, then what it rests on."""
    records = [one.record for one in both]
    places = st.columns([2, 2, 3, 4], vertical_alignment="bottom")
    row = choose_row(places[0], [name for name in records[0].rows if name in records[1].rows])
    class_name = choose_class(places[1], records[0].classes)
    alpha = choose_rule(places[2], places[3])
    answer = st.container()
    found = comparison(both[0].id, both[1].id, size_choice(row, alpha, None))
    with answer:
        show_verdict(found, pair, class_name, alpha)
    st.header(f"IoU of every class, {row_words(row)}", anchor=False)
    forest, table = st.columns([6, 5])
    figures = {"classes": class_forest(found, class_name), "scales": row_differences(found)}
    with forest:
        by_class(figures["classes"], found)
    with table:
        st.html(markup.table(HEADER, class_rows(found), "IoU of every class"))
    by_row(figures["scales"], found, pair)
    by_size(pair, both, row, alpha, (found, class_name, figures))


def show_verdict(found: Comparison, pair: Pair, class_name: str | None, alpha: AlphaChoice) -> None:
    """The answer in words."""
    leak = OWN_ALPHA if alpha == "best" else None
    st.html(verdict_html(verdict(found, class_name, pair.a, pair.b), "Is the difference real?", leak=leak))
    if found.differing:
        st.warning(f"Besides the networks this differs too: {', '.join(found.differing).replace('_', ' ')}.")
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.caption(f"{MEANING} Paired bootstrap: {found.choice.samples} resamples, seed {found.choice.seed}.")
    query: dict[str, str | Sequence[str]] = {"checkpoints": [pair.a, pair.b], "rows": [found.choice.row]}
    query |= {"alpha": f"{alpha:g}"} if alpha != "best" else {}
    query |= {"class": class_name} if class_name else {}
    query |= {"images": "true", "of": pair.b, "row": found.choice.row}
    right.page_link(
        "views/alpha_lab.py", label="The images behind it", icon=":material/photo_library:", query_params=query
    )


def by_class(forest: go.Figure, found: Comparison) -> None:
    """The forest plot."""
    st.plotly_chart(forest, key="forest", alt="Difference of IoU of every class with its 95 % interval")
    count = len(found.classes)
    st.caption(
        f"Of {count} intervals at 95 %, about {0.05 * count:.1f} would leave out zero by chance alone: one class "
        "among many that looks real is no proof."
    )
    with st.expander("FN/TP and FP/TP of every class"):
        st.html(markup.table(RATIO_HEADER, ratio_rows(found), "FN/TP and FP/TP of every class"))


def by_row(figure: go.Figure, found: Comparison, pair: Pair) -> None:
    """Every scale at once."""
    st.header("Every scale: object left out, background covered, mIoU", anchor=False)
    st.plotly_chart(figure, key="rows_plot", alt="Differences of m_FN, m_FP and mIoU at every scale with intervals")
    said = [f"B − A; below zero B leaves out or covers less. {undefined_words(found)}"]
    outside = beyond(found)
    if outside:
        reach = "reach beyond the axis: some classes have nearly no true positive there."
        said.append(f"Intervals at {', '.join(row_words(row) for row in outside)} {reach}")
    st.caption(" ".join(said))
    cards = [(pair.a, found.protocol_a), (pair.b, found.protocol_b)]
    st.html(protocol_html(cards, "the comparison", [one.card for one in pair.checkpoints]))


def class_rows(found: Comparison) -> list[list[str]]:
    """The table's cells, classes in the order of the data set."""
    return [[one.name, *_cells(one.iou, percent=True)] for one in found.classes]


def ratio_rows(found: Comparison) -> list[list[str]]:
    """FN/TP and FP/TP of the foreground classes."""
    return [
        [one.name, *_cells(one.fn_ratio), *_cells(one.fp_ratio)]
        for one in found.classes
        if one.fn_ratio is not None and one.fp_ratio is not None
    ]


def _cells(one: Difference, *, percent: bool = False) -> list[str]:
    """A, B, difference, interval, p."""
    sides = ["undefined" if v is None else number(v, percent).removesuffix(" %") for v in (one.a, one.b)]
    difference = "undefined" if one.difference is None else signed(one.difference, percent)
    known = one.low is not None and one.high is not None
    limits = f"{signed(one.low or 0, percent)} to {signed(one.high or 0, percent)}" if known else "undefined"
    return [*sides, difference, limits, "undefined" if one.p is None else f"{one.p:.3f}"]


def by_size(
    pair: Pair,
    both: Both,
    row: str,
    alpha: AlphaChoice,
    shown: tuple[Comparison, str | None, dict[str, go.Figure]],
) -> None:
    """The paper's claim about the size of objects, and the export of everything on the page."""
    st.header("Does it depend on the size of objects?", anchor=False)
    limits = choose_sizes(st.container())
    found = size_comparison(both[0].id, both[1].id, size_choice(row, alpha, limits))
    sizes_view(found, pair, both)
    comparison_, class_name, figures = shown
    address, fetch = view_address(), client().histograms
    bundle_button(
        lambda: bundle((comparison_, found), both, class_name, figures, fetch, address),
        key="export_compare",
        stem="compare",
    )


with page_guard("compare"):
    page()
