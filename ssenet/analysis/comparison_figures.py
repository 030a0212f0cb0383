"""Comparisons as plotly figures: forest plots of differences with their intervals, and figures by object size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ssenet.analysis.comparison import Comparison
from ssenet.analysis.differences import Difference, Estimate
from ssenet.analysis.object_sizes import NetworkSizes, SizeComparison, SizeEstimate
from ssenet.analysis.objects import SIZES
from ssenet.figures import COLOURS, styled

SizeFigure = Literal["iou", "fn_ratio", "fp_ratio", "best_alpha"]
SIZE_TITLES: dict[SizeFigure, str] = {
    "iou": "mean IoU (%)",
    "fn_ratio": "FN / TP: object left out",
    "fp_ratio": "FP / TP: background covered",
    "best_alpha": "mean best α",
}
GREY = "#7F7F7F"
AREAS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
"""Ticks of the axis of areas, in percent of the photograph."""
SYMBOLS = ("circle", "diamond")
Kind = tuple[str, str, str]
"""Legend, colour and symbol: told apart without the colour too."""
BETTER: Kind = ("B is better, real", COLOURS[0], "circle")
WORSE: Kind = ("B is worse, real", COLOURS[1], "square")
CHANCE: Kind = ("could be chance", GREY, "circle-open")


def kind(one: Difference, higher_is_better: bool) -> Kind:
    """How a difference is drawn."""
    if not one.real or one.difference is None:
        return CHANCE
    return BETTER if (one.difference > 0) == higher_is_better else WORSE


Named = Sequence[tuple[str, Difference]]


def class_forest(found: Comparison, chosen: str | None = None) -> go.Figure:
    """ΔIoU of every class with its interval, the best for B on top; the mean over all classes stands below them.

    A class without an interval is named on the axis and has no point. Each point carries its class's name.
    """
    known = sorted(found.classes, key=lambda one: (one.iou.difference is None, one.iou.difference or 0))
    entries = [("mean (mIoU)", found.row().miou), *((one.name, one.iou) for one in known)]
    names = [name for name, _ in entries]
    figure = go.Figure(_traces(entries, 100, higher_is_better=True, across=True))
    figure.add_vline(0, line={"width": 1, "color": GREY})
    shown = [f"<b>{name}</b>" if name == chosen else name for name in names]
    figure.update_yaxes(
        categoryorder="array", categoryarray=names, range=[-0.6, len(names) - 0.4], tickvals=names, ticktext=shown
    )
    figure.update_xaxes(title="difference of IoU, B − A (points)", zeroline=False)
    return _style(figure, 130 + 27 * len(names))


def row_differences(found: Comparison) -> go.Figure:
    """Δm_FN, Δm_FP and ΔmIoU of every scale and of MS with their intervals, side by side.

    Intervals that would leave the rest unreadable reach beyond the axis (``beyond``); the hover text has all numbers.
    """
    titles = ("m_FN: object left out", "m_FP: background covered", "mIoU (points)")
    figure = make_subplots(cols=3, subplot_titles=titles, horizontal_spacing=0.07)
    names = [row.row for row in found.rows]
    for column, (name, unit) in enumerate((("m_fn", 1.0), ("m_fp", 1.0), ("miou", 100.0)), 1):
        entries: Named = [(row.row, getattr(row, name)) for row in found.rows]
        for trace in _traces(entries, unit, higher_is_better=name == "miou", legend=column == 1):
            figure.add_trace(trace, row=1, col=column)
        figure.add_hline(0, line={"width": 1, "color": GREY}, row=1, col=column)
        figure.update_yaxes(range=readable([_span(one, unit) for _, one in entries]), row=1, col=column)
    figure.update_xaxes(title="scale", type="category", categoryorder="array", categoryarray=names)
    figure.update_yaxes(title="difference, B − A", col=1)
    return _style(figure, 400, panels=True)


def _traces(
    entries: Named, unit: float, *, higher_is_better: bool, across: bool = False, legend: bool = True
) -> list[go.Scatter]:
    """Points with error bars, in three groups: better, worse, chance; ``across`` lays them along x."""
    digits, value, name = ".1f" if unit == 100 else ".2f", *(("x", "y") if across else ("y", "x"))
    hover = (
        f"%{{{name}}}: %{{{value}:+{digits}}}<br>95 % interval %{{customdata[1]:+{digits}}} to "
        f"%{{customdata[2]:+{digits}}}, p = %{{customdata[3]}}<br>"
        f"A %{{customdata[4]:{digits}}}, B %{{customdata[5]:{digits}}}<extra></extra>"
    )
    traces = []
    for group in (BETTER, WORSE, CHANCE):
        drawn = [(n, one) for n, one in entries if one.difference is not None and kind(one, higher_is_better) == group]
        label, colour, symbol = group
        trace = go.Scatter(
            mode="markers",
            name=label,
            legendgroup=label,
            showlegend=legend,
            marker={"color": colour, "size": 9, "symbol": symbol},
            customdata=[[n, *_span(one, unit), _p(one), unit * (one.a or 0), unit * (one.b or 0)] for n, one in drawn],
            hovertemplate=hover,
        )
        bars = _bars([one for _, one in drawn], unit, colour)
        # A group without a point would not stand in the legend.
        places = {value: [unit * (one.difference or 0) for _, one in drawn], name: [n for n, _ in drawn]}
        trace.update(places if drawn else {value: [None], name: [entries[0][0]]})
        trace.update({f"error_{value}": bars})
        traces.append(trace)
    return traces


def _span(one: Difference, unit: float) -> tuple[float | None, float | None]:
    low, high = (None if limit is None else unit * limit for limit in (one.low, one.high))
    return low, high


def _p(one: Difference) -> str:
    return "undefined" if one.p is None else f"{one.p:.3f}"


def _bars(figures: Sequence[Difference | Estimate], unit: float, colour: str) -> dict[str, object]:
    """Error bars from the figures to the limits of their intervals; none where there is no interval."""
    above, below = [], []
    for one in figures:
        value = one.difference if isinstance(one, Difference) else one.value
        known = value is not None and one.low is not None and one.high is not None
        above.append(unit * (one.high - value) if known else 0)  # type: ignore[operator]
        below.append(unit * (value - one.low) if known else 0)  # type: ignore[operator]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": colour, "width": 3}


def readable(spans: Sequence[tuple[float | None, float | None]]) -> tuple[float, float] | None:
    """Axis limits that hold zero and all limits but those five times as far out as the median one; None: all.

    A ratio to true positives explodes where they nearly vanish, and one such interval would hide all others.
    """
    known = np.array([limit for span in spans for limit in span if limit is not None])
    if not len(known):
        return None
    usual = 5 * max(float(np.median(np.abs(known))), 1e-9)
    if (np.abs(known) <= usual).all():
        return None
    kept = known[np.abs(known) <= usual]
    low, high = min(0.0, kept.min()), max(0.0, kept.max())
    room = 0.25 * (high - low)
    return float(low - room), float(high + room)


def beyond(found: Comparison) -> list[str]:
    """Rows whose interval of m_FN or m_FP reaches beyond the axis of ``row_differences``."""
    out = []
    for name in ("m_fn", "m_fp"):
        spans = [_span(getattr(row, name), 1) for row in found.rows]
        axis = readable(spans)
        for row, span in zip(found.rows, spans, strict=True):
            if axis and any(limit is not None and not axis[0] <= limit <= axis[1] for limit in span):
                out.append(row.row)
    return [row.row for row in found.rows if row.row in out]


# By object size ------------------------------------------------------------------------------------
def sizes_against_scale(found: SizeComparison, figure: SizeFigure, a: str, b: str) -> go.Figure:
    """A figure of small, medium and large objects against the scale, a line and its intervals for each network."""
    titles = [f"{name} objects ({count})" for name, count in zip(SIZES, found.counts, strict=True)]
    drawn = make_subplots(cols=3, subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.03)
    spans = []
    for index, (name, network) in enumerate(((a, found.a), (b, found.b))):
        for size in range(3):
            estimates = [_estimate(row.sizes[size], figure) for row in network.rows]
            spans += [(one.low, one.high) for one in estimates]
            drawn.add_trace(_line(name, network, estimates, index, figure, size == 0), row=1, col=size + 1)
    drawn.update_xaxes(title="scale", type="category")
    drawn.update_yaxes(title=SIZE_TITLES[figure], col=1)
    limits = readable(spans) if figure.endswith("ratio") else None
    drawn.update_yaxes(rangemode="tozero") if limits is None else drawn.update_yaxes(range=(0, limits[1]))
    return _style(drawn, 420, panels=True)


def _estimate(one: SizeEstimate, figure: SizeFigure) -> Estimate:
    found: Estimate = getattr(one, figure)
    return found


def _line(
    name: str, network: NetworkSizes, estimates: Sequence[Estimate], index: int, figure: SizeFigure, first: bool
) -> go.Scatter:
    unit, digits = (100.0, ".1f") if figure == "iou" else (1.0, ".2f")
    return go.Scatter(
        x=[row.row for row in network.rows],
        y=[None if one.value is None else unit * one.value for one in estimates],
        customdata=[[None if limit is None else unit * limit for limit in (one.low, one.high)] for one in estimates],
        mode="lines+markers",
        name=name,
        legendgroup=name,
        showlegend=first,
        line={"color": COLOURS[index], "dash": ("solid", "dash")[index]},
        marker={"symbol": SYMBOLS[index], "size": 8},
        error_y=_bars(estimates, unit, COLOURS[index]),
        hovertemplate=f"%{{x}}: %{{y:{digits}}}<br>95 % interval %{{customdata[0]:{digits}}} to "
        f"%{{customdata[1]:{digits}}}<extra>{name}</extra>",
    )


def best_alpha_against_area(found: SizeComparison, a: str, b: str, alpha: float | None) -> go.Figure:
    """Best α of every object against its area, both networks; dotted lines part the sizes, and mark a fixed α.

    Each point carries the photograph's id and the class. Objects that no α hits are not drawn: they have none.
    """
    figure = go.Figure()
    for index, (name, network) in enumerate(((a, found.a), (b, found.b))):
        points = [point for point in network.points if point.best_alpha is not None]
        figure.add_trace(
            go.Scatter(
                x=[100 * point.area for point in points],
                y=[point.best_alpha for point in points],
                customdata=[[point.image, point.name, 100 * point.iou] for point in points],
                mode="markers",
                name=name,
                marker={"color": COLOURS[index], "symbol": SYMBOLS[index], "size": 8, "opacity": 0.75},
                hovertemplate="%{customdata[1]} in %{customdata[0]}<br>area %{x:.1f} %, best α %{y:.3f}<br>"
                f"IoU at the compared α %{{customdata[2]:.0f}} %<extra>{name}</extra>",
            )
        )
    for limit in found.limits:
        figure.add_vline(100 * limit, line={"dash": "dot", "width": 1, "color": GREY})
    if alpha is not None:
        figure.add_hline(alpha, line={"dash": "dash", "width": 1, "color": GREY}, annotation_text=f"α = {alpha:g}")
    figure.update_xaxes(title="area of the object (% of the photograph)", type="log", tickvals=AREAS)
    figure.update_yaxes(title="best α of the object", range=[-0.03, 1.03])
    return _style(figure, 420)


def _style(figure: go.Figure, height: int, *, panels: bool = False) -> go.Figure:
    """As all curves, with the legend above; titles of panels stand between them and the legend."""
    return styled(figure, height).update_layout(
        margin_t=80 if panels else 40,
        legend={"orientation": "h", "x": 0, "y": 1.16 if panels else 1.02, "yanchor": "bottom"},
    )
