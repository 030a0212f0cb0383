"""The scale matrices as plotly heat maps. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ssenet.analysis.equivariance import Matrix, ScaleMatrices

COLOURS = "Blues"
_CELL, _BETWEEN, _ABOVE, _BELOW = 48, 44, 40, 105
"""Heights in pixels: of a cell, between two rows, and around them."""
_DARK = 0.55
"""From here on, 0 to 1, the colours need light numbers."""


def scale_matrices_figure(
    found: Sequence[tuple[str, ScaleMatrices]], scales: Sequence[float], alpha: float
) -> go.Figure:
    """Distance, correlation and IoU of every scale against every other, a row a network.

    Each measure has one range of colours for all networks, and dark always means alike; colours of a correlation
    below 0 are those of 0, its number is not.

    Args:
        found: (name of a network, its matrices of one class).
        scales: rows and columns of the matrices.
        alpha: of the IoU.
    """
    plot = _CELL * len(scales)
    height = len(found) * plot + (len(found) - 1) * _BETWEEN
    figure = make_subplots(
        rows=len(found),
        cols=3,
        row_titles=[name for name, _ in found],
        column_titles=["distance: mean |a − b|", "correlation", f"IoU at α = {alpha:g}"],
        horizontal_spacing=0.06,
        vertical_spacing=_BETWEEN / height,
    )
    most = max((value or 0.0 for _, one in found for line in one.distance for value in line), default=0.0) or 1.0
    numbers: list[dict[str, object]] = []
    for row, (_, one) in enumerate(found, 1):
        for column, matrix in enumerate((one.distance, one.correlation, one.iou), 1):
            _add(figure, matrix, scales, row, column)
            numbers += _numbers(matrix, 3 * (row - 1) + column, most if column == 1 else None)
    figure.update_layout(
        height=height + _ABOVE + _BELOW,
        margin={"l": 60, "r": 40, "t": _ABOVE, "b": _BELOW},
        uirevision="constant",
        annotations=[*figure.layout.annotations, *numbers],
        **{f"coloraxis{i}": _axis(i, most, height) for i in (1, 2, 3)},
    )
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category", autorange="reversed")
    figure.update_xaxes(title="scale", row=len(found))
    figure.update_yaxes(title="scale", col=1)
    return figure


def _add(figure: go.Figure, matrix: Matrix, scales: Sequence[float], row: int, column: int) -> None:
    names = [f"{scale:g}" for scale in scales]
    values = np.array([[np.nan if value is None else value for value in line] for line in matrix])  # NaN is a gap
    figure.add_trace(
        go.Heatmap(
            x=names,
            y=names,
            z=values,
            text=[["undefined" if value is None else f"{value:.2f}" for value in line] for line in matrix],
            hovertemplate="scale %{y} against %{x}: %{text}<extra></extra>",
            coloraxis=f"coloraxis{column}",
            xgap=1,
            ygap=1,
        ),
        row=row,
        col=column,
    )


def _numbers(matrix: Matrix, plot: int, most: float | None) -> list[dict[str, object]]:
    """The number in each cell, light on dark and dark on light; all at once, since plotly checks each addition.

    Args:
        matrix: its cells.
        plot: number of the subplot, from 1.
        most: the largest distance, whose colours are turned round; None for other measures.
    """
    axis = str(plot) if plot > 1 else ""
    found: list[dict[str, object]] = []
    for i, line in enumerate(matrix):
        for j, value in enumerate(line):
            depth = 0.0 if value is None else value if most is None else 1 - value / most
            # Cells by number: a text such as "0.5" would be taken for half way between two of them.
            place = {"x": j, "y": i, "xref": f"x{axis}", "yref": f"y{axis}"}
            text = {"text": "–"} if value is None else {"text": f"{value:.2f}", "font": _font(depth, len(matrix))}
            found.append({**place, **text, "showarrow": False})
    return found


def _font(depth: float, cells: int) -> dict[str, object]:
    return {"color": "#ffffff" if depth > _DARK else "#08213f", "size": 12 if cells <= 6 else 10}


def _axis(index: int, most: float, height: int) -> dict[str, object]:
    first = index == 1
    return {
        "colorscale": COLOURS + "_r" * first,
        "cmin": 0,
        "cmax": most if first else 1,
        "colorbar": {
            "orientation": "h",
            "len": 0.29,
            "thickness": 10,
            "nticks": 5,
            "x": (index - 1) * 0.353 + 0.147,
            "y": -64 / height,  # below the title of the axis
            "yanchor": "top",
            "ypad": 0,
        },
    }
