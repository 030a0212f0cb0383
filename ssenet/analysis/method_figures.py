"""Figures of the Method page. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from ssenet.analysis.method import LossTerms
from ssenet.figures import COLOURS


def terms_figure(terms: Mapping[str, LossTerms], eta: float) -> go.Figure:
    """Eq. 1 as stacked bars, one a network: half of each classification loss, and η R.

    Args:
        terms: by name of the network.
        eta: η.
    """
    figure = go.Figure()
    parts = {
        "½ Cls loss, large branch": [one.cls_large / 2 for one in terms.values()],
        "½ Cls loss, small branch": [one.cls_small / 2 for one in terms.values()],
        "η R": [eta * one.ser for one in terms.values()],
    }
    for (name, values), colour in zip(parts.items(), (COLOURS[0], COLOURS[5], COLOURS[1]), strict=True):
        figure.add_bar(
            y=list(terms),
            x=values,
            name=name,
            orientation="h",
            marker_color=colour,
            hovertemplate=f"%{{y}}<br>{name}: %{{x:.4f}}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=130 + 42 * len(terms),
        margin={"l": 10, "r": 15, "t": 10, "b": 45},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        uirevision="constant",
    )
    figure.update_xaxes(title="loss of this photograph (Eq. 1)")
    figure.update_yaxes(automargin=True, autorange="reversed")
    return figure
