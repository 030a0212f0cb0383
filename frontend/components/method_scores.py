"""Eqs. 4 to 6 of the Method page: toy masks that sliders move, and the demo networks' own numbers."""

from __future__ import annotations

from typing import Any

import streamlit as st

from frontend.components import markup, method_figure
from frontend.components.chooser import labelled
from frontend.components.drawing import drawing
from frontend.components.protocol import protocol_html
from frontend.components.scored import largest
from frontend.components.words import number
from frontend.session import client, curves, page_guard
from ssenet.analysis.method import TRUE_SIDE, Means, Toy, means, toy_prediction, toy_truth
from ssenet.config import PAPER_ALPHA
from ssenet.histograms import nearest_edge
from ssenet.results import MULTI_SCALE

TOY_CLASSES = ("background", "large square", "small square")
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
EQ4 = r"\mathrm{mIoU} = \frac{1}{C} \sum_{c=0}^{C} \frac{TP_c}{TP_c + FN_c + FP_c} \quad (4)"
EQ5 = r"m_{FN} = \frac{1}{C-1} \sum_{c=1}^{C-1} \frac{FN_c}{TP_c} \quad (5)"
EQ6 = r"m_{FP} = \frac{1}{C-1} \sum_{c=1}^{C-1} \frac{FP_c}{TP_c} \quad (6)"


def scores() -> None:
    """The toy masks and, below, the same numbers of the demo networks."""
    with page_guard("method_scores"):
        for equation in (EQ4, EQ5, EQ6):
            st.latex(equation)
        left, right = st.columns([2, 3])
        with left:
            side = st.slider("Side of the predicted square", 0, 44, 32, 2, format="%d px", key="toy_side", **BOUND)
            shift = st.slider("Moved to the right", -20, 20, 0, 1, format="%d px", key="toy_shift", **BOUND)
            second = st.toggle("The small square is found", True, key="toy_second", **BOUND)
            truth, predicted = toy_truth(), toy_prediction(Toy(side, shift, second))
            drawing(method_figure.toy_svg(truth, predicted), key="toy_drawing")
            st.html(method_figure.toy_legend())
        with right:
            found = means(truth, predicted, TOY_CLASSES)
            st.html(toy_table(found))
            st.markdown(in_words(found, side, shift))
        st.markdown(
            "**Which C?** Eq. 4 sums from c = 0 to C, which is one term more than it divides by; Eqs. 5 and 6 sum the "
            "C − 1 foreground classes. Both make sense with C = 21 on VOC: mIoU is the mean over 21 classes with the "
            "background, m_FN and m_FP over the 20 without. Counts are added up over all images before they are "
            "divided, and a class that is never found (TP = 0) has no ratio: it is left out and counted."
        )
        of_the_demo()


def toy_table(found: Means) -> str:
    """Counts of every class, and the means."""
    header = ["class", "TP", "FN", "FP", "IoU", "FN/TP", "FP/TP"]
    rows = [
        [c.name, str(c.tp), str(c.fn), str(c.fp), f"{100 * c.iou:.1f} %", *_ratios(c.fn_ratio, c.fp_ratio, i > 0)]
        for i, c in enumerate(found.classes)
    ]
    rows.append(["mean", "", "", "", f"{100 * found.miou:.1f} %", *_ratios(found.m_fn, found.m_fp, True)])
    return markup.table(header, rows, "Eqs. 4 to 6 of the toy masks")


def _ratios(fn: float | None, fp: float | None, counts: bool) -> list[str]:
    return [number(fn), number(fp)] if counts else ["–", "–"]


def in_words(found: Means, side: int, shift: int) -> str:
    """What the sliders did."""
    if found.classes[1].tp == 0:
        size = "Nothing of the large square is found: its FN/TP and FP/TP are undefined and left out of the means."
    elif side > TRUE_SIDE:
        size = "The prediction is larger than the object, as CAMs of small photographs are: FP/TP grows."
    elif side < TRUE_SIDE:
        size = "The prediction is smaller than the object, as CAMs of large photographs are: FN/TP grows."
    else:
        size = "The prediction has the size of the object."
    moved = " Moved, it both misses and adds." if shift and found.classes[1].tp else ""
    printed = f"{100 * found.miou_by_printed_c:.1f} %"
    return (
        f"{size}{moved}  \nmIoU divides by 3 classes. Eq. 4 as printed, with C = 2 foreground classes, would divide "
        f"those three terms by 2: {printed}."
    )


def of_the_demo() -> None:
    """mIoU, m_FN and m_FP of the networks that come with the product, at the paper's α."""
    builtin = sorted((c for c in client().checkpoints("cam") if c.builtin), key=lambda one: one.card.method)
    scored = largest(builtin, client().evaluations())
    if not scored:
        return
    rows = []
    for label, evaluation in scored.items():
        answer = curves(evaluation.id)
        row = next((one for one in answer.rows if one.row == MULTI_SCALE), None)
        if row is None:
            continue
        at = nearest_edge(PAPER_ALPHA)
        miou = row.miou[at]
        rows.append([
            label, "–" if miou is None else f"{100 * miou:.1f} %", number(row.m_fn[at]), number(row.m_fp[at]),
            str(row.undefined[at]),
        ])  # fmt: skip
    header = ["network, multi-scale", "mIoU", "m_FN", "m_FP", "classes without TP"]
    st.html(markup.table(header, rows, "Eqs. 4 to 6 of the demo networks"))
    st.caption(f"At the fixed α = {PAPER_ALPHA:g}. The α lab has every α and every scale.")
    fixed = {"alpha_rule": f"fixed {PAPER_ALPHA:g}"}
    cards = [(name, one.record.protocol.model_copy(update=fixed)) for name, one in scored.items()]
    names = labelled(builtin)
    st.html(protocol_html(cards, "the demo networks' scores", [names[label].card for label in scored]))
