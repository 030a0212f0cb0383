"""Figures of a dense CRF's iterations. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ssenet.figures import COLOURS
from ssenet.refine.scrub import Variant
from ssenet.refine.scrub_report import CrfReport, VariantSteps

TITLES: dict[Variant, str] = {
    "alpha": "constant background",
    "low": "strong background",
    "high": "weak background",
    "affinity": "AffinityNet labels",
}
_LINES: dict[Variant, tuple[str, str]] = {
    "alpha": (COLOURS[0], "solid"),
    "low": (COLOURS[0], "solid"),
    "high": (COLOURS[1], "dash"),
    "affinity": (COLOURS[2], "dot"),
}


def agreement_figure(report: CrfReport, iteration: int | None = None) -> go.Figure:
    """Agreement with the truth against the iteration, in percent: mIoU, and of trusted labels the share that is right.

    Args:
        report: with a truth.
        iteration: is marked by a line.
    """
    lines = [(v, v.miou, f"mIoU, {TITLES[v.name]}") for v in report.variants if v.miou is not None]
    trusted = [(v, v.right, "AffinityNet labels that are right") for v in report.variants if v.right is not None]
    return _figure([*lines, *trusted], "agreement with the truth (%)", iteration)


def area_figure(report: CrfReport, iteration: int | None = None) -> go.Figure:
    """Foreground area of every variant against the iteration, in percent of the photograph."""
    lines = []
    for variant in report.variants:
        parts = [variant.area[name] for name in report.classes]
        lines.append((variant, [sum(step) for step in zip(*parts, strict=True)], TITLES[variant.name]))
    return _figure(lines, "foreground (% of pixels)", iteration)


def change_figure(report: CrfReport, iteration: int | None = None) -> go.Figure:
    """Share of pixels that each iteration labels otherwise than the one before, in percent."""
    lines = [(v, v.changed[1:], TITLES[v.name]) for v in report.variants]
    return _figure(lines, "pixels that change label (%)", iteration, first=1)


def _figure(
    lines: Sequence[tuple[VariantSteps, Sequence[float | None], str]], unit: str, iteration: int | None, first: int = 0
) -> go.Figure:
    figure = go.Figure()
    for variant, values, name in lines:
        colour, dash = _LINES[variant.name]
        figure.add_scatter(
            x=list(range(first, first + len(values))),
            y=[None if v is None else 100 * v for v in values],
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            hovertemplate=f"{name}<br>iteration %{{x}}: %{{y:.2f}} %<extra></extra>",
        )
    if iteration is not None:
        figure.add_vline(iteration, line={"color": "#808080", "dash": "dot", "width": 1})
    figure.update_layout(
        height=300,
        margin={"l": 60, "r": 15, "t": 10, "b": 45},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        showlegend=True,
        uirevision="constant",
    )
    figure.update_xaxes(title="iteration of the CRF", dtick=1)
    figure.update_yaxes(title=unit)
    return figure
