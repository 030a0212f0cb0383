"""Results to plotly figures, drawn as in the paper. Free of torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from ssenet.config import PAPER_ALPHA
from ssenet.curves import Curve
from ssenet.results import MULTI_SCALE

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette: told apart by colour-blind readers."""
DASHES = ("dot", "dash", "longdash", "dashdot", "longdashdot")


@dataclass(frozen=True)
class RowCurve:
    """One row of an evaluation; arrays over α, NaN where undefined, mIoU as a fraction."""

    alpha: NDArray[np.float64]
    miou: NDArray[np.float64]
    m_fn: NDArray[np.float64]
    m_fp: NDArray[np.float64]

    @classmethod
    def of(cls, curve: Curve) -> RowCurve:
        """The averages of a ``Curve``."""
        return cls(curve.alpha, curve.miou, curve.m_fn, curve.m_fp)

    @classmethod
    def of_lists(cls, alpha: Sequence[float], row: Mapping[str, Sequence[float | None]]) -> RowCurve:
        """From JSON, where undefined values are null."""
        miou, m_fn, m_fp = (np.array(row[name], dtype=np.float64) for name in ("miou", "m_fn", "m_fp"))
        return cls(np.asarray(alpha, np.float64), miou, m_fn, m_fp)

    def index(self, alpha: float) -> int:
        """The edge nearest to ``alpha``."""
        return int(np.abs(self.alpha - alpha).argmin())

    def best(self) -> tuple[float, float]:
        """(α*, mIoU)."""
        index = int(np.nanargmax(self.miou))
        return float(self.alpha[index]), float(self.miou[index])


@dataclass(frozen=True)
class Series:
    """A checkpoint's rows: single scales by name ('0.5'), and 'MS'."""

    checkpoint: str
    rows: Mapping[str, RowCurve]

    @property
    def scales(self) -> list[float]:
        """The single scales, ascending."""
        return sorted(float(name) for name in self.rows if name != MULTI_SCALE)


def styled(figure: go.Figure, height: int) -> go.Figure:
    """The look of all curves: ``height`` in pixels, the legend beside the plot."""
    figure.update_layout(
        height=height,
        margin={"l": 60, "r": 20, "t": 40, "b": 50},
        legend={"orientation": "v", "x": 1.02, "xanchor": "left", "y": 1},
        hovermode="closest",
        uirevision="constant",
    )
    return figure


def miou_against_alpha(
    series: Iterable[Series], rows: Sequence[str] | None = None, alpha: float | None = PAPER_ALPHA
) -> go.Figure:
    """Fig. 4: mIoU against α, a line per checkpoint and scale, multi-scale drawn solid and wide.

    Args:
        series: checkpoints, each in a colour of its own.
        rows: which rows to draw; None draws all.
        alpha: where the dotted line of the background threshold stands.
    """
    figure = go.Figure()
    for colour, one in zip(_cycle(COLOURS), series, strict=False):
        drawn = [name for name in one.rows if rows is None or name in rows]
        for dash, name in zip(_cycle(DASHES), drawn, strict=False):
            _add_row(figure, one.checkpoint, name, one.rows[name], colour, dash)
    if alpha is not None:
        figure.add_vline(alpha, line={"dash": "dot", "width": 1, "color": "#888888"}, annotation_text=f"α = {alpha:g}")
    figure.update_xaxes(title="background threshold α", range=[0, 1])
    figure.update_yaxes(title="mIoU (%)", rangemode="tozero")
    return styled(figure, 460)


def _cycle(values: Sequence[str]) -> Iterable[str]:
    while True:
        yield from values


def _add_row(figure: go.Figure, checkpoint: str, name: str, row: RowCurve, colour: str, dash: str) -> None:
    whole = name == MULTI_SCALE
    line = {"color": colour, "width": 3 if whole else 1.5, "dash": "solid" if whole else dash}
    label = f"{checkpoint} {name}"
    keep = _thinned(row.alpha)
    figure.add_trace(
        go.Scatter(
            x=row.alpha[keep],
            y=100 * row.miou[keep],
            name=label,
            legendgroup=label,
            line=line,
            hovertemplate="α %{x:.3f}<br>mIoU %{y:.1f} %<extra>" + label + "</extra>",
        )
    )
    best, miou = row.best()
    figure.add_trace(
        go.Scatter(
            x=[best],
            y=[100 * miou],
            mode="markers",
            legendgroup=label,
            showlegend=False,
            marker={"color": colour, "size": 9 if whole else 6, "symbol": "diamond"},
            hovertemplate="best: α* %{x:.3f}<br>mIoU %{y:.1f} %<extra>" + label + "</extra>",
        )
    )


def _thinned(alpha: NDArray[np.float64]) -> NDArray[np.int64]:
    """About 200 points: more would not be seen and would have to travel."""
    return _evenly(len(alpha), 201)


def _evenly(count: int, most: int) -> NDArray[np.int64]:
    """At most ``most`` of the numbers below ``count``, evenly spaced, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


_LOSS_NAMES = {
    "loss": "total",
    "cls_large": "classification, large branch",
    "cls_small": "classification, small branch",
    "ser": "SER",
    "bg": "pairs of background",
    "fg": "pairs of one class",
    "neg": "pairs that differ",
}


MOST_STEPS = 1000
"""Points of a trace over steps at most: more would not be seen and would have to travel at every refresh."""


def losses(metrics: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Losses and learning rate against steps, from the ``metrics`` events of a training.

    A long training is thinned to ``MOST_STEPS`` points, evenly by event, the first and the last among them.
    """
    metrics = [metrics[i] for i in _evenly(len(metrics), MOST_STEPS)]
    figure = make_subplots(specs=[[{"secondary_y": True}]])
    steps = [int(m["step"]) for m in metrics]
    found = [key for key in _LOSS_NAMES if any(m["values"].get(key) is not None for m in metrics)]
    for colour, key in zip(COLOURS, found, strict=False):
        values = [m["values"].get(key) for m in metrics]
        figure.add_trace(go.Scatter(x=steps, y=values, name=_LOSS_NAMES[key], mode="lines", line={"color": colour}))
    rates = [m["values"].get("lr") for m in metrics]
    grey = {"color": "#888888", "dash": "dot", "width": 1}
    figure.add_trace(go.Scatter(x=steps, y=rates, name="learning rate", mode="lines", line=grey), secondary_y=True)
    figure.update_xaxes(title="step")
    figure.update_yaxes(title="loss", rangemode="tozero", secondary_y=False)
    figure.update_yaxes(title="learning rate", rangemode="tozero", showgrid=False, exponentformat="e", secondary_y=True)
    # Above the plot: the right-hand axis stands where the legend would.
    return styled(figure, 360).update_layout(legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"})
