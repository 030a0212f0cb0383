"""Inspect: the maps of one photograph across scales for several checkpoints, and how well they cover its object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from frontend import schemas as s
from frontend.canvas import Canvas, CanvasView, cam_canvas
from frontend.components import cams, covered, scene
from frontend.components.alpha_choice import alpha_choice
from frontend.components.chooser import choose_labelled
from frontend.components.comparison_link import comparison_link
from frontend.components.cost import CostQuery, cost_panel
from frontend.components.export import bundle_button, view_address
from frontend.components.inspect_bundle import bundle, strip_png
from frontend.components.inspected import Inspected, caption
from frontend.components.look import current_view, hand_on, keep_view
from frontend.components.photographs import browse, choose_photograph, upload
from frontend.components.protocol import view_protocol_html
from frontend.components.truth import Truth, truth_of
from frontend.keeping import kept
from frontend.session import client, page_guard, picture_png
from ssenet.config import CURVE_SCALES, INFERENCE_SCALES
from ssenet.data.images import working_size
from ssenet.results import MULTI_SCALE

POLL_SECONDS = 0.6
SOURCES = ("predicted", "all", "given")


@dataclass(frozen=True)
class Choice:
    """What is looked at; the canvas adds how."""

    photograph: s.Image
    picture: bytes
    truth: Truth | None
    checkpoints: Mapping[str, s.Checkpoint]
    scales: Sequence[float]
    flip: bool
    labels: str

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the maps."""
        return working_size(self.photograph.height, self.photograph.width)


def page() -> None:
    """The whole page."""
    left, middle, right = st.columns([3.6, 1.2, 1.5], vertical_alignment="bottom")
    left.title("Inspect")
    left.caption("How class activation maps change with the scale of the photograph, network by network.")
    datasets = client().datasets()
    with right.popover("Upload a photograph", icon=":material/upload:", width="stretch"):
        upload()
    browser = middle.popover("Open a sample", icon=":material/dataset:", width="stretch")
    photograph = choose_photograph(datasets)
    with browser:
        browse(datasets, photograph)
    if photograph is None:
        return
    chosen, scales, flip, labels = choose_views(photograph)
    if not chosen and not client().checkpoints("cam"):
        st.info("There is no checkpoint yet. Train one on the Train page; its maps are shown here.")
        return
    if not chosen or not scales:
        st.info("Choose at least one checkpoint and one scale to see activation maps.")
        return
    picture = _picture(photograph.id)
    choice = Choice(photograph, picture, truth_of(photograph), chosen, scales, flip, labels)
    pending = any(one.missing for one in cams.gather(chosen, photograph.id, scales, flip))
    st.fragment(run_every=POLL_SECONDS if pending else None)(results)(choice, pending)


@kept(max_entries=60)
def _picture(image_id: str) -> bytes:
    return scene.webp(picture_png(image_id, scene.PHOTOGRAPH_SIDE))


def choose_views(photograph: s.Image) -> tuple[dict[str, s.Checkpoint], list[float], bool, str]:
    """Checkpoints, scales, flip, and who says which classes are present."""
    left, middle, right, last = st.columns([4.4, 4.4, 1.1, 1.5], vertical_alignment="bottom")
    with left:
        chosen = choose_labelled(client().checkpoints("cam"), key="checkpoints")
    scales = middle.pills(
        "Scales of the photograph",
        list(CURVE_SCALES),
        selection_mode="multi",
        default=list(INFERENCE_SCALES),
        format_func=lambda scale: f"{scale:g}",
        key="scales",
        bind="query-params",
        persist_state="session",
    )
    flip = right.toggle(
        "Flip", key="flip", help="Also average with the mirrored image.", bind="query-params", persist_state="session"
    )
    labels = last.selectbox(
        "Labels",
        SOURCES if photograph.labels else SOURCES[:2],
        key="labels",
        help="Who says which classes are present: the network, nobody (all classes), or what is known of the "
        "photograph. Label maps of the export use them; with *given* only known classes are looked at.",
        bind="query-params",
        persist_state="session",
    )
    return chosen, sorted(scales), bool(flip), str(labels)


# What is seen -------------------------------------------------------------------------------------
def results(choice: Choice, polling: bool) -> None:
    """Answer, canvas and numbers; it runs alone when only the look changes, and asks the service for nothing new."""
    with page_guard("strip"):
        found = cams.gather(choice.checkpoints, choice.photograph.id, choice.scales, choice.flip)
        if polling and not any(one.missing for one in found):
            st.rerun()
        notices(found)
        shown = scene.scene(
            choice.picture, choice.size, found, choice.scales, choice.flip, choice.photograph.labels, choice.truth,
            given=choice.labels == "given",
        )  # fmt: skip
        if not shown.layers:
            return
        view = current_view({name for one in shown.layers for name in one.classes})
        hand_on(view)
        inspected = inspect(choice, found, shown, view)
        headline(choice, inspected)
        cam_canvas(shown, view, key="canvas", on_change=keep_view)
        below(choice, inspected)


def notices(found: Sequence[cams.Gathered]) -> None:
    """What the service refused, and networks that recognise nothing: their maps show their best guess."""
    place = st.container()
    for one in found:
        if one.problem:
            place.error(f"{one.label}: {one.problem}", icon=":material/error:")
    silent = [one.label for one in found if one.coarse and not one.missing and not one.predicted()]
    if silent:
        place.warning(
            f"Nothing in this photograph is among the classes of {', '.join(silent)}: no class scores above its "
            "threshold. The maps show the best guess all the same.",
            icon=":material/help:",
        )


def inspect(choice: Choice, found: Sequence[cams.Gathered], shown: Canvas, view: CanvasView) -> Inspected:
    """Measure every row as it is looked at."""
    rows = scene.subjects(found, shown.layers, view.class_)
    there = [one for one in found if not one.problem]
    measured = [
        covered.measure(row, one.checkpoint.card.method, choice.scales, choice.size, choice.truth, view.alpha)
        for row, one in zip(rows, there, strict=True)
    ]
    return Inspected(
        choice.photograph, there, rows, measured, choice.truth, tuple(choice.scales), choice.flip, choice.labels, view
    )


def headline(choice: Choice, inspected: Inspected) -> None:
    """The answer first: where over-covering ends, and whether it is more than chance."""
    words, button = st.columns([4, 1.5], vertical_alignment="center")
    told = [one for one in inspected.measured if one.balance]
    if not inspected.complete:
        words.html('<p class="sl-answer" role="status">Maps are being computed…</p>')
    elif told:
        words.html(covered.answer_html(told, inspected.view.alpha, inspected.view.normalisation))
    else:
        words.html(covered.unknown_html(inspected.classes_shown, choice.truth))
    with button:
        comparison_link(inspected)


# Under the canvas ---------------------------------------------------------------------------------
def below(choice: Choice, inspected: Inspected) -> None:
    """Suggestions for α, numbers, protocol, and what can be taken away."""
    alpha_choice(inspected)
    columns = [f"{scale:g}" for scale in choice.scales]
    columns += [MULTI_SCALE] if len(columns) > 1 else []
    if any(one.rows for one in inspected.measured):
        with st.expander("Coverage in numbers", icon=":material/table_rows:"):
            st.html(covered.coverage_table(inspected.measured, columns))
            st.caption(covered.FORMULAS)
    if len(choice.scales) > 1:
        st.html(covered.consistency_html(inspected.measured))
    st.html(view_protocol_html(inspected.protocol, "the maps and their coverage"))
    take_away(choice, inspected)
    cost_panel(
        [
            CostQuery(
                one.label, one.checkpoint.id, choice.photograph.id, tuple(choice.scales), choice.flip,
                missing=tuple(one.missing),
            )
            for one in inspected.found
        ]
    )  # fmt: skip


def take_away(choice: Choice, inspected: Inspected) -> None:
    """How it was drawn, where the photograph is from, and downloads."""
    words, one, other = st.columns([4, 1, 1], vertical_alignment="top")
    photograph, service, address = choice.photograph, client(), view_address()
    credit = " · ".join(x for x in (photograph.caption, photograph.author, photograph.licence) if x)
    words.caption(f"{caption(inspected)}  \nPhotograph: {credit}, {photograph.width} × {photograph.height} px")
    if not inspected.complete:
        return

    # Downloads are made on a click, outside of this run.
    def fetch() -> bytes:
        return service.pixels(photograph.id)

    one.download_button(
        "Strip", lambda: strip_png(inspected, fetch()), "strip.png", "image/png", icon=":material/image:",
        width="stretch", on_click="ignore", help="The strip as it is coloured now, as one PNG.",
    )  # fmt: skip
    with other:
        bundle_button(lambda: bundle(inspected, fetch, address), key="export", stem="inspect")


with page_guard("inspect"):
    page()
