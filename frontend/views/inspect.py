"""Inspect: the scale strip of one photograph for several checkpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components import cams, strip
from frontend.components.chooser import choose_alpha, choose_checkpoints
from frontend.components.photo_picker import Thumbnail, photo_picker
from frontend.session import client, page_guard, picture, picture_png
from ssenet.config import CURVE_SCALES, INFERENCE_SCALES
from ssenet.render import Normalisation, colormaps
from ssenet.results import threshold_to_power

POLL_SECONDS = 0.6
THUMBNAILS = 14
DOWNLOAD_SIDE = 1024
NORMALISATIONS: dict[Normalisation, str] = {
    "eq3": "per map (Eq. 3)",
    "shared": "one scale for all maps",
    "none": "none (raw, clipped at 1)",
}


def page() -> None:
    """The whole page."""
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    left.title("Inspect")
    left.caption("How class activation maps change with the scale of the photograph, network by network.")
    with right.popover("Upload a photograph", icon=":material/upload:", width="stretch"):
        upload()
    refused = st.session_state.get("upload_refused")
    # A place of its own, empty or not: what follows keeps its position and is not drawn anew.
    notice = st.container()
    if refused:
        notice.error(f"The photograph was not taken. {refused} The current one stays.", icon=":material/error:")
    photograph = choose_photograph()
    if photograph is None:
        return
    chosen, scales, flip = choose_views()
    if not chosen and not client().checkpoints("cam"):
        st.info("There is no checkpoint yet. Train one on the Train page; its maps are shown here.")
        return
    if not chosen or not scales:
        st.info("Choose at least one checkpoint and one scale to see activation maps.")
        return
    pending = any(one.missing for one in cams.gather(chosen, photograph.id, scales, flip))
    st.fragment(run_every=POLL_SECONDS if pending else None)(results)(photograph, chosen, scales, flip, pending)


# The photograph ---------------------------------------------------------------------------------
def upload() -> None:
    """Take a file, once; the API's own words when it is refused."""
    file = st.file_uploader(
        "PNG, JPEG or WebP, at most 25 MB", type=["png", "jpg", "jpeg", "webp"], key="upload", on_change=_new_upload
    )
    st.caption("The photograph stays on this service; nothing is sent elsewhere.")
    if file is None or st.session_state.get("upload_done") == file.file_id:
        return
    st.session_state["upload_done"] = file.file_id
    try:
        show_photograph(client().upload(file.name, file.getvalue()).id)
        st.session_state["upload_refused"] = None
    except Problem as problem:
        st.session_state["upload_refused"] = str(problem)
    st.rerun()


def _new_upload() -> None:
    st.session_state["upload_refused"] = None


def _picked(image_id: str) -> None:
    st.session_state["upload_refused"] = None
    show_photograph(image_id)


def show_photograph(image_id: str) -> None:
    """Make a photograph the current one, in the address too."""
    st.session_state["inspect_image"] = image_id
    st.query_params["image"] = image_id


def choose_photograph() -> s.Image | None:
    """The picker, and the photograph it stands on."""
    photographs = [p for source in ("gallery", "upload") for p in client().images([source])[:THUMBNAILS]]
    current = current_photograph(photographs)
    if current is None:
        st.info("There is no photograph yet. Upload one to begin.")
        return None
    shown = photographs if any(p.id == current.id for p in photographs) else [current, *photographs]
    thumbnails = [Thumbnail(p.id, p.caption, picture_png(p.id, 128)) for p in shown]
    photo_picker(thumbnails, current.id, _picked, key="photographs")
    return current


def current_photograph(photographs: Sequence[s.Image]) -> s.Image | None:
    """The one in the address, the last one looked at, or the first sample."""
    asked = st.query_params.get("image") or st.session_state.get("inspect_image")
    if asked:
        try:
            found = next((p for p in photographs if p.id == asked), None) or client().image(asked)
            show_photograph(found.id)
            return found
        except Problem as problem:
            st.warning(f"{problem} A sample is shown instead.")
    return photographs[0] if photographs else None


# Which maps ---------------------------------------------------------------------------------------
def choose_views() -> tuple[list[s.Checkpoint], list[float], bool]:
    """Checkpoints, scales and flip."""
    left, middle, right = st.columns([5, 5, 1.2], vertical_alignment="bottom")
    with left:
        chosen = choose_checkpoints(client().checkpoints("cam"), key="checkpoints")
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
    return chosen, sorted(scales), bool(flip)


# The strip ----------------------------------------------------------------------------------------
def results(
    photograph: s.Image, chosen: Sequence[s.Checkpoint], scales: Sequence[float], flip: bool, polling: bool
) -> None:
    """Class, look and strip; it runs alone when only they change, and asks the service for nothing new."""
    with page_guard("strip"):
        found = cams.gather(chosen, photograph.id, scales, flip)
        if polling and not any(one.missing for one in found):
            st.rerun()
        class_name, labels, look = choose_look(photograph, found)
        notices = st.container()
        for one in found:
            if one.problem:
                notices.error(f"{one.checkpoint.name}: {one.problem}", icon=":material/error:")
        order = dict(cams.ranked(found))
        names = cams.offered(found, labels, photograph.labels) or list(order)
        best = {name: order[name] for name in names}
        subjects = [cams.subject(one, class_name, best) for one in found if not one.problem]
        with notices:
            outside_notice(found)
        # A picture is shown at a third of its pixels or so: the line must be wide to be seen.
        shown = replace(look, line=len(scales) if len(scales) < 5 else 4)
        drawn = strip.build(picture(photograph.id), subjects, scales, shown)
        st.html(strip.to_html(drawn, photograph.caption))
        below(photograph, subjects, scales, flip, labels, look, drawn.complete)


def choose_look(photograph: s.Image, found: Sequence[cams.Gathered]) -> tuple[str, str, strip.Look]:
    """Class and its label source, α, opacity, colours, normalisation."""
    a, b, c, d, e, f = st.columns([2.1, 2.1, 2.6, 1.5, 1.4, 2], vertical_alignment="top")
    sources = ["predicted", "all", *(["given"] if photograph.labels else [])]
    labels = a.selectbox(
        "Labels",
        sources,
        key="labels",
        help="Which classes are offered: those the network predicts, all it knows, or those known for the photograph.",
        bind="query-params",
        persist_state="session",
    )
    names = cams.offered(found, labels, photograph.labels)
    class_name = b.selectbox("Class", [cams.HIGHEST, *names], key="class", bind="query-params", persist_state="session")
    alpha = choose_alpha(
        c,
        "The white line surrounds the pixels whose normalised activation is above α (Eq. 3). The paper uses 0.2.",
    )
    power = f"same labels as power {threshold_to_power(alpha):.2f}" if 0 < alpha < 1 else "no equivalent power"
    c.caption(power, help="The background score (1 − m)^power of the released code gives the same labels as this α.")
    opacity = d.slider(
        "Opacity", 0.0, 1.0, 0.6, 0.05, format="%.2f", key="opacity", bind="query-params", persist_state="session"
    )
    colours = e.selectbox("Colours", colormaps(), key="colours", bind="query-params", persist_state="session")
    normalisation = f.selectbox(
        "Normalisation",
        list(NORMALISATIONS),
        format_func=NORMALISATIONS.__getitem__,
        key="normalisation",
        bind="query-params",
        persist_state="session",
    )
    return str(class_name), str(labels), strip.Look(alpha, opacity, colours, normalisation)


def outside_notice(found: Sequence[cams.Gathered]) -> None:
    """Say it when a network recognises nothing: its maps then show its best guess."""
    silent = [one.checkpoint.name for one in found if one.coarse and not one.missing and not one.predicted()]
    if silent:
        st.warning(
            f"Nothing in this photograph is among the classes of {', '.join(silent)}: no class scores above its "
            "threshold. The maps show the best guess all the same.",
            icon=":material/help:",
        )


def below(
    photograph: s.Image,
    subjects: Sequence[strip.Subject],
    scales: Sequence[float],
    flip: bool,
    labels: str,
    look: strip.Look,
    complete: bool,
) -> None:
    """What the strip means, where the photograph is from, and downloads."""
    how = caption(subjects, flip, labels, look)
    left, right = st.columns([3, 1.35], vertical_alignment="top")
    left.caption(
        f"{how}  \nScale consistency is the mean overlap (soft IoU) of the Eq. 3 maps over all pairs of scales: "
        "1 means the same map at every scale."
    )
    credit = " · ".join(x for x in (photograph.caption, photograph.author, photograph.licence) if x)
    left.caption(f"Photograph: {credit}, {photograph.width} × {photograph.height} px")
    if not complete:
        return
    stem = hashlib.sha256(photograph.id.encode()).hexdigest()[:8]

    def png() -> bytes:
        large = picture(photograph.id, DOWNLOAD_SIDE)
        return strip.to_png(strip.build(large, subjects, scales, look), how)

    a, b = right.columns(2)
    a.download_button("Strip", png, f"strip-{stem}.png", "image/png", icon=":material/download:", width="stretch")
    b.download_button(
        "Raw maps", lambda: strip.to_npz(subjects), f"cams-{stem}.npz", icon=":material/download:", width="stretch",
        help="Raw coarse logits of all classes and scales, float16, one array a view.",
    )  # fmt: skip


def caption(subjects: Sequence[strip.Subject], flip: bool, labels: str, look: strip.Look) -> str:
    """What was drawn and how, in one line."""
    classes = ", ".join(sorted({x.class_name for x in subjects if x.class_name})) or "…"
    return (
        f"class {classes} · labels: {labels} · α = {look.alpha:.3f} · normalisation: "
        f"{NORMALISATIONS[look.normalisation]} · flip: {'yes' if flip else 'no'} · ReLU order: fast · CRF: none"
    )


with page_guard("inspect"):
    page()
