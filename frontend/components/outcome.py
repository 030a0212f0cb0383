"""What a finished job made: curves, figures and pictures, the same on every page."""

from __future__ import annotations

import streamlit as st

from frontend import schemas as s
from frontend.components import markup
from frontend.components.protocol import protocol_html
from frontend.components.score_view import score_view
from frontend.components.set_view import set_view
from frontend.session import client, curves, evaluation, image_set, score
from ssenet import figures
from ssenet.config import PAPER_ALPHA
from ssenet.figures import RowCurve, Series
from ssenet.lineage import Step
from ssenet.results import MULTI_SCALE, ProtocolCard


def results_of(job: s.Job) -> s.StageResult:
    """What a job made, by id."""
    made = job.result
    if made is None:
        return s.StageResult()
    last = made.checkpoints[-1] if made.checkpoints else None
    return s.StageResult(checkpoint=last, set=made.set, evaluation=made.evaluation, score=made.score)


def outcome(job: s.Job, made: s.StageResult) -> None:
    """Pictures first, then figures: one sees what the numbers are about."""
    if made.set:
        set_view(job.kind, job.settings, made.set)
    if made.score:
        st.subheader("Score against the ground truth", anchor=False)
        score_view(score(made.score), made.score)
    elif job.kind in ("pseudo_labels", "evaluate_segmentation"):
        st.caption("No score: the photographs of this split have no masks.")
    if made.evaluation and job.kind == "evaluate":
        evaluation_view(made.evaluation)
    if job.result and job.result.ranking:
        st.page_link(
            "views/triage.py",
            label="Show the ranking",
            icon=":material/low_priority:",
            query_params={"ranking": job.result.ranking},
        )


def evaluation_view(evaluation_id: str) -> None:
    """mIoU of CAMs against α, with the paper's α marked."""
    answer, record = curves(evaluation_id), evaluation(evaluation_id).record
    rows = {row.row: RowCurve.of_lists(answer.alpha, row.model_dump()) for row in answer.rows}
    best = cam_row(rows)
    alpha, miou = rows[best].best()
    at_paper = rows[best].miou[rows[best].index(PAPER_ALPHA)]
    scales = "all scales" if best == MULTI_SCALE else f"scale {best}"
    st.html(
        markup.tiles(
            [
                ("CAM mIoU", f"{100 * at_paper:.1f} %", f"{scales}, α = {PAPER_ALPHA:g}"),
                ("Best CAM mIoU", f"{100 * miou:.1f} %", f"{scales}, α = {alpha:.3f}, chosen on these images"),
            ]
        )
    )
    figure = figures.miou_against_alpha([Series(record.checkpoint, rows)])
    st.plotly_chart(figure, key=f"alpha_{evaluation_id}", alt="mIoU in percent against α, a line a scale")
    st.html(protocol_html([(record.checkpoint, record.protocol)], "the CAM evaluation"))


def cam_row(rows: dict[str, RowCurve]) -> str:
    """The row of all scales together; the only one when there is no such row."""
    return MULTI_SCALE if MULTI_SCALE in rows else next(iter(rows))


def cam_figure(found: s.Evaluation) -> tuple[float, ProtocolCard] | None:
    """CAM mIoU in percent at the paper's α and its protocol; None where it is undefined."""
    by_row = {row.row: row for row in found.summary}
    row = by_row.get(MULTI_SCALE) or next(iter(found.summary), None)
    if row is None or row.miou_at_0_2 is None:
        return None
    protocol = found.record.protocol.model_copy(update={"alpha_rule": f"fixed {PAPER_ALPHA:g}"})
    return 100 * row.miou_at_0_2, protocol


def lineage_of(made: s.StageResult) -> tuple[Step, ...]:
    """The steps that led to a result."""
    if made.set:
        return image_set(made.set).lineage
    if made.score:
        return score(made.score).lineage
    if made.evaluation:
        return evaluation(made.evaluation).record.lineage
    return client().checkpoint(made.checkpoint).card.lineage if made.checkpoint else ()
