"""CRF: what each mean-field iteration of the dense CRF does to the labels of one photograph."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import streamlit as st
from PIL import Image as Pictures
from streamlit.delta_generator import DeltaGenerator

from frontend import schemas as s
from frontend.client import Pending, Problem
from frontend.components import markup
from frontend.components.chooser import DEFAULT_IDS, choose_alpha, labelled
from frontend.components.crf_bundle import Refined, bundle
from frontend.components.crf_film import film, headline, in_words
from frontend.components.export import bundle_button, view_address
from frontend.components.first_sample import begin_with_a_sample, source_of
from frontend.components.photographs import choose_photograph, upload
from frontend.components.protocol import view_protocol, view_protocol_html
from frontend.components.scrubber import scrubber
from frontend.keeping import kept
from frontend.session import capabilities, client, page_guard, picture
from ssenet.config import CURVE_SCALES, INFERENCE_SCALES, WORKING_SIDE
from ssenet.crf import PRESETS
from ssenet.refine.scrub import MOST_CLASSES, unpack_frames
from ssenet.refine.scrub_figures import agreement_figure, area_figure, change_figure

POLL_SECONDS = 0.6
ITERATIONS = 10
POWERS, CONSTANT = "two powers", "constant α"
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}


def page() -> None:
    """The whole page."""
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    left.title("CRF")
    left.caption(
        "A dense CRF draws labels to the edges of the photograph. Step through its iterations and see what each one "
        "changes, and which labels AffinityNet would trust."
    )
    ability = capabilities().crf
    if not ability.available:
        without_library(ability.reason)
        return
    with right.popover("Upload a photograph", icon=":material/upload:", width="stretch"):
        upload()
    datasets = client().datasets()
    begin_with_a_sample(datasets)
    photograph = choose_photograph(datasets)
    networks = labelled(sorted(client().checkpoints("cam"), key=lambda one: one.id not in DEFAULT_IDS))
    if photograph is None:
        return
    if not networks:
        st.info("There is no network with class activation maps yet. Train one on the Train page.")
        return
    place, *places = st.columns([2.2, 1.5, 2.1, 1.6, 1.6], vertical_alignment="bottom")
    checkpoint = choose_network(networks, place)
    query = choose_crf(places) | choose_maps(photograph, checkpoint)
    if not query["scales"]:
        st.info("Choose at least one scale: the maps that are refined are the mean over scales.")
        return
    pending = steps_of(checkpoint.id, photograph.id, query) is None
    st.fragment(run_every=POLL_SECONDS if pending else None)(results)(photograph, checkpoint, query, pending)


def without_library(reason: str | None) -> None:
    """The library is optional: what the page would show, and how to get it."""
    st.warning(reason or "The dense CRF is not available in this installation.", icon=":material/extension_off:")
    st.markdown(
        "This page refines the labels of a photograph step by step, which needs that library on the machine of the "
        "service. Everything else works without it: pipelines run with the CRF switched off, and the "
        "[α lab](/alpha_lab) and [Inspect](/) show maps before any CRF."
    )


# Choices -------------------------------------------------------------------------------------------
def choose_network(networks: Mapping[str, s.Checkpoint], place: DeltaGenerator) -> s.Checkpoint:
    """One network; SSENet's demo unless another is asked for."""
    names = list(networks)
    default = next((i for i, name in enumerate(names) if networks[name].id == "demo-ssenet"), 0)
    return networks[str(place.selectbox("Network", names, default, key="checkpoint", **BOUND))]


def choose_crf(places: Sequence[DeltaGenerator]) -> dict[str, Any]:
    """Preset and background."""
    a, b, c, d = places
    preset = a.selectbox(
        "CRF parameters",
        list(PRESETS),
        key="crf_preset",
        help="  \n".join(str(one) for one in PRESETS.values()),
        **BOUND,
    )
    kind = b.segmented_control(
        "Background score",
        [POWERS, CONSTANT],
        default=POWERS,
        required=True,
        key="background",
        help="Two powers, (1 − max)^power: the strong and the weak background of AffinityNet. Constant: α of Eq. 3.",
        **BOUND,
    )
    query: dict[str, Any] = {"preset": preset, "iterations": ITERATIONS}
    if kind == CONSTANT:
        return query | {"alpha": choose_alpha(c)}
    low = c.number_input("Strong: power", 0.5, 100.0, 4.0, 0.5, "%.1f", key="power_low", **BOUND)
    high = d.number_input("Weak: power", 0.5, 100.0, 24.0, 0.5, "%.1f", key="power_high", **BOUND)
    if low > high:
        st.warning("The strong background has the smaller power: the two are exchanged.")
    return query | {"power_low": min(low, high), "power_high": max(low, high)}


def choose_maps(photograph: s.Image, checkpoint: s.Checkpoint) -> dict[str, Any]:
    """Which classes are present, and the views behind their maps."""
    a, b, c, d = st.columns([1.5, 3, 3.5, 1], vertical_alignment="bottom")
    known = [name for name in photograph.labels if name in checkpoint.classes]
    everything = ["all"] if len(checkpoint.classes) <= MOST_CLASSES else []
    labels = a.selectbox(
        "Labels",
        ["predicted", *(["given"] if known else []), *everything],
        key="labels",
        help="Which classes count as present: those the network predicts, those known for the photograph, or all.",
        **BOUND,
    )
    classes = b.multiselect(
        "Only these classes",
        checkpoint.classes,
        key="classes",
        placeholder="as the labels say",
        max_selections=MOST_CLASSES,
        **BOUND,
    )
    scales = c.pills(
        "Scales behind the maps",
        list(CURVE_SCALES),
        selection_mode="multi",
        default=list(INFERENCE_SCALES),
        format_func=lambda scale: f"{scale:g}",
        key="scales",
        **BOUND,
    )
    flip = d.toggle("Flip", key="flip", help="Also average with the mirrored image.", **BOUND)
    return {"labels": None if classes else labels, "classes": classes, "scales": sorted(scales), "flip": bool(flip)}


# What the service says -----------------------------------------------------------------------------
@kept(max_entries=60)
def _refined(checkpoint: str, image: str, query_json: str) -> tuple[s.CrfSteps, bytes]:
    # A ``Pending`` passes through, and exceptions are not cached: the next run asks again.
    query, service = json.loads(query_json), client()
    return service.crf_steps(checkpoint, image, query), service.crf_frames(checkpoint, image, query)


def steps_of(checkpoint: str, image: str, query: Mapping[str, Any]) -> tuple[s.CrfSteps, bytes] | None:
    """Numbers and frames; None while the maps behind them are being computed."""
    try:
        with st.spinner("The CRF refines the photograph: a second or two, longer with many classes…"):
            return _refined(checkpoint, image, json.dumps(query, sort_keys=True))
    except Pending:
        return None


@kept(max_entries=60)
def _webp(image: str) -> bytes:
    buffer = BytesIO()
    Pictures.fromarray(picture(image, WORKING_SIDE)).save(buffer, "WEBP", quality=90, method=2)
    return buffer.getvalue()


# The frames ----------------------------------------------------------------------------------------
def results(photograph: s.Image, checkpoint: s.Checkpoint, query: dict[str, Any], polling: bool) -> None:
    """Frames and numbers; it runs alone when people step, and asks the service for nothing new."""
    with page_guard("crf"):
        answer = steps_of(checkpoint.id, photograph.id, query)
        if answer is None:
            st.info(
                "The maps are being computed; the CRF follows as soon as they are there.", icon=":material/hourglass:"
            )
            return
        if polling:
            st.rerun()
        said, packed = answer
        made = unpack_frames(packed)
        refined = Refined(
            checkpoint,
            made,
            packed,
            said.report,
            query["scales"],
            query["flip"],
            protocol(photograph, checkpoint, said),
        )
        notices(checkpoint, said)
        iteration = current_iteration()
        st.html(markup.tiles(headline(said.report, iteration)))
        shown = film(made, said.report, _webp(photograph.id), checkpoint.classes)
        scrubber(shown, iteration, key="scrubber", on_change=step_to)
        below(photograph, refined, iteration)


def notices(checkpoint: s.Checkpoint, said: s.CrfSteps) -> None:
    """What one must know before one believes the frames."""
    if said.outside:
        st.warning(
            f"{checkpoint.name} recognises none of its classes here; its best guess, "
            f"{', '.join(said.report.classes)}, is refined all the same.",
            icon=":material/help:",
        )
    missing = [name for name in said.report.truth_classes if name not in said.report.classes]
    if missing:
        st.info(
            f"The mask also shows {', '.join(missing)}, which was not refined: its IoU is 0 at every iteration. "
            "Take the given labels to refine it.",
            icon=":material/info:",
        )


def current_iteration() -> int:
    """The iteration in the address; the last one when there is none."""
    asked = st.query_params.get("iteration", "")
    return min(int(asked), ITERATIONS) if asked.isdecimal() and len(asked) < 4 else ITERATIONS


def step_to(iteration: int) -> None:
    """Write the iteration into the address."""
    st.query_params["iteration"] = str(iteration)


def protocol(photograph: s.Image, checkpoint: s.Checkpoint, said: s.CrfSteps) -> Any:
    """How frames and numbers came about."""
    settings = said.report.settings
    backgrounds = ", ".join(settings.backgrounds().values())
    return view_protocol(
        photograph,
        [checkpoint],
        source=source_of(photograph),
        scales=said.protocol.scales,
        flip=said.protocol.flip,
        label_source=said.protocol.label_source,
        classes_shown=said.report.classes,
        alpha=settings.alpha,
        alpha_from="none" if settings.alpha is None else "fixed",
        crf=f"{said.report.parameters}; background {backgrounds}",
        measured=("agreement with the mask at every iteration",) if said.report.truth else (),
    )


def below(photograph: s.Image, refined: Refined, iteration: int) -> None:
    """In words, against the iteration, how it came about, and the export."""
    report = refined.report
    st.markdown(in_words(report, iteration))
    left, right = st.columns(2)
    agreement = agreement_figure if report.truth else area_figure
    left.plotly_chart(agreement(report, iteration), width="stretch", key="crf_agreement", alt="Agreement by iteration")
    right.plotly_chart(change_figure(report, iteration), width="stretch", key="crf_changes", alt="Changed pixels")
    if report.truth:
        left.caption(
            f"Mean IoU over the background and {', '.join(report.truth_classes)} on this photograph alone (Eq. 4); "
            "the mask measures, it chooses nothing."
        )
    seconds = report.lattice_seconds + report.step_seconds
    right.caption(
        f"The lattice took {report.lattice_seconds:.2f} s, once for all variants; {ITERATIONS} iterations of "
        f"{'both backgrounds' if report.settings.alpha is None else 'one background'} took {report.step_seconds:.2f} s "
        f"({seconds:.2f} s together, on the service's machine)."
    )
    st.html(view_protocol_html(refined.protocol, "the CRF's frames"))
    address, image_id, service = view_address(), photograph.id, client()
    bundle_button(
        lambda: bundle(refined, iteration, lambda: service.pixels(image_id, 16_384), address),
        key="crf_export",
        stem="crf-steps",
    )


with page_guard("crf_page"):
    try:
        page()
    except Problem as problem:
        if problem.status != 409:
            raise
        without_library(str(problem))
