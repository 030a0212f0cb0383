"""Equivariance: f(Ax) against A f(x) for any transformation A of a photograph (Figs. 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from frontend import schemas as s
from frontend.canvas import HIGHEST
from frontend.client import Client
from frontend.components import equivariance_view as show
from frontend.components import markup
from frontend.components.chooser import choose_alpha, choose_checkpoints
from frontend.components.equivariance_bundle import Shown, bundle
from frontend.components.equivariance_maps import Seen, gather
from frontend.components.export import bundle_button, view_address
from frontend.components.photographs import choose_photograph, upload
from frontend.components.protocol import view_protocol_html
from frontend.components.transformation import choose_transformation
from frontend.session import client, page_guard, picture
from ssenet.analysis.equivariance import views_needed
from ssenet.analysis.equivariance_figures import scale_matrices_figure
from ssenet.bundle import Bundle
from ssenet.config import CURVE_SCALES, INFERENCE_SCALES
from ssenet.results import View

POLL_SECONDS = 0.6
FIGURE = "Scale against scale: distance, correlation and IoU at α of the Eq. 3 maps, with the numbers in the cells"


@dataclass(frozen=True)
class Choice:
    """What is looked at."""

    photograph: s.Image
    checkpoints: Sequence[s.Checkpoint]
    class_name: str
    alpha: float
    scales: Sequence[float]
    view: View


def page() -> None:
    """The whole page."""
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    left.title("Equivariance")
    left.caption(
        "A network that keeps its promise gives the transformed map for the transformed photograph: f(Ax) = A f(x). "
        "Here is how far it is from that, without any ground truth."
    )
    with right.popover("Upload a photograph", icon=":material/upload:", width="stretch"):
        upload()
    photograph = choose_photograph(client().datasets())
    if photograph is None:
        return
    choice = choose(photograph)
    if not choice.checkpoints:
        st.info(
            "Choose at least one checkpoint to compare its maps."
            if client().checkpoints("cam")
            else "There is no checkpoint yet. Train one on the Train page; its maps are compared here."
        )
        return
    found = gather(choice.checkpoints, photograph.id, choice.view, choice.scales)
    pending = any(one.missing for one in found)
    st.fragment(run_every=POLL_SECONDS if pending else None)(results)(choice, pending)


# Choices -------------------------------------------------------------------------------------------
def choose(photograph: s.Image) -> Choice:
    """Checkpoints, class, α, scales of the matrices, and the transformation."""
    a, b, c = st.columns([4, 2, 2.4], vertical_alignment="bottom")
    with a:
        chosen = choose_checkpoints(client().checkpoints("cam"), key="checkpoints")
    names = list(dict.fromkeys(name for one in chosen for name in one.classes))
    if st.session_state.get("class") not in (None, HIGHEST, *names):
        del st.session_state["class"]  # of networks that are not chosen any more
    class_name = b.selectbox("Class", [HIGHEST, *names], key="class", bind="query-params", persist_state="session")
    alpha = choose_alpha(c, "Threshold of the white contours and of the IoU between scales. The paper uses 0.2.")
    left, right = st.columns(2, vertical_alignment="bottom")
    scales = right.pills(
        "Scales of the matrices",
        list(CURVE_SCALES),
        selection_mode="multi",
        default=list(INFERENCE_SCALES),
        format_func=lambda scale: f"{scale:g}",
        key="scales",
        bind="query-params",
        persist_state="session",
    )
    view = choose_transformation(left)
    return Choice(photograph, chosen, str(class_name), alpha, sorted(scales), view)


# Results -------------------------------------------------------------------------------------------
def results(choice: Choice, polling: bool) -> None:
    """Everything under the choices; it runs alone while maps are awaited."""
    with page_guard("equivariance_results"):
        found = gather(choice.checkpoints, choice.photograph.id, choice.view, choice.scales)
        if polling and not any(one.missing for one in found):
            st.rerun()
        progress(choice, found)
        there = [one for one in found if one.compares(choice.view)]
        if there:
            measured(choice, found, there)


def progress(choice: Choice, found: Sequence[Seen]) -> None:
    """How many maps are there, and what the service refused."""
    place = st.container()
    for one in found:
        if one.problem:
            place.error(f"{one.label}: {one.problem}", icon=":material/error:")
    missing = sum(len(one.missing) for one in found)
    if missing:
        total = len(found) * len(views_needed(choice.view, choice.scales))
        done = total - missing
        place.caption(f"Computing maps: {done} of {total} are there. What is ready is shown.")
        place.html(markup.progress(done / total, "the maps"))
    silent = [one.label for one in found if one.scores() and not one.predicted()]
    if silent:
        place.warning(
            f"Nothing in this photograph is among the classes of {', '.join(silent)}: no class scores above its "
            "threshold. The best guess is compared all the same.",
            icon=":material/help:",
        )


def class_shown(choice: Choice, found: Sequence[Seen]) -> str:
    """The chosen class, or the one that scores highest of all networks."""
    if choice.class_name != HIGHEST:
        return choice.class_name
    best = [next(iter(one.scores().items())) for one in found if one.scores()]
    return max(best, key=lambda item: item[1])[0]


def measured(choice: Choice, found: Sequence[Seen], there: Sequence[Seen]) -> None:
    """The answer, pictures, figures, matrices, protocol."""
    name = class_shown(choice, there)
    names = list(dict.fromkeys([name, *(other for one in there for other in one.predicted())]))
    reports = [one.report(choice.view, choice.photograph, choice.alpha, choice.scales, names) for one in there]
    rows = [
        show.Measured(one, report, next((error for error in report.errors if error.name == name), None))
        for one, report in zip(there, reports, strict=True)
    ]
    x = picture(choice.photograph.id)
    ax = show.warped_for(x, choice.view, rows)
    left, right = st.columns([5, 2.2], vertical_alignment="center")
    left.html(show.answer_html(rows, name, choice.view))
    right.html(show.pair_html(x, ax, choice.view, choice.photograph.caption))
    pictures = show.drawn(x, ax, rows, choice.view, choice.alpha)
    st.html(show.pictures_html(rows, pictures, name))
    st.caption(how_drawn(rows[0], choice))
    st.header("Class by class", anchor=False)
    st.html(show.figures_html(rows))
    st.caption(show.DEFINITIONS)
    shown = Shown(choice.photograph, rows, name, choice.class_name == HIGHEST, choice.view, choice.alpha, choice.scales)
    matrices(shown)
    st.html(view_protocol_html(shown.protocol, "the equivariance"))
    take_away(shown, complete=not any(one.missing or one.problem for one in found))


def how_drawn(row: show.Measured, choice: Choice) -> str:
    """What the pictures are, in a line."""
    area = 100 * row.report.valid_area
    words = f"A: {row.report.transformation}. White contours at α = {choice.alpha:.3f} (Eq. 3). Differences lie in the "
    if area == 100:
        return words + "frame of Ax."
    return words + (
        "frame of Ax, where grey is what the network gets from outside of the photograph: 0 after normalisation. "
        f"Stripes are outside of the valid area, which is {area:.0f} % of Ax."
    )


def matrices(shown: Shown) -> None:
    """Scale against scale, a row a network."""
    found = shown.matrices
    if not found or len(shown.matrix_scales) < 2:
        st.caption("Choose two or more scales for the matrices of scale against scale.")
        return
    st.header(f"Scale against scale, for {shown.class_name}", anchor=False)
    figure = scale_matrices_figure(found, shown.matrix_scales, shown.alpha)
    st.plotly_chart(figure, key="matrices", alt=FIGURE)
    st.caption(
        "Eq. 3 maps of the photograph at two scales, brought to one size. Dark means alike; each measure has one "
        "range of colours for all networks. IoU and correlation are undefined where a map does not respond."
    )


def take_away(shown: Shown, *, complete: bool) -> None:
    """Where the photograph is from, and the export once all is there."""
    words, button = st.columns([5, 1], vertical_alignment="top")
    photograph, service, address = shown.photograph, client(), view_address()
    credit = " · ".join(x for x in (photograph.caption, photograph.author, photograph.licence) if x)
    words.caption(f"Photograph: {credit}, {photograph.width} × {photograph.height} px")
    if complete:
        with button:
            bundle_button(partial(_bundle, shown, service, address), key="export", stem="equivariance")


def _bundle(shown: Shown, service: Client, address: str) -> Bundle:
    return bundle(shown, service.pixels(shown.photograph.id), address)


with page_guard("equivariance"):
    page()
