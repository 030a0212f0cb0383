"""Method: the network of the paper, its six equations with live examples, and where paper and code differ."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from frontend import schemas as s
from frontend.components import markup, method_figure, method_scores
from frontend.components.chooser import choose_alpha, choose_checkpoints
from frontend.components.drawing import drawing
from frontend.components.first_sample import begin_with_a_sample, source_of
from frontend.components.method_examples import Pair, eq3, pairs, shown_class
from frontend.components.method_text import DIFFERENCES, GLOSSARY, PAGES
from frontend.components.photographs import choose_photograph
from frontend.components.protocol import view_protocol, view_protocol_html
from frontend.session import client, page_guard, picture
from ssenet.analysis.method_figures import terms_figure
from ssenet.config import CURVE_SCALES, PAPER_ALPHA, SerForm
from ssenet.histograms import threshold_to_power
from ssenet.render import colormap, overlay, upsample

POLL_SECONDS = 0.6
SIDE = 300  # long side of the examples' pictures, in pixels
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
Rgb = NDArray[np.uint8]

EQ1 = (
    r"\min_{\theta} \sum_{i} \frac{\lVert P(f_{\theta}(x_i)) - l_i \rVert"
    r" + \lVert P(f_{\theta}(A x_i)) - l_i \rVert}{2}"
    r" + \eta\, R_i \qquad (1)"
)
EQ2 = r"R_i = \lVert f_{\theta}(A x_i) - A f_{\theta}(x_i) \rVert \qquad (2)"
EQ3 = (
    r"M_c = \begin{cases} \alpha & c \text{ is background} \\[4pt]"
    r"\dfrac{\mathrm{ReLU}(\hat{y}_c - \epsilon)}{\max \mathrm{ReLU}(\hat{y}_c) + \epsilon} & \text{others}"
    r"\end{cases} \qquad (3)"
)


def page() -> None:
    """The whole page."""
    st.title("Method")
    st.caption("One network, two sizes of the same photograph, and a loss that wants one answer for both.")
    network()
    equations()
    st.header("Eqs. 4 to 6: how good labels are", anchor="eq4")
    st.fragment(method_scores.scores)()
    st.header("Paper and released code", anchor="differences")
    st.markdown("Both are here, as named settings: what a run used is in its card.")
    rows = [list(one) for one in DIFFERENCES]
    header = ["", "paper", "released code", "setting here"]
    st.html(markup.table(header, rows, "Where paper and released code differ", left=len(header)))
    st.header("Words", anchor="words")
    st.html(f'<section class="sl-card" aria-label="Glossary">{markup.definitions(GLOSSARY)}</section>')
    st.header("Where to see it", anchor="pages")
    for path, title, what in PAGES:
        left, right = st.columns([1, 6], vertical_alignment="center")
        left.page_link(path, label=title)
        right.markdown(what)


def network() -> None:
    """Fig. 3, drawn anew, and its words."""
    drawing(method_figure.network_svg(), key="network_drawing")
    st.caption("After Fig. 3 of the paper, drawn anew.")
    st.markdown(
        "**What for.** A class activation map that is trained by image labels alone changes with the size of the "
        "photograph: small photographs are over-covered, of large ones only the most telling part is found. "
        "**What it does.** SSENet sees every training photograph twice, at full size and scaled down by *A*, with the "
        "same weights. Both maps are pooled and classified as usual. In addition the large map, scaled down by the "
        "same *A*, must equal the small one: that is SER. **What stays.** One branch; at test nothing is different "
        "from a conventional CAM, and it costs the same."
    )


# Eqs. 1 to 3 ---------------------------------------------------------------------------------------
def equations() -> None:
    """Eqs. 1 to 3 on a real photograph."""
    st.header("Eqs. 1 to 3 on a photograph", anchor="eq1")
    datasets = client().datasets()
    begin_with_a_sample(datasets)
    photograph = choose_photograph(datasets)
    networks = [c for c in client().checkpoints("cam") if c.card.method != "classifier"]
    if photograph is None or not networks:
        st.info("The examples need a photograph and a network; train one on the Train page.")
        return
    chosen, small, large = choose_branches(networks)
    if not chosen:
        st.info("Choose at least one network.")
        return
    pending = pairs(photograph, chosen, small, large) is None
    st.fragment(run_every=POLL_SECONDS if pending else None)(examples)(photograph, chosen, small, large, pending)


def choose_branches(networks: Sequence[s.Checkpoint]) -> tuple[list[s.Checkpoint], float, float]:
    """Networks, and the scales that play x and Ax."""
    left, middle, right = st.columns([4, 2, 2], vertical_alignment="bottom")
    with left:
        chosen = choose_checkpoints(networks, key="checkpoints")
    large = middle.select_slider("Scale of x", CURVE_SCALES[1:], 1.0, key="large", **BOUND)
    asked = right.select_slider("Scale of Ax", CURVE_SCALES[:-1], 0.5, key="small", **BOUND)
    small = min(asked, max(scale for scale in CURVE_SCALES if scale < large))
    if small < asked:
        st.info(f"Ax is smaller than x: its scale is taken as {small:g}.")
    st.caption(
        f"A scales by {small / large:.2f}: f(x) is the map at scale {large:g}, f(Ax) the one at scale {small:g}. "
        "The paper compares rates from 0.2 to 0.6."
    )
    return chosen, float(small), float(large)


def examples(photograph: s.Image, chosen: Sequence[s.Checkpoint], small: float, large: float, polling: bool) -> None:
    """The three equations; they run alone when a slider moves, and ask the service for nothing new."""
    with page_guard("method_examples"):
        found = pairs(photograph, chosen, small, large)
        if found is None:
            st.info("The maps of the photograph are being computed.", icon=":material/hourglass:")
            return
        if polling:
            st.rerun()
        if not found:
            st.error("The service could not compute the maps of this photograph. Choose another one.")
            return
        form = eq_1(found)
        eq_2(photograph, found, form)
        alpha = eq_3(photograph, found)
        protocol = view_protocol(
            photograph,
            chosen,
            source=source_of(photograph),
            scales=(small, large),
            flip=False,
            label_source="given" if any(pair.given for pair in found) else "predicted",
            classes_shown=(shown_class(found),),
            alpha=alpha,
        )
        st.html(view_protocol_html(protocol, "the examples"))


def choose_form() -> SerForm:
    """Which form of SER."""
    chosen = st.segmented_control(
        "Form of SER",
        ["official", "paper"],
        default="official",
        required=True,
        key="ser_form",
        help="paper: the L2 norm of raw maps. official: as released, the mean square of normalised maps.",
        **BOUND,
    )
    return "paper" if chosen == "paper" else "official"


def eq_1(found: Sequence[Pair]) -> SerForm:
    """The total loss, with η to play with; returns the form of SER."""
    st.subheader("Eq. 1: what is minimised", anchor=False)
    st.latex(EQ1)
    left, right = st.columns([2, 3])
    with left:
        st.markdown(
            "*f* gives the maps, *P* pools each to one score, *l* are the labels of the photograph, *R* is Eq. 2. "
            "The norm stands for the multi-label classification loss."
        )
        form = choose_form()
        eta = st.slider("η, the weight of SER", 0.0, 5.0, 1.0, 0.1, key="eta", help="1 in the paper.", **BOUND)
    terms = {pair.name: pair.terms(form) for pair in found}
    with right:
        st.plotly_chart(terms_figure(terms, eta), width="stretch", key="method_terms", alt="Terms of Eq. 1 by network")
        header = ["network", "Cls loss, x", "Cls loss, Ax", "R", "η R", "total"]
        rows = [
            [name, *(f"{v:.4f}" for v in (t.cls_large, t.cls_small, t.ser, eta * t.ser, t.total(eta)))]
            for name, t in terms.items()
        ]
        st.html(markup.table(header, rows, "Terms of Eq. 1 for this photograph"))
        st.caption(
            "Computed from the networks' maps of this photograph. The baseline was trained without R (η = 0): its R is "
            "what SER would have punished."
        )
    return form


def eq_2(photograph: s.Image, found: Sequence[Pair], form: SerForm) -> None:
    """f(Ax) against A f(x)."""
    st.subheader("Eq. 2: equal maps at every size", anchor=False)
    st.latex(EQ2)
    left, right = st.columns([2, 3])
    with left:
        st.markdown(
            "Scale the photograph and map it, or map it and scale the map: an equivariant network gives the same. "
            "The right pictures show where it does not."
        )
        header = ["network", "R, paper", "R, official"]
        rows = [[p.name, f"{p.terms('paper').ser:.2f}", f"{p.terms('official').ser:.5f}"] for p in found]
        st.html(markup.table(header, rows, "R of Eq. 2 in both forms"))
        st.markdown(compared(found, form))
        st.caption("Paper: L2 norm over all classes of raw maps. Official: mean square over all classes and pixels.")
    name, image = shown_class(found), picture(photograph.id, SIDE)
    known = [pair for pair in found if name in pair.classes]
    differences = [upsample(p.difference(form, p.classes.index(name))[None], image.shape[:2])[0] for p in known]
    top = max(float(d.max()) for d in differences) or 1.0
    rows_html = [
        _row(pair, name, image, difference / top, f"{top:.2f}")
        for pair, difference in zip(known, differences, strict=True)
    ]
    right.html(_pictures([cell for row in rows_html for cell in row], 3))


def compared(found: Sequence[Pair], form: SerForm) -> str:
    """R of the first two networks against each other: measured here, whatever its sign."""
    if len(found) < 2:
        return ""
    first, second = found[0].terms(form).ser, found[1].terms(form).ser
    if not first:
        return ""
    change = 100 * (second / first - 1)
    which = "lower" if change < 0 else "higher"
    one, other = found[1].name, found[0].name
    return f"On this photograph, R of {one} is {abs(change):.0f} % {which} than that of {other} ({form})."


def _row(pair: Pair, name: str, image: Rgb, difference: NDArray[np.float32], top: str) -> list[tuple[str, Rgb]]:
    index, size = pair.classes.index(name), (image.shape[0], image.shape[1])
    levels = np.round(difference * 255).clip(0, 255).astype(np.uint8)
    return [
        (f"{pair.name}: f(Ax), {name}", overlay(image, eq3(pair.small[index], size))),
        ("A f(x)", overlay(image, eq3(pair.large[index], size))),
        (
            f"|f(Ax) − A f(x)|, up to {top}",
            colormap("inferno")[levels],
        ),
    ]


def _pictures(cells: Sequence[tuple[str, Rgb]], columns: int) -> str:
    figures = "".join(
        f"<figure><figcaption><b>{escape(title)}</b></figcaption>{markup.image(shown, title)}</figure>"
        for title, shown in cells
    )
    return f'<div class="sl-pictures" style="grid-template-columns:repeat({columns}, minmax(0, 1fr))">{figures}</div>'


def eq_3(photograph: s.Image, found: Sequence[Pair]) -> float:
    """From a map to labels, with α; returns α."""
    st.subheader("Eq. 3: from a map to labels", anchor=False)
    st.latex(EQ3)
    left, right = st.columns([2, 3])
    name, image = shown_class(found), picture(photograph.id, SIDE)
    size = (image.shape[0], image.shape[1])
    with left:
        st.markdown(
            "ŷ is the raw map of a class. What is negative is cut off, the rest divided by its maximum: every map ends "
            "near 1. The background has the same score α everywhere, and the highest score wins. ε = 10⁻⁵."
        )
        alpha = choose_alpha(st.container(), f"The paper uses {PAPER_ALPHA:g}.")
        if 0 < alpha < 1:
            st.caption(f"The same labels as the background (1 − max)^{threshold_to_power(alpha):.2f} gives.")
    cells, rows = [], []
    for pair in (p for p in found if name in p.classes):
        logits = pair.large[pair.classes.index(name)]
        score = eq3(logits, size)
        inside = score > np.float32(alpha)
        mask = np.where(inside[..., None], image, (image * 0.15).astype(np.uint8))
        cells += [(f"{pair.name}: M of {name}", overlay(image, score, alpha=alpha)), (f"M > {alpha:.3f}", mask)]
        rows.append(
            [
                pair.name,
                f"{logits.min():.2f} … {logits.max():.2f}",
                f"{score.max():.4f}",
                f"{100 * inside.mean():.1f} %",
            ]
        )
    right.html(_pictures(cells, 4))
    right.html(markup.table(["network", "raw map", "max M", "area above α"], rows, "Eq. 3 on this photograph"))
    return alpha


with page_guard("method"):
    page()
