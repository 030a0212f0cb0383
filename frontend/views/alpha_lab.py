"""The α lab: Figs. 4 and 5 of the paper with bands, for any checkpoints that were evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from frontend import schemas as s
from frontend.components import alpha_tables as tables
from frontend.components import markup
from frontend.components.alpha_classes import classes_section
from frontend.components.alpha_data import ALL, Lab, Look, fetch, row_names
from frontend.components.alpha_export import export
from frontend.components.alpha_gallery import Point, gallery
from frontend.components.alpha_point import chart, remember_names
from frontend.components.chooser import choose_alpha, choose_checkpoints, labelled
from frontend.components.missing import choose_ground, offer_evaluation
from frontend.components.protocol import protocol_html
from frontend.components.scored import common_images, ground, largest
from frontend.session import client, page_guard
from ssenet.analysis import alpha_figures as figures
from ssenet.analysis.alpha import Draws
from ssenet.analysis.alpha_figures import AtAlpha, BandsOf
from ssenet.analysis.alpha_report import View
from ssenet.config import INFERENCE_SCALES, PAPER_ALPHA
from ssenet.results import MULTI_SCALE

BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
# Words, not codes: the address holds an option as it is written.
BANDS: dict[str, BandsOf] = {"of multi-scale": "MS", "of all curves": "all", "none": "none"}
AT: dict[str, AtAlpha] = {
    "chosen α": "chosen",
    f"α = {PAPER_ALPHA:g}, the paper's": "fixed",
    "each scale's own α*": "best",
}
SAMPLES = (200, 1000, 5000)
PAPER_RATIOS, BOUNDED = "FN/TP, FP/TP", "bounded"
WHY_BOUNDED = (
    "FN/TP and FP/TP (Eqs. 5 and 6) have no upper bound: a class with hardly a true positive outweighs all others in "
    "the mean, and one without any has no ratio at all. FN/(TP + FN) and FP/(TP + FP) lie between 0 and 1 and are "
    "defined whenever the class is there, or is predicted."
)


def page() -> None:
    """Choice of checkpoints, then all that is known of them."""
    st.title("α lab")
    st.caption("How good the maps are as pseudo-labels, at every background threshold and every scale at once.")
    evaluations = client().evaluations()
    left, right = st.columns([3, 2])
    with left:
        chosen = choose_checkpoints(client().checkpoints("cam"), key="checkpoints")
    where = choose_ground(chosen, evaluations, right)
    if not chosen:
        st.info("Choose at least one checkpoint to see its curves.")
        return
    there = [e for e in evaluations if ground(e) == where]
    by_label = largest(chosen, there)
    offer_evaluation(chosen, there)
    if by_label and not common_images(list(by_label.values())):
        st.warning("These checkpoints were scored on different images, none in common. Evaluate one of them again.")
    elif by_label:
        draw(by_label, {label: one for label, one in labelled(chosen).items() if label in by_label})


def draw(evaluations: Mapping[str, s.Evaluation], checkpoints: dict[str, s.Checkpoint]) -> None:
    """Everything below the choice of checkpoints."""
    look = choose_look(list(evaluations.values()))
    tiles = st.empty()
    lab = fetch(evaluations, [one.card for one in checkpoints.values()], look)
    tiles.html(tables.headline(lab, look.label))
    bands = figure_4(lab, look)
    images_behind(lab, checkpoints, look)
    which, bounded = figure_5(lab, look)
    rules(lab, look)
    row, names, classes = classes_section(lab, look)
    numbers(lab, look, bounded)
    view = View(look.rows, look.label, look.alpha, look.draws, bands, which, bounded, names, row)
    export(lab, classes, view)


def choose_look(evaluations: Sequence[s.Evaluation]) -> Look:
    """Rows, class, α and resamples."""
    names = row_names(evaluations)
    usual = [name for name in names if name in {f"{x:g}" for x in INFERENCE_SCALES} | {MULTI_SCALE}]
    left, middle, right, last = st.columns([5, 2.2, 3, 1.4], vertical_alignment="bottom")
    help = "Single scales, and MS: the maps of all test scales together."
    rows = left.pills("Scales drawn", names, selection_mode="multi", default=usual, help=help, key="rows", **BOUND)
    label = choose_class(middle, evaluations[0].record.classes)
    alpha = choose_alpha(right)
    help = "Resamples of the images, drawn with replacement, that the 95 % bands are made of. More take longer."
    samples = last.selectbox("Resamples", SAMPLES, index=SAMPLES.index(1000), help=help, key="samples", **BOUND)
    return Look(tuple(rows or usual), label, alpha, Draws(samples=samples))


def choose_class(place: DeltaGenerator, classes: Sequence[str]) -> str | None:
    """A class, or None for the mean over all."""
    options = [ALL, "background", *classes]
    if st.session_state.get("class", ALL) not in options:
        del st.session_state["class"]  # another page's, of another data set
    name = place.selectbox("Class", options, key="class", **BOUND)
    return None if name == ALL else str(name)


# Fig. 4 --------------------------------------------------------------------------------------------
def figure_4(lab: Lab, look: Look) -> BandsOf:
    """mIoU against α; which curves have their band."""
    what = "mIoU" if look.label is None else f"IoU of {look.label}"
    st.header(f"{what} against the background threshold (Fig. 4)", anchor=False)
    words = st.segmented_control("95 % bands", list(BANDS), default=next(iter(BANDS)), key="bands", **BOUND)
    bands = BANDS[words or "none"]
    figure = figures.miou_against_alpha(lab.curves, lab.names, look.rows, look.label, look.alpha, bands)
    chart(figure, "fig4", f"{what} in percent against α, a line a scale")
    st.caption(
        "Diamonds stand at each curve's best α (α*), and the plateau around it, where the figure is within one point "
        "of the best, is drawn fat: the wider, the less it matters to know α*. Bands are 95 % percentile intervals of "
        f"{look.draws.samples} resamples of the {lab.curves.images} images (seed {look.draws.seed}). "
        "A click on a curve opens the images behind that point."
    )
    st.html(protocol_html(lab.cards(), "Fig. 4", lab.networks))
    return bands


def images_behind(lab: Lab, checkpoints: dict[str, s.Checkpoint], look: Look) -> None:
    """The images behind one point, once they are asked for."""
    remember_names(lab)
    known = row_names(list(lab.evaluations.values()))
    keep_known("of", list(lab.evaluations))
    keep_known("row", known)
    with st.container(border=True, key="behind"):
        switch, left, right = st.columns([2.4, 3, 1.2], vertical_alignment="bottom")
        shown = switch.toggle("Images behind a point", key="images", **BOUND)
        # Both are always there: what is not cannot be set by a click and stand in the address at once.
        name = left.selectbox("Checkpoint", list(lab.evaluations), key="of", **BOUND)
        row = right.selectbox("Scale", known, index=len(known) - 1, key="row", **BOUND)
        if not shown:
            return
        if row not in lab.evaluations[name].record.rows:
            st.info(f"{name} was not scored at scale {row}. Choose another scale.")
            return
        gallery(lab, checkpoints, Point(name, row, look.alpha, look.label))


def keep_known(key: str, options: Sequence[str]) -> None:
    """Forget a choice that is not there any more."""
    if st.session_state.get(key, options[0]) not in options:
        del st.session_state[key]


# Fig. 5 --------------------------------------------------------------------------------------------
def figure_5(lab: Lab, look: Look) -> tuple[AtAlpha, bool]:
    """Left-out and over-covered pixels against scale; which α and which ratios are chosen."""
    st.header("Left-out and over-covered pixels against scale (Fig. 5)", anchor=False)
    options = [PAPER_RATIOS, BOUNDED]
    with st.container(horizontal=True, gap="large"):
        words = st.segmented_control("At", list(AT), default=next(iter(AT)), key="at", **BOUND)
        ratios = st.segmented_control("Ratios", options, default=PAPER_RATIOS, key="ratios", help=WHY_BOUNDED, **BOUND)
    which = AT[words or next(iter(AT))]
    bounded = ratios == BOUNDED
    figure = figures.ratios_against_scale(lab.curves, lab.names, which, look.label, bounded)
    chart(figure, "fig5", "Left-out and over-covered pixels against the scale of the image")
    st.caption(_figure_5_in_words(lab, look, which, bounded))
    alpha = {"chosen": look.alpha, "fixed": PAPER_ALPHA, "best": None}[which]
    st.html(protocol_html(lab.cards(alpha), "Fig. 5", lab.networks))
    return which, bounded


def _figure_5_in_words(lab: Lab, look: Look, which: AtAlpha, bounded: bool) -> str:
    of = "means over the foreground classes" if look.label is None else f"of {look.label}"
    ratios = "FN/(TP + FN) and FP/(TP + FP)" if bounded else "FN/TP and FP/TP"
    undefined = tables.undefined_in_words(lab, which, look.label, bounded)
    parts = [f"{ratios}, {of}; bars are 95 % intervals, cut where they leave the axis."]
    if not bounded:
        parts.append(WHY_BOUNDED)
    parts.append(
        f"Undefined, left out and drawn hollow (classes): {undefined}." if undefined else "No class is undefined here."
    )
    return " ".join(parts)


# Rules, numbers ------------------------------------------------------------------------------------
def rules(lab: Lab, look: Look) -> None:
    """α without ground truth, beside the fixed one and the oracle."""
    st.header("Choosing α without ground truth", anchor=False)
    st.html(
        f"{markup.badge('experimental', 'amber')} valley and agreement do not see the masks "
        f"{markup.badge('uses the ground truth of the scored images', 'red')} oracle α*"
    )
    cells = tables.rules(lab, look.rows, look.label)
    what = "mIoU" if look.label is None else f"IoU of {look.label}"
    st.html(markup.table(tables.RULES, cells, f"α and {what} of every rule", left=2))
    st.html(tables.rules_in_words(lab, look.rows, look.label))
    st.caption(
        f"Each cell has the α that a rule chooses and the {what} there. Valley: Otsu's threshold of the scores of all "
        "pixels that are scored. Agreement: where the masks of the single scales agree most above chance, one α for a "
        "checkpoint. Both see the classes of the image-level labels, as the maps do. Neither is in the paper."
    )
    st.html(protocol_html(lab.cards(), "the rules", lab.networks))


def numbers(lab: Lab, look: Look, bounded: bool) -> None:
    """The table of everything that is drawn."""
    st.header(f"Numbers, at α = {look.alpha:.3f} and at the best α", anchor=False)
    header, cells = tables.numbers(lab, look.rows, look.label, bounded)
    st.html(markup.table(header, cells, "Figures of every checkpoint and scale", left=2))
    st.caption(
        "In brackets: 95 % intervals; that of α* chooses it anew in each resample. A class without a single true "
        "positive has no FN/TP and FP/TP: it is left out of both means and counted as undefined."
        + (" Bounded: classes in no mask / classes predicted nowhere." if bounded else "")
    )
    st.html(protocol_html(lab.cards(), "the table", lab.networks))


with page_guard("alpha_lab"):
    page()
