"""Figs. 4 and 5 of the paper from rows with bands, and the curves of single classes. Free of torch.

Every point carries (evaluation, row, α, class or None), so that a click on it can open the images behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ssenet.analysis.alpha import AlphaCurves, AlphaRow, Estimate, Figures
from ssenet.config import PAPER_ALPHA
from ssenet.figures import COLOURS, DASHES, styled
from ssenet.results import MULTI_SCALE

Names = Mapping[str, str]
"""Evaluations to what people call their checkpoints."""
AtAlpha = Literal["chosen", "fixed", "best"]
BandsOf = Literal["MS", "all", "none"]
_GREY = "#888888"
_QUIET = {"marker": {"opacity": 0}}
_LOUD = {"marker": {"opacity": 1, "size": 11}}


def rows_of(curves: AlphaCurves, label: str | None) -> list[AlphaRow]:
    """The rows of one label."""
    return [row for row in curves.rows if row.label == label]


def miou_against_alpha(
    curves: AlphaCurves,
    names: Names,
    rows: Sequence[str],
    label: str | None = None,
    alpha: float = PAPER_ALPHA,
    bands: BandsOf = "MS",
) -> go.Figure:
    """Fig. 4: mIoU against α, a colour per checkpoint, a dash per scale, multi-scale solid and wide.

    A diamond stands at each α*, and the plateau around it is drawn fat.

    Args:
        curves: what is drawn.
        names: of the evaluations, in the order of their colours.
        rows: which rows are drawn.
        label: a class, or None for the mean over the classes.
        alpha: a second line beside the paper's, where it differs.
        bands: which curves have their 95 % band.
    """
    figure = go.Figure()
    colours = dict(zip(names, _cycle(COLOURS), strict=False))
    dashes = dict(zip([row for row in rows if row != MULTI_SCALE], _cycle(DASHES), strict=False))
    drawn = [row for row in rows_of(curves, label) if row.row in rows and row.evaluation in names]
    for row in drawn:
        if bands == "all" or (bands == "MS" and (row.row == MULTI_SCALE or len(rows) == 1)):
            _band(figure, curves.alpha, row, colours[row.evaluation])
    for row in drawn:
        line = _line(colours[row.evaluation], dashes.get(row.row))
        _curve(figure, curves.alpha, row, f"{names[row.evaluation]} {row.row}", line)
    _alphas(figure, alpha)
    figure.update_xaxes(title="background threshold α", range=[0, 1])
    figure.update_yaxes(title="mIoU (%)" if label is None else f"IoU of {label} (%)", rangemode="tozero")
    return styled(figure, 480)


def _line(colour: str, dash: str | None) -> dict[str, object]:
    return {"color": colour, "width": 1.6 if dash else 3, "dash": dash or "solid"}


def _cycle(values: Sequence[str]) -> Iterable[str]:
    while True:
        yield from values


def _percent(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else 100 * value for value in values]


def _band(figure: go.Figure, alpha: Sequence[float], row: AlphaRow, colour: str) -> None:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    inside = [i for i, low in enumerate(row.iou_low) if low is not None]
    x = [alpha[i] for i in inside]
    low, high = ([_percent(side)[i] for i in inside] for side in (row.iou_low, row.iou_high))
    figure.add_trace(
        go.Scatter(
            x=x + x[::-1],
            y=high + low[::-1],
            fill="toself",
            fillcolor=f"rgba({red},{green},{blue},0.16)",
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
            legendgroup=_group(row),
        )
    )


def _group(row: AlphaRow) -> str:
    return f"{row.evaluation} {row.row} {row.label or ''}"


def _curve(figure: go.Figure, alpha: Sequence[float], row: AlphaRow, name: str, line: dict[str, object]) -> None:
    """The line, its plateau and its best."""
    points = [(row.evaluation, row.row, a, row.label) for a in alpha]
    intervals = [f"{_shown(low)} to {_shown(high)}" for low, high in zip(row.iou_low, row.iou_high, strict=True)]
    figure.add_trace(
        go.Scatter(
            x=list(alpha),
            y=_percent(row.iou),
            name=name,
            legendgroup=_group(row),
            mode="lines+markers",
            line=line,
            marker={"color": line["color"], "size": 7, "opacity": 0},
            selected=_LOUD,
            unselected=_QUIET,
            customdata=points,
            text=intervals,
            hovertemplate="α %{x:.3f}<br>%{y:.1f} %, 95 % interval %{text}<extra>" + name + "</extra>",
        )
    )
    if row.best is not None:
        _plateau(figure, alpha, row, line)
        _best(figure, row, row.best, name, line)


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{100 * value:.1f}"


def _plateau(figure: go.Figure, alpha: Sequence[float], row: AlphaRow, line: dict[str, object]) -> None:
    if row.plateau is None:
        return
    x = np.unique([row.plateau.low, *(a for a in alpha if row.plateau.low < a < row.plateau.high), row.plateau.high])
    y = np.interp(x, alpha, [np.nan if value is None else 100 * value for value in row.iou])
    figure.add_trace(
        go.Scatter(
            x=x.tolist(),
            y=y.tolist(),
            mode="lines",
            line={"color": line["color"], "width": 9},
            opacity=0.3,
            hoverinfo="skip",
            showlegend=False,
            legendgroup=_group(row),
        )
    )


def _best(figure: go.Figure, row: AlphaRow, best: Figures, name: str, line: dict[str, object]) -> None:
    plateau = "" if row.plateau is None else f"<br>plateau {row.plateau.low:.3f} to {row.plateau.high:.3f}"
    figure.add_trace(
        go.Scatter(
            x=[best.alpha],
            y=_percent([best.iou.value]),
            mode="markers",
            legendgroup=_group(row),
            showlegend=False,
            marker={"color": line["color"], "size": 10, "symbol": "diamond", "line": {"color": "white", "width": 1}},
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            customdata=[(row.evaluation, row.row, best.alpha, row.label)],
            hovertemplate="best: α* %{x:.3f}<br>%{y:.1f} %" + plateau + "<extra>" + name + "</extra>",
        )
    )


def _alphas(figure: go.Figure, alpha: float) -> None:
    """The paper's α, and the chosen one where it is another."""
    paper = {"dash": "dot", "width": 1.2, "color": _GREY}
    right = alpha >= PAPER_ALPHA
    figure.add_vline(
        PAPER_ALPHA,
        line=paper,
        annotation={"text": f"α = {PAPER_ALPHA:g}", "xanchor": "right" if right else "left"},
        annotation_position="top",
    )
    if alpha != PAPER_ALPHA:
        chosen = {"dash": "dash", "width": 1.2, "color": _GREY}
        annotation = {"text": f"α = {alpha:g}", "xanchor": "left" if right else "right"}
        figure.add_vline(alpha, line=chosen, annotation=annotation, annotation_position="top")


def at(row: AlphaRow, which: AtAlpha) -> Figures | None:
    """The figures of a row at the α of a switch; None when it has no best."""
    return {"chosen": row.chosen, "fixed": row.fixed, "best": row.best}[which]


def ratios_against_scale(
    curves: AlphaCurves,
    names: Names,
    which: AtAlpha = "chosen",
    label: str | None = None,
    bounded: bool = False,
) -> go.Figure:
    """Fig. 5: m_FN (Eq. 5) and m_FP (Eq. 6) of the single scales, side by side, with 95 % intervals.

    A point is hollow where classes are left out of its mean, because their ratio is undefined.

    Args:
        curves: what is drawn.
        names: of the evaluations, in the order of their colours.
        which: at the chosen α, at the paper's, or at each scale's own best.
        label: a class, or None for the means.
        bounded: FN/(TP + FN) and FP/(TP + FP) instead.
    """
    of = "FN", "FP"
    figure = make_subplots(cols=2, subplot_titles=("object left out", "background covered"))
    scales = sorted({float(row.row) for row in curves.rows if row.row != MULTI_SCALE})
    rows = {(row.evaluation, row.row): row for row in rows_of(curves, label)}
    for evaluation, colour in zip(names, _cycle(COLOURS), strict=False):
        found = [rows[evaluation, f"{scale:g}"] for scale in scales if (evaluation, f"{scale:g}") in rows]
        for column, kind in enumerate(of, 1):
            _against_scale(figure, found, names[evaluation], colour, (kind.lower(), which, bounded), column)
    for column, kind in enumerate(of, 1):
        what = f"{kind} / (TP + {kind})" if bounded else f"{kind} / TP"
        title = f"mean {what}" if label is None else f"{what} of {label}"
        figure.update_yaxes(title=title, range=[0, 1] if bounded else _range(figure, column), col=column)
    figure.update_xaxes(title="scale of the input image")
    return styled(figure, 420)


def _against_scale(
    figure: go.Figure,
    rows: Sequence[AlphaRow],
    name: str,
    colour: str,
    what: tuple[str, AtAlpha, bool],
    column: int,
) -> None:
    kind, which, bounded = what
    field = f"{kind}_bounded" if bounded else kind
    found = [(row, figures) for row in rows if (figures := at(row, which)) is not None]
    estimates: list[Estimate] = [getattr(figures, field) for _, figures in found]
    missing = [getattr(f, f"undefined_{field}" if bounded else "undefined") for _, f in found]
    figure.add_trace(
        go.Scatter(
            x=[float(row.row) for row, _ in found],
            y=[e.value for e in estimates],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [_arm(e.value, e.high) for e in estimates],
                "arrayminus": [_arm(e.low, e.value) for e in estimates],
                "thickness": 1,
                "width": 3,
            },
            name=name,
            legendgroup=name,
            showlegend=column == 1,
            mode="lines+markers",
            line={"color": colour},
            marker={"size": 9, "symbol": ["circle-open" if count else "circle" for count in missing]},
            unselected={"marker": {"opacity": 1}},
            customdata=[(row.evaluation, row.row, figures.alpha, row.label) for row, figures in found],
            text=[f"{count} classes undefined" if count else "no class undefined" for count in missing],
            hovertemplate="scale %{x:g}, α %{customdata[2]:.3f}<br>%{y:.2f}, %{text}<extra>" + name + "</extra>",
        ),
        row=1,
        col=column,
    )


def _arm(low: float | None, high: float | None) -> float:
    return 0.0 if low is None or high is None else max(0.0, high - low)


def _range(figure: go.Figure, column: int) -> list[float]:
    """From 0 to a little above the highest figure: intervals of FN/TP may end far outside, where TP tends to 0."""
    axis = "y" if column == 1 else f"y{column}"
    values = [value for trace in figure.data if trace.yaxis == axis for value in trace.y if value is not None]
    return [0.0, 1.35 * max(values)] if values and max(values) > 0 else [0.0, 1.0]


def classes_against_alpha(
    curves: AlphaCurves, names: Names, row: str, classes: Sequence[str], alpha: float = PAPER_ALPHA
) -> go.Figure:
    """IoU of single classes against α in one row: a colour per class, a dash per checkpoint, each with its own α*."""
    figure = go.Figure()
    dashes = dict(zip(names, ("solid", "dash", *DASHES), strict=False))
    for label, colour in zip(classes, _cycle(COLOURS), strict=False):
        for one in rows_of(curves, label):
            if one.row == row and one.evaluation in names:
                line = {"color": colour, "width": 2, "dash": dashes.get(one.evaluation, "dot")}
                _curve(figure, curves.alpha, one, f"{names[one.evaluation]} {label}", line)
    _alphas(figure, alpha)
    figure.update_xaxes(title="background threshold α", range=[0, 1])
    figure.update_yaxes(title="IoU (%)", rangemode="tozero")
    return styled(figure, 420)
