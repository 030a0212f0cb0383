"""Pictures of rankings: how the values of all photographs are spread. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go

from ssenet.figures import COLOURS


def distribution_figure(
    edges: Sequence[float], counts: Sequence[int], title: str, low: float | None = None, high: float | None = None
) -> go.Figure:
    """Bars of photographs by value; those wholly outside a range are pale.

    Args:
        edges: one more than there are counts.
        counts: photographs between two edges.
        title: of the value.
        low: least value of the range; None for no limit.
        high: greatest value of the range; None for no limit.
    """
    bins = list(pairwise(edges))
    inside = [(low is None or last >= low) and (high is None or first <= high) for first, last in bins]
    bars = go.Bar(
        x=[(first + last) / 2 for first, last in bins],
        y=list(counts),
        width=edges[1] - edges[0],
        marker={"color": COLOURS[0], "opacity": [1.0 if one else 0.25 for one in inside], "line": {"width": 0}},
        customdata=bins,
        hovertemplate="%{y} photographs from %{customdata[0]:.2f} to %{customdata[1]:.2f}<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_layout(
        height=170,
        margin={"l": 10, "r": 10, "t": 8, "b": 8},
        bargap=0.06,
        showlegend=False,
        dragmode=False,
        xaxis={"title": title, "range": [edges[0], edges[-1]], "fixedrange": True},
        yaxis={"title": "photographs", "rangemode": "tozero", "fixedrange": True},
    )
    return figure
