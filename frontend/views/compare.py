"""Compare: Figs. 4 and 5 of the paper, for any checkpoints that were evaluated."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components import markup, words
from frontend.components.chooser import choose_checkpoints, labelled
from frontend.components.job_view import job_view
from frontend.components.protocol import protocol_html
from frontend.session import client, curves, page_guard
from ssenet import figures
from ssenet.config import INFERENCE_SCALES, PAPER_ALPHA
from ssenet.figures import MULTI_SCALE, RowCurve, Series

HEADER = ["checkpoint", "row", "best α", "best mIoU (%)", "mIoU (%)", "m_FN", "m_FP", "classes undefined"]


@dataclass(frozen=True)
class Compared:
    """One checkpoint with the evaluation that stands for it."""

    label: str
    checkpoint: s.Checkpoint
    evaluation: s.Evaluation


def page() -> None:
    """Choice, figures, table, protocol."""
    st.title("Compare")
    st.caption("How good the maps are as pseudo-labels, at every background threshold and every scale at once.")
    evaluations = client().evaluations()
    left, right = st.columns([3, 2])
    with left:
        chosen = choose_checkpoints(client().checkpoints(), key="checkpoints")
    grounds = {ground(e): None for e in sorted(evaluations, key=lambda e: -e.record.protocol.images)}
    where = None
    if grounds:
        where = right.selectbox(
            "Scored on", list(grounds), key="scored_on", bind="query-params", persist_state="session"
        )
    if not chosen:
        st.info("Choose at least one checkpoint to see its curves.")
        return
    compared = newest(chosen, [e for e in evaluations if ground(e) == where])
    offer_evaluation([c for c in chosen if c.id not in {x.checkpoint.id for x in compared}], evaluations)
    if compared:
        draw(compared)


def ground(evaluation: s.Evaluation) -> str:
    """What was scored, in words: curves are only comparable on the same ground."""
    p = evaluation.record.protocol
    flip = ", flip" if p.flip else ""
    return f"{p.dataset} / {p.split}, {p.images} images, labels {p.label_source}{flip}"


def newest(checkpoints: Sequence[s.Checkpoint], evaluations: Sequence[s.Evaluation]) -> list[Compared]:
    """The newest evaluation of each checkpoint that has one, in the order of choice."""
    order = sorted(evaluations, key=lambda e: (e.created_at is not None, e.created_at))
    by_checkpoint = {e.checkpoint_id: e for e in order}
    return [
        Compared(label, checkpoint, by_checkpoint[checkpoint.id])
        for label, checkpoint in labelled(checkpoints).items()
        if checkpoint.id in by_checkpoint
    ]


# Checkpoints without an evaluation -----------------------------------------------------------------
def offer_evaluation(missing: Sequence[s.Checkpoint], evaluations: Sequence[s.Evaluation]) -> None:
    """A line and a button for each checkpoint whose curves are not there yet."""
    for checkpoint in missing:
        if checkpoint.card.method == "classifier":
            st.info(f"{checkpoint.name} knows ImageNet classes, for which there are no masks here: it has no curves.")
            continue
        text, button = st.columns([4, 1], vertical_alignment="center")
        text.info(f"{checkpoint.name} has not been evaluated on this data set.")
        if button.button("Evaluate now", key=f"evaluate_{checkpoint.id}", icon=":material/calculate:", width="stretch"):
            evaluate(checkpoint, evaluations)
    job_id = st.query_params.get("job")
    if job_id and missing:
        with st.container(border=True):
            job_view(job_id)


def evaluate(checkpoint: s.Checkpoint, evaluations: Sequence[s.Evaluation]) -> None:
    """Submit an evaluation like those that are there, so that it can be compared with them."""
    settings: dict[str, object] = {"checkpoint": checkpoint.id}
    settings["dataset"] = evaluations[0].dataset_id if evaluations else checkpoint.card.dataset or "demo"
    if evaluations:
        settings["split"] = evaluations[0].record.protocol.split
    try:
        job = client().submit("evaluate", settings, f"evaluate {checkpoint.name}", uuid.uuid4().hex)
    except Problem as problem:
        st.error(f"The evaluation was not started. {problem} {' '.join(e.message for e in problem.errors)}")
        return
    st.query_params["job"] = job.id
    st.rerun()


# Figures -------------------------------------------------------------------------------------------
def draw(compared: Sequence[Compared]) -> None:
    """Fig. 4, Fig. 5 and the table, each with the protocol under it."""
    series = [series_of(one) for one in compared]
    names = list(dict.fromkeys(name for one in series for name in one.rows))
    usual = [name for name in names if name in {f"{x:g}" for x in INFERENCE_SCALES} | {MULTI_SCALE}]
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
    alpha = right.slider(
        "Background threshold α",
        0.0,
        1.0,
        PAPER_ALPHA,
        0.005,
        format="%.3f",
        key="alpha",
        bind="query-params",
        persist_state="session",
    )
    cards = [(one.label, one.evaluation.record.protocol) for one in compared]
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


def _fig4(series: Sequence[Series], rows: Sequence[str], alpha: float) -> go.Figure:
    """Fig. 4 with the paper's α, and beside it the chosen one."""
    figure = figures.miou_against_alpha(series, rows)
    if alpha != PAPER_ALPHA:
        figure.add_vline(alpha, line={"dash": "dash", "width": 1, "color": "#888888"}, annotation_text=f"α = {alpha:g}")
    return figure


def series_of(one: Compared) -> Series:
    """The curves of one checkpoint."""
    answer = curves(one.evaluation.id)
    return Series(one.label, {row.row: RowCurve.of_lists(answer.alpha, row.model_dump()) for row in answer.rows})


def table_rows(compared: Sequence[Compared], rows: Sequence[str], alpha: float) -> list[list[str]]:
    """The table's cells."""
    table = []
    for one in compared:
        undefined = {row.row: row.undefined for row in curves(one.evaluation.id).rows}
        for name, row in series_of(one).rows.items():
            if name in rows:
                best, miou = row.best()
                i = row.index(alpha)
                percent = [f"{100 * miou:.1f}", f"{100 * row.miou[i]:.1f}"]
                ratios = [words.number(row.m_fn[i]), words.number(row.m_fp[i])]
                table.append([one.label, name, f"{best:.3f}", *percent, *ratios, str(undefined[name][i])])
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


with page_guard("compare"):
    page()
