"""The three figures that a pipeline is about: CAM, pseudo-labels, segmentation network, each with its protocol."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import streamlit as st

from frontend import schemas as s
from frontend.components.outcome import cam_figure
from frontend.components.protocol import protocol_html
from frontend.session import evaluation, score
from ssenet.config import PAPER_ALPHA
from ssenet.results import ProtocolCard


@dataclass(frozen=True)
class Figure:
    """One mIoU in percent and how it came about."""

    name: str
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
        found.append(Figure(f"CAM, α = {PAPER_ALPHA:g}", *cam))
    for stage, name in (("pseudo_labels", "Pseudo-labels"), ("evaluate_segmentation", "Segmentation network")):
        score_id = pipeline.result(stage).score  # type: ignore[arg-type]
        if score_id:
            one = score(score_id)
            found.append(Figure(name, one.miou, one.protocol))
    return found


def headline_view(figures: list[Figure]) -> None:
    """The figures from left to right, and the protocol of each, folded away."""
    if not figures:
        return
    cells = [
        f"<div><span>{escape(f.name)}</span><b>{f.miou:.1f} %</b><span>{escape(f.where)}</span></div>" for f in figures
    ]
    arrow = '<i aria-hidden="true">→</i>'
    st.html(f'<div class="sl-headline" role="group" aria-label="mIoU of each step">{arrow.join(cells)}</div>')
    with st.expander("How these mIoU figures came about"):
        for figure in figures:
            st.html(f"<b>{escape(figure.name)}</b>" + protocol_html([(figure.name, figure.protocol)], figure.name))
