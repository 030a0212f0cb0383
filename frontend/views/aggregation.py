"""Aggregation lab: how the views of a photograph become one map, and what that does to mIoU."""

from __future__ import annotations

import json
import uuid
from html import escape

import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components import aggregation, markup, words
from frontend.components.aggregation_export import bundle
from frontend.components.chooser import choose_alpha, labelled
from frontend.components.export import bundle_button, view_address
from frontend.components.job_view import find_job, job_view
from frontend.components.permit import permit
from frontend.components.pictures import Drawn, grid_html
from frontend.components.protocol import protocol_html
from frontend.components.set_view import has_masks, image_labels
from frontend.session import client, estimate, image_set, page_guard, set_picture
from ssenet.analysis.aggregation import Aggregation, AggregationCounts
from ssenet.config import INFERENCE_SCALES

FEW = 24  # photographs that are counted unless more are asked for: live on two cores
NAMES = ("A", "B")
Ways = list[tuple[str, Aggregation]]


def page() -> None:
    """Choice of the set, two ways, what they give."""
    st.title("Aggregation lab")
    st.caption(
        "A multi-scale map is made of several views. Which views, mean or maximum, where the ReLU and Eq. 3 stand: "
        "two ways side by side, from raw logits that were computed once."
    )
    sets = [one for one in client().sets(kind="cams") if one.images]
    if not sets:
        nothing_yet()
        return
    made = choose_set(sets)
    ways = choose_ways(made)
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    alpha = round(choose_alpha(right), 2)  # counts are made at every hundredth
    images = choose_images(made, left)
    if len(ways) < len(NAMES):
        st.info("Choose at least one scale for each of the two ways.")
        return
    scores = score(made, ways, images) if has_masks(made) else []
    headline(scores, alpha)
    photograph(made, ways, alpha)
    if scores:
        figures(made, ways, scores, alpha)


# Choices ------------------------------------------------------------------------------------------
def choose_set(sets: list[s.ImageSet]) -> s.ImageSet:
    """The set, by its id in the address; another one can be computed."""
    titles = {one.id: f"{one.name or one.id[:8]} · {one.dataset} / {one.split}, {one.images} images" for one in sets}
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    chosen = left.selectbox("Set of CAMs", list(titles), format_func=titles.__getitem__, key="set", bind="query-params")
    with right.popover("Compute another", icon=":material/add:", width="stretch"):
        compute()
    followed()
    return image_set(str(chosen))


def choose_ways(made: s.ImageSet) -> Ways:
    """A and B, each in a frame of its own."""
    ways: Ways = []
    for name, column in zip(NAMES, st.columns(2), strict=True):
        with column.container(border=True):
            st.markdown(f"**{name}**")
            how = aggregation.choose(name.lower(), made)
            if how is not None:
                ways.append((name, how))
    return ways


def choose_images(made: s.ImageSet, place: st.delta_generator.DeltaGenerator) -> int:
    """How many photographs are counted."""
    offered = sorted({min(n, made.images) for n in (FEW, 4 * FEW, made.images)})
    chosen = place.segmented_control(
        f"Photographs that are scored, of {made.images}",
        offered,
        default=offered[0],
        required=True,
        key="scored_images",
        bind="query-params",
    )
    return int(chosen or offered[0])


# Making a set ---------------------------------------------------------------------------------------
def nothing_yet() -> None:
    """What to do when there is no set of CAMs."""
    st.info("There is no set of CAMs yet. Compute one: the raw maps of a data set, once, for all ways to combine them.")
    compute()
    followed()


def compute() -> None:
    """A job that computes the CAMs of a split."""
    networks = {label: c for label, c in labelled(client().checkpoints("cam")).items() if c.card.method != "classifier"}
    places = [(d.id, split) for d in client().datasets() for split in d.masked_splits]
    if not networks or not places:
        st.info("It takes a trained network and a data set with masks.")
        return
    name = st.selectbox("Network", list(networks), key="compute_network")
    place = st.selectbox("Data set and split", places, format_func=" / ".join, key="compute_place")
    settings = {
        "checkpoint": networks[name].id,
        "dataset": place[0],
        "split": place[1],
        "scales": list(INFERENCE_SCALES),
        "flip": True,
    }
    try:
        seconds = estimate("infer_cam", json.dumps(settings, sort_keys=True)).seconds
        scales = ", ".join(f"{x:g}" for x in INFERENCE_SCALES)
        st.caption(f"Scales {scales}, mirrored too: about {words.duration(seconds)} on this machine.")
        if st.button("Compute CAMs", icon=":material/calculate:", type="primary", key="compute", **permit("run")):
            job = client().submit("infer_cam", settings, f"CAMs of {name}"[:120], uuid.uuid4().hex)
            st.query_params["job"] = job.id
            st.rerun()
    except Problem as problem:
        st.error(f"The CAMs cannot be computed. {problem} {' '.join(e.message for e in problem.errors)}")


def followed() -> None:
    """The job that computes a set, until it is done."""
    job_id = st.query_params.get("job")
    job = find_job(job_id) if job_id else None
    if job is None:
        return
    if job.state == "succeeded" and job.result and job.result.set:
        del st.query_params["job"]
        st.query_params["set"] = job.result.set
        st.rerun()
    with st.container(border=True):
        job_view(job.id)


# What they give --------------------------------------------------------------------------------------
def score(made: s.ImageSet, ways: Ways, images: int) -> list[AggregationCounts]:
    """Counts of both ways."""
    found = [aggregation.counted(made.id, how, images, name) for name, how in ways]
    return [one for one in found if one is not None]


def headline(scores: list[AggregationCounts], alpha: float) -> None:
    """Which way is better, in a sentence and in numbers."""
    if not scores:
        st.info("These photographs have no masks: the maps are shown, and there is no mIoU.")
        return
    at = [float(one.curve.miou[round(100 * alpha)]) for one in scores]
    best = [one.curve.best() for one in scores]
    gap = 100 * (at[1] - at[0])
    verdict = f"B is {gap:+.1f} points against A" if abs(gap) >= 0.1 else "A and B are equal to a tenth of a point"
    st.markdown(
        f"**{verdict}** in mIoU at α = {alpha:.2f}, on the first {scores[0].images} of {scores[0].total} photographs."
    )
    tiles = [(f"{n}, α = {alpha:.2f}", f"{100 * m:.1f} %", "mIoU") for n, m in zip(NAMES, at, strict=True)]
    tiles += [
        (f"{n}, best α = {a:.2f}", f"{100 * m:.1f} %", "α chosen on these photographs")
        for n, (a, m) in zip(NAMES, best, strict=True)
    ]
    st.html(markup.tiles(tiles))


def photograph(made: s.ImageSet, ways: Ways, alpha: float) -> None:
    """One photograph: truth, A and B, with previous and next."""
    index = choose_item(made)
    labels = image_labels(made, index)
    chosen = None
    if labels:
        asked = st.query_params.get("class")
        chosen = asked if asked in labels else labels[0]
        if len(labels) > 1:
            chosen = st.segmented_control("Class", labels, default=chosen, required=True, key=f"class_{index}")
            st.query_params["class"] = str(chosen)
    drawn = [Drawn("Photograph", f"Photograph {index + 1}", set_picture(made.id, index, 420, what="photo"))]
    if has_masks(made):
        drawn.append(Drawn("Ground truth", "Ground truth", set_picture(made.id, index, 420, what="truth")))
    for name, how in ways:
        try:
            url = aggregation.map_url(made.id, index, how, chosen, alpha)
            drawn.append(Drawn(f"{name}: {chosen or 'first class'}", f"Map of way {name}", url))
        except Problem as problem:
            drawn.append(Drawn(name, f"Map of way {name}", None, str(problem)))
    st.html(grid_html([drawn]))
    st.caption("The white line surrounds the pixels above α. " + " ".join(_described(ways)))


def _described(ways: Ways) -> list[str]:
    return [f"{name}: {escape(aggregation.in_words(how))}." for name, how in ways]


def choose_item(made: s.ImageSet) -> int:
    """Number of the photograph, from 1 in the address."""
    asked = st.query_params.get("item", "")
    number = int(asked) if asked.isdecimal() and 1 <= int(asked[:9]) <= made.images else 1
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, key, target in (("Previous", "Left", number - 1), ("Next", "Right", number + 1)):
            icon = f":material/chevron_{key.lower()}:"
            disabled = not 1 <= target <= made.images
            if st.button(label, icon=icon, key=f"item_{key}", shortcut=key, disabled=disabled):
                st.query_params["item"] = str(target)
                st.rerun()
        st.markdown(f"**Photograph {number}** of {made.images} · {made.image_ids[number - 1]}", width="content")
    return number - 1


def figures(made: s.ImageSet, ways: Ways, scores: list[AggregationCounts], alpha: float) -> None:
    """Curves, table, protocol, export."""
    named = [(name, one.curve) for (name, _), one in zip(ways, scores, strict=True)]
    figure = aggregation.curves_figure(named, alpha)
    st.header("mIoU against α", anchor=False)
    st.plotly_chart(figure, key="aggregation_curves", alt="mIoU in percent against α, a line a way")
    i = round(100 * alpha)
    header = ["way", "mIoU (%)", "m_FN", "m_FP", "classes undefined", "best α", "best mIoU (%)"]
    rows = []
    for name, c in named:
        best, miou = c.best()
        ratios = [words.number(float(c.m_fn[i])), words.number(float(c.m_fp[i]))]
        rows.append(
            [name, f"{100 * c.miou[i]:.1f}", *ratios, str(int(c.undefined[i])), f"{best:.2f}", f"{100 * miou:.1f}"]
        )
    st.html(markup.table(header, rows, f"Both ways at α = {alpha:.2f}"))
    cards = [(name, one.protocol) for (name, _), one in zip(ways, scores, strict=True)]
    st.html(protocol_html(cards, "both ways"))
    address = view_address()
    bundle_button(lambda: bundle(made, ways, scores, address, alpha), key="export_aggregation", stem="aggregation")


with page_guard("aggregation"):
    page()
