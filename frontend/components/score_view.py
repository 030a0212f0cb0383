"""Scores of label maps: the figures, the classes, how they came about."""

from __future__ import annotations

import csv
import io

import plotly.graph_objects as go
import streamlit as st

from frontend import schemas as s
from frontend.components import markup, words
from frontend.components.protocol import protocol_html
from ssenet.figures import COLOURS


def score_view(score: s.Score, key: str) -> None:
    """mIoU and its kin, IoU of each class as bars and as numbers, the protocol, a download."""
    st.html(numbers_html(score))
    left, right = st.columns([3, 2])
    left.plotly_chart(iou_bars(score), key=f"iou_{key}", alt="IoU of each class, in percent, the best first")
    rows = [[name, f"{value:.1f}"] for name, value in score.iou.items()]
    right.html(markup.table(["class", "IoU (%)"], rows, "IoU of each class"))
    st.html(protocol_html([(score.subject, score.protocol)], f"the score of {score.subject}"))
    st.download_button(
        "IoU as CSV", lambda: iou_csv(score), f"iou-{score.subject}.csv", "text/csv",
        icon=":material/download:", key=f"iou_csv_{key}",
    )  # fmt: skip


def numbers_html(score: s.Score) -> str:
    """The figures over all classes."""
    items = [
        ("mIoU", f"{score.miou:.1f} %", "mean over background and classes"),
        ("m_FN", words.number(score.m_fn), "left out of objects, FN / TP"),
        ("m_FP", words.number(score.m_fp), "covered beside them, FP / TP"),
    ]
    if score.coverage is not None:
        items.append(("Labelled", f"{100 * score.coverage:.1f} %", "of all pixels; the rest is ignored"))
    return markup.tiles(items)


def iou_bars(score: s.Score) -> go.Figure:
    """One bar a class, the best on top, and a line at the mean."""
    ordered = sorted(score.iou.items(), key=lambda item: item[1])
    names, values = [name for name, _ in ordered], [value for _, value in ordered]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker_color=COLOURS[0],
            hovertemplate="%{y}<br>IoU %{x:.1f} %<extra></extra>",
        )
    )
    figure.add_vline(
        score.miou,
        line={"dash": "dot", "width": 1.5, "color": "#888888"},
        annotation_text=f"mIoU {score.miou:.1f} %",
        annotation_position="top",
    )
    figure.update_xaxes(title="IoU (%)", range=[0, 100])
    figure.update_layout(height=110 + 26 * len(names), margin={"l": 10, "r": 20, "t": 30, "b": 50}, bargap=0.35)
    return figure


def iou_csv(score: s.Score) -> str:
    """A line per class, and the means."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["class", "iou_percent"])
    writer.writerows([name, f"{value:.4f}"] for name, value in score.iou.items())
    writer.writerow(["mean", f"{score.miou:.4f}"])
    return buffer.getvalue()
