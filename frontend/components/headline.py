"""The three figures that a pipeline is about: CAM, pseudo-labels, segmentation network, each with its protocol."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import streamlit as st

from frontend import schemas as s
from frontend.components.outcome import cam_figure
from frontend.components.protocol import protocol_html
from frontend.session import evaluation, score
from ssenet.config import PAPER_ALPHA, JobKind
from ssenet.results import ProtocolCard

SCORED: tuple[JobKind, ...] = ("pseudo_labels", "evaluate_segmentation")
NAMES: dict[JobKind, str] = {
    "evaluate": f"CAM mIoU, α = {PAPER_ALPHA:g}",
    "pseudo_labels": "Pseudo-labels mIoU",
    "evaluate_segmentation": "Segmentation mIoU",
}


@dataclass(frozen=True)
class Figure:
    """One mIoU in percent and how it came about."""

    step: JobKind
    miou: float
    protocol: ProtocolCard

    @property
    def where(self) -> str:
        """The images it was measured on."""
        p = self.protocol
        return f"{p.dataset} / {p.split}, {p.images} images"


def headline(pipeline: s.Pipeline) -> list[Figure]:
    """The figures that are known so far."""
    found = []
    scored = pipeline.result("evaluate").evaluation
    cam = cam_figure(evaluation(scored)) if scored else None
    if cam:
        found.append(Figure("evaluate", *cam))
    for step in SCORED:
        score_id = pipeline.result(step).score
        if score_id:
            one = score(score_id)
            found.append(Figure(step, one.miou, one.protocol))
    return found


def headline_view(figures: list[Figure], scored: bool) -> None:
    """The figures from left to right, a dash for one that is not there yet, and the protocols on demand.

    Args:
        figures: those that are known.
        scored: whether the pipeline's CAMs are scored, which takes masks.
    """
    known = {figure.step: figure for figure in figures}
    steps = [step for step in NAMES if step in known or step != "evaluate" or scored]
    left, right = st.columns([5, 1], vertical_alignment="center")
    arrow = '<i aria-hidden="true">→</i>'
    cells = arrow.join(_cell(NAMES[step], known.get(step)) for step in steps)
    left.html(f'<div class="sl-headline" role="group" aria-label="mIoU of each step">{cells}</div>')
    if figures:
        with right.popover("Protocols", icon=":material/fact_check:", width="stretch"):
            for figure in figures:
                st.html(f"<b>{escape(NAMES[figure.step])}</b>" + protocol_html([("", figure.protocol)], figure.step))


def _cell(name: str, figure: Figure | None) -> str:
    value, where = (f"{figure.miou:.1f} %", figure.where) if figure else ("–", "not there yet")
    return f"<div><span>{escape(name)}</span><b>{escape(value)}</b><span>{escape(where)}</span></div>"
