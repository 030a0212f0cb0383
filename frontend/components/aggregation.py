"""Two ways to put the views of a set together: choosing them, counting them, drawing their curves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import get_args

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from PIL import Image

from frontend import schemas as s
from frontend.components.markup import data_url
from frontend.keeping import kept
from frontend.session import client
from ssenet.analysis.aggregation import PARITY, Aggregation, AggregationCounts, Combine, Relu, Where
from ssenet.config import PAPER_ALPHA, CamInferSettings
from ssenet.curves import Curve
from ssenet.figures import COLOURS

PART = 12
"""Photographs of one request: a step of the progress bar."""
RELU: dict[Relu, str] = {
    "fast": "upsample → ReLU → combine",
    "official": "scaled input → ReLU → image size → combine, as released",
    "coarse": "ReLU → upsample → combine",
    "after": "upsample → combine → ReLU",
}
COMBINE: dict[Combine, str] = {"mean": "mean over views", "max": "maximum over views"}
NORMALISE: dict[Where, str] = {"after": "of the combined map", "each": "of every view before combining"}


def usual(made: s.ImageSet) -> Aggregation:
    """The aggregation that a set of CAMs was made for."""
    settings = CamInferSettings.model_validate(made.lineage[-1].settings)
    return Aggregation(scales=settings.scales, flip=settings.flip, relu=settings.relu_order)


def choose(letter: str, made: s.ImageSet) -> Aggregation | None:
    """The controls of one way, in the address under names that begin with its letter; None when it has no scale.

    Args:
        letter: ``a`` starts as the set was made, ``b`` as the released code aggregates.
        made: the set.
    """
    start = usual(made)
    relu = start.relu if letter == "a" else PARITY.relu
    key = f"{letter}_{{}}"
    offered = [f"{scale:g}" for scale in sorted(start.scales)]
    scales = st.pills(
        "Scales", offered, selection_mode="multi", default=offered, key=key.format("scales"), bind="query-params"
    )
    left, right = st.columns(2, vertical_alignment="bottom")
    combine: Combine = left.selectbox("Combine", list(COMBINE), key=key.format("combine"), bind="query-params")
    with right:
        flip = st.toggle(
            "Mirrored images too",
            start.flip,
            key=key.format("flip"),
            bind="query-params",
            disabled=not start.flip,
            help=None if start.flip else "The set was made without mirrored images.",
        )
    left, right = st.columns(2)
    order: Relu = left.selectbox(
        "Order of the ReLU", list(RELU), index=list(RELU).index(relu), key=key.format("relu"), bind="query-params"
    )
    places: list[Where] = [where for where in get_args(Where) if not (order == "after" and where == "each")]
    where: Where = right.selectbox(
        "Eq. 3 (normalisation)",
        places,
        key=key.format("normalise"),
        bind="query-params",
        help="With the ReLU after combining, only the combined map can be normalised." if len(places) == 1 else None,
    )
    st.caption(f"Each view: {RELU[order]} by {COMBINE[combine]}; Eq. 3 {NORMALISE[where]}.")
    if not scales:
        return None
    return Aggregation(
        scales=tuple(float(scale) for scale in scales), flip=flip, combine=combine, relu=order, normalise=where
    )


def in_words(how: Aggregation) -> str:
    """A way in one line."""
    views = f"{len(how.views)} view{'s' if len(how.views) > 1 else ''}"
    return f"{views}, {COMBINE[how.combine]}, {RELU[how.relu]}, Eq. 3 {NORMALISE[how.normalise]}"


@kept(max_entries=2000)
def _part(set_id: str, how_json: str, first: int, images: int) -> str:
    how = Aggregation.model_validate_json(how_json)
    return client().aggregation(set_id, how, first, images).model_dump_json()


def counted(set_id: str, how: Aggregation, images: int, name: str) -> AggregationCounts | None:
    """Counts of the first photographs, gathered part by part; None when there is no photograph.

    What was counted once is remembered, so that a change of one way costs one pass over the set, and stopping the
    page in between loses nothing.
    """
    whole: AggregationCounts | None = None
    bar = st.empty()
    for first in range(0, images, PART):
        if first:
            bar.progress(first / images, text=f"{name}: {first} of {images} photographs counted")
        text = _part(set_id, how.model_dump_json(), first, min(PART, images - first))
        part = AggregationCounts.model_validate_json(text)
        whole = part if whole is None else whole.plus(part)
    bar.empty()
    return whole


@kept(max_entries=300)
def _map(set_id: str, index: int, how_json: str, class_name: str | None, alpha: float, side: int) -> str:
    how = Aggregation.model_validate_json(how_json)
    png = client().aggregated_map(set_id, index, how, class_name, alpha, side)
    with Image.open(io.BytesIO(png)) as opened:
        return data_url(np.asarray(opened.convert("RGB")))


def map_url(set_id: str, index: int, how: Aggregation, class_name: str | None, alpha: float, side: int = 420) -> str:
    """Data URL of the aggregated map of one photograph."""
    return _map(set_id, index, how.model_dump_json(), class_name, alpha, side)


def curves_figure(named: Sequence[tuple[str, Curve]], alpha: float) -> go.Figure:
    """mIoU against α, one line a way, its best α marked."""
    figure = go.Figure()
    for colour, dash, (name, curve) in zip(COLOURS, ("solid", "dash"), named, strict=False):
        line = {"color": colour, "dash": dash, "width": 2.5}
        hover = "α %{x:.2f}<br>mIoU %{y:.1f} %<extra>" + name + "</extra>"
        figure.add_scatter(x=curve.alpha, y=100 * curve.miou, name=name, line=line, hovertemplate=hover)
        best, miou = curve.best()
        marker = {"color": colour, "size": 9, "symbol": "diamond"}
        hover = "best: α* %{x:.2f}<br>mIoU %{y:.1f} %<extra>" + name + "</extra>"
        figure.add_scatter(
            x=[best], y=[100 * miou], mode="markers", marker=marker, showlegend=False, hovertemplate=hover
        )
    grey = {"dash": "dot", "width": 1, "color": "#888888"}
    for at in dict.fromkeys((PAPER_ALPHA, alpha)):
        figure.add_vline(at, line=grey, annotation_text=f"α = {at:g}")
    figure.update_xaxes(title="background threshold α", range=[0, 1])
    figure.update_yaxes(title="mIoU (%)", rangemode="tozero")
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    return figure.update_layout(height=380, margin={"l": 60, "r": 20, "t": 40, "b": 50}, legend=legend)
