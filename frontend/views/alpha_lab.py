"""The α lab: Figs. 4 and 5 of the paper, for any checkpoints that were evaluated."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from frontend import schemas as s
from frontend.client import Problem
from frontend.components import markup, words
from frontend.components.chooser import choose_alpha, choose_checkpoints, labelled
from frontend.components.job_view import find_job, job_view
from frontend.components.protocol import protocol_html
from frontend.components.scored import Scored, common_images, ground, largest, scored
from frontend.session import client, page_guard
from ssenet import figures
from ssenet.config import INFERENCE_SCALES, PAPER_ALPHA
from ssenet.figures import Series
from ssenet.results import MULTI_SCALE

HEADER = ["checkpoint", "row", "best α", "best mIoU (%)", "mIoU (%)", "m_FN", "m_FP", "classes undefined"]


def page() -> None:
    """Choice, figures, table, protocol."""
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
    images = common_images(list(by_label.values()))
    if by_label and not images:
        st.warning("These checkpoints were scored on different images, none in common. Evaluate one of them again.")
    elif by_label:
        draw([scored(label, evaluation, images) for label, evaluation in by_label.items()])


def choose_ground(
    chosen: Sequence[s.Checkpoint], evaluations: Sequence[s.Evaluation], place: DeltaGenerator
) -> str | None:
    """What was scored; the ground that most of the chosen checkpoints share comes first."""
    ids = {checkpoint.id for checkpoint in chosen}
    sharing = {ground(e): {x.checkpoint_id for x in evaluations if ground(x) == ground(e)} for e in evaluations}
    grounds = sorted(sharing, key=lambda g: -len(sharing[g] & ids))
    if not grounds:
        return None
    return str(place.selectbox("Scored on", grounds, key="scored_on", bind="query-params", persist_state="session"))


# Checkpoints without an evaluation, or with a smaller one --------------------------------------------
def offer_evaluation(chosen: Sequence[s.Checkpoint], evaluations: Sequence[s.Evaluation]) -> None:
    """A line and a button for each checkpoint whose curves are missing, or on fewer images than others'."""
    found = largest(chosen, evaluations)
    most = max((len(e.record.image_ids) for e in found.values()), default=0)
    offered = False
    for label, checkpoint in labelled(chosen).items():
        if checkpoint.card.method == "classifier":
            st.info(f"{label} knows ImageNet classes, for which there are no masks here: it has no curves.")
            continue
        images = len(found[label].record.image_ids) if label in found else 0
        if images == most > 0:
            continue
        offered = True
        reason = (
            f"was scored on {images} of {most} images, so all curves below are on images that all have in common."
            if images
            else "has not been evaluated on this data set."
        )
        text, button = st.columns([4, 1], vertical_alignment="center")
        text.info(f"{label} {reason}")
        title = f"Evaluate on {most}" if images else "Evaluate now"
        if button.button(title, key=f"evaluate_{checkpoint.id}", icon=":material/calculate:", width="stretch"):
            evaluate(checkpoint, list(found.values()) or evaluations)
    job_id = st.query_params.get("job")
    if job_id and offered and find_job(job_id):
        with st.container(border=True):
            job_view(job_id)


def evaluate(checkpoint: s.Checkpoint, evaluations: Sequence[s.Evaluation]) -> None:
    """Submit an evaluation like the largest that is there, so that it can be compared with it."""
    settings: dict[str, object] = {"checkpoint": checkpoint.id, "dataset": checkpoint.card.dataset or "demo"}
    if evaluations:
        largest_one = max(evaluations, key=lambda e: len(e.record.image_ids))
        protocol = largest_one.record.protocol
        settings |= {"dataset": largest_one.dataset_id, "split": protocol.split, "flip": protocol.flip}
        settings |= {"relu_order": protocol.relu_order, "labels": protocol.label_source}
        scales = {"scales": protocol.scales, "multi_scale": protocol.multi_scale}
        settings |= {name: chosen for name, chosen in scales.items() if chosen}
    try:
        job = client().submit("evaluate", settings, f"evaluate {checkpoint.name}"[:120], uuid.uuid4().hex)
    except Problem as problem:
        st.error(f"The evaluation was not started. {problem} {' '.join(e.message for e in problem.errors)}")
        return
    st.query_params["job"] = job.id
    st.rerun()


# Figures -------------------------------------------------------------------------------------------
def draw(compared: Sequence[Scored]) -> None:
    """Fig. 4, Fig. 5 and the table, each with the protocol under it."""
    series = [one.series for one in compared]
    names = list(dict.fromkeys(name for one in series for name in one.rows))
    usual = [name for name in names if name in {f"{x:g}" for x in INFERENCE_SCALES} | {MULTI_SCALE}]
    rows, alpha = choose_curves(names, usual)
    cards = [(one.series.checkpoint, one.protocol) for one in compared]
    st.header("mIoU against the background threshold (Fig. 4)", anchor=False)
    st.plotly_chart(_fig4(series, rows, alpha), key="fig4", alt="mIoU in percent against α, a line a scale")
    st.html(protocol_html(cards, "Fig. 4"))
    st.header(f"Left-out and over-covered pixels against scale, at α = {alpha:.3f} (Fig. 5)", anchor=False)
    st.plotly_chart(
        figures.m_fn_m_fp_against_scale(series, alpha), key="fig5", alt="m_FN and m_FP against the scale of the image"
    )
    st.html(protocol_html(cards, "Fig. 5"))
    st.header(f"Numbers, at α = {alpha:.3f} and at the best α", anchor=False)
    st.html(markup.table(HEADER, table_rows(compared, rows, alpha), "Figures of every checkpoint and scale", left=2))
    st.caption(
        "m_FN and m_FP are means of FN/TP and FP/TP over the foreground classes (Eqs. 5 and 6). A class without a "
        "single true positive has no ratio: it is left out of both means and counted as undefined."
    )
    st.html(protocol_html(cards, "the table"))
    st.download_button(
        "Curves as CSV", lambda: curves_csv(series), "curves.csv", "text/csv", icon=":material/download:"
    )


def choose_curves(names: Sequence[str], usual: Sequence[str]) -> tuple[list[str], float]:
    """Rows to draw, and α."""
    left, right = st.columns([3, 2])
    rows = left.pills(
        "Scales drawn",
        names,
        selection_mode="multi",
        default=usual,
        help="Single scales, and MS: the maps of all test scales together.",
        key="rows",
        bind="query-params",
        persist_state="session",
    )
    return rows, choose_alpha(right)


def _fig4(series: Sequence[Series], rows: Sequence[str], alpha: float) -> go.Figure:
    """Fig. 4 with the paper's α, and beside it the chosen one."""
    figure = figures.miou_against_alpha(series, rows)
    if alpha != PAPER_ALPHA:
        line = {"dash": "dash", "width": 1, "color": "#888888"}
        figure.add_vline(alpha, line=line, annotation_text=f"α = {alpha:g}")
    return figure


def table_rows(compared: Sequence[Scored], rows: Sequence[str], alpha: float) -> list[list[str]]:
    """The table's cells."""
    table = []
    for one in compared:
        for name, row in one.series.rows.items():
            if name in rows:
                best, miou = row.best()
                i = row.index(alpha)
                percent = [f"{100 * miou:.1f}", f"{100 * row.miou[i]:.1f}"]
                ratios = [words.number(row.m_fn[i]), words.number(row.m_fp[i])]
                cells = [one.series.checkpoint, name, f"{best:.3f}", *percent, *ratios]
                table.append([*cells, str(one.undefined[name][i])])
    return table


def curves_csv(series: Sequence[Series]) -> str:
    """All curves, a line per checkpoint, row and α; an undefined value is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["checkpoint", "row", "alpha", "miou", "m_fn", "m_fp"])
    for one in series:
        for name, row in one.rows.items():
            for values in zip(row.alpha, row.miou, row.m_fn, row.m_fp, strict=True):
                writer.writerow([one.checkpoint, name, *("" if v != v else f"{v:.6g}" for v in values)])
    return buffer.getvalue()


with page_guard("alpha_lab"):
    page()
