"""α for this photograph: the paper's, suggestions that need no ground truth, and the oracle that does."""

from __future__ import annotations

from html import escape

import streamlit as st

from frontend.canvas import CanvasView
from frontend.components.covered import Measured, suggestions
from frontend.components.inspected import Inspected
from frontend.components.look import keep_alpha
from frontend.components.markup import badge
from ssenet.config import PAPER_ALPHA
from ssenet.histograms import threshold_to_power
from ssenet.results import MULTI_SCALE

RULES = {
    "valley": "Otsu's threshold: the valley of the histogram of scores, all scales together.",
    "scales agree": "The α at which the masks of the single scales agree most, above chance.",
}


def alpha_choice(inspected: Inspected) -> None:
    """A line of buttons for each checkpoint; a click sets α."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html("<b>α</b>", width="content")
        _button(f"{PAPER_ALPHA:g} (the paper)", PAPER_ALPHA, inspected.view, "alpha_paper", "The fixed α of the paper.")
        st.html(f'<span class="sl-pointer">{power(inspected.view.alpha)}</span>', width="content")
    for index, one in enumerate(inspected.measured):
        if one.complete:
            _row(index, one, inspected.view)


def power(alpha: float) -> str:
    """The exponent of the released code's background score that labels alike."""
    if not 0 < alpha < 1:
        return f"α = {alpha:g} has no equivalent power"
    return f"α = {alpha:.3f} labels as power {threshold_to_power(alpha):.2f} of the background score (1 − m)^power"


def _row(index: int, one: Measured, view: CanvasView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<span class="sl-pointer">{escape(one.name)}, {_of(one)}</span>', width="content")
        st.html(badge("experimental", "amber"), width="content")
        for rule, value in suggestions(one).items():
            if value is None:
                st.html(f'<span class="sl-pointer">{rule}: none</span>', width="content")
            else:
                _button(f"{rule} {value:.3f}", value, view, f"alpha_{rule}_{index}", RULES[rule])
        if one.oracle is not None:
            value, iou = one.oracle
            st.html(badge("knows the mask", "red"), width="content")
            help = f"The α of the best IoU on this photograph's own mask, {100 * iou:.0f} %. It is no rule to use."
            _button(f"oracle {value:.3f}", value, view, f"alpha_oracle_{index}", help)


def _of(one: Measured) -> str:
    return "all scales" if one.main_row == MULTI_SCALE else f"scale {one.main_row}"


def _button(label: str, alpha: float, view: CanvasView, key: str, help: str) -> None:
    chosen = round(alpha, 3) == view.alpha
    st.button(
        label, key=key, help=help, on_click=keep_alpha, args=(view, alpha), type="primary" if chosen else "secondary",
    )  # fmt: skip
