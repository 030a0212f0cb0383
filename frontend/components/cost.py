"""What the maps of a page cost: work, time, cache and bytes, view by view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from frontend.client import Pending, Problem
from frontend.components import markup
from frontend.schemas.cams import CamAnswer, CamView
from frontend.session import client

_COMPUTED = "maps_computed_for_this_session"
HEADER = (
    "checkpoint", "view", "input (px)", "GMAC", "share", "network (ms)", "encoding (ms)", "device", "from cache",
    "bytes",
)  # fmt: skip


@dataclass(frozen=True)
class CostQuery:
    """Maps of one checkpoint that a page shows.

    Attributes:
        label: the checkpoint's label on the page.
        checkpoint: its id.
        image: id of the photograph.
        moved: rotation and shift of all views, as far as they are not 0.
        missing: scales whose maps are not there yet in this run; they are remembered as computed for this page.
    """

    label: str
    checkpoint: str
    image: str
    scales: tuple[float, ...]
    flip: bool
    moved: Mapping[str, float] = field(default_factory=dict)
    missing: tuple[float, ...] = ()

    def key(self, scale: float) -> tuple[object, ...]:
        """What tells the maps of one scale apart."""
        return (self.checkpoint, self.image, scale, self.flip, *sorted(self.moved.items()))


@dataclass(frozen=True)
class Costed:
    """What one checkpoint's maps cost; ``computed`` are the scales that were not there when the page asked."""

    label: str
    answer: CamAnswer
    computed: frozenset[float] = frozenset()


def cost_panel(queries: Sequence[CostQuery], *, key: str = "cost") -> None:
    """An expander with the costs; it asks the service when it is open, and not before.

    Call it in every run, also while maps are missing: it remembers which ones had to be computed.
    """
    computed: set[tuple[object, ...]] = st.session_state.setdefault(_COMPUTED, set())
    computed |= {query.key(scale) for query in queries for scale in query.missing}
    panel = st.expander("What these maps cost", icon=":material/speed:", key=key, bind="query-params")
    if not panel.open:
        return
    with panel:
        draw(queries, frozenset(computed))


def draw(queries: Sequence[CostQuery], computed: frozenset[tuple[object, ...]]) -> None:
    """The open panel."""
    found = []
    for query in queries:
        try:
            answer = client().described_cams(query.checkpoint, query.image, query.scales, query.flip, query.moved)
        except Pending:
            st.caption(f"{query.label}: maps are being computed.")
        except Problem as problem:
            st.error(f"{query.label}: {problem}", icon=":material/error:")
        else:
            ours = frozenset(scale for scale in query.scales if query.key(scale) in computed)
            found.append(Costed(query.label, answer, ours))
    if not found:
        return
    st.html(markup.table(HEADER, table_rows(found), "Cost of every view", left=2))
    st.html(markup.table(["scale", "GMAC", "share of the work", "network (ms)"], scale_rows(found), "Cost by scale"))
    st.caption(said(found))


def table_rows(found: Sequence[Costed]) -> list[list[str]]:
    """A row per view, and one with the sums of each checkpoint; what nobody measured is a dash."""
    rows = []
    for one in found:
        total = _gmac(one.answer.views)
        rows += [_row(one, view, total) for view in one.answer.views]
        rows.append(_sums(one, total))
    return rows


def _row(one: Costed, view: CamView, total: float | None) -> list[str]:
    cost = view.cost
    cached = "no, computed for this page" if view.scale in one.computed else "yes"
    if cost is None:
        return [one.label, view.name, "–", "–", "–", "–", "–", "–", cached, f"{view.bytes:,}"]
    size = "–" if cost.input_size is None else f"{cost.input_size[1]} × {cost.input_size[0]}"
    share = "–" if not total or cost.gmac is None else f"{100 * cost.gmac / total:.1f} %"
    batch = f" ({cost.batch} together)" if cost.batch > 1 else ""
    times = [f"{cost.network_ms:,.1f}{batch}", f"{cost.encoding_ms:.2f}"]
    return [one.label, view.name, size, _number(cost.gmac), share, *times, cost.device, cached, f"{view.bytes:,}"]


def _sums(one: Costed, total: float | None) -> list[str]:
    views = one.answer.views
    costs = [view.cost for view in views if view.cost is not None]
    whole = len(costs) == len(views)
    times = [f"{sum(cost.network_ms for cost in costs):,.1f}", f"{sum(cost.encoding_ms for cost in costs):.2f}"]
    hits = sum(view.scale not in one.computed for view in views)
    sums = times if whole else ["–", "–"]
    return [
        one.label, "all", "–", _number(total), "–" if total is None else "100 %", *sums, "", f"{hits} of {len(views)}",
        f"{sum(view.bytes for view in views):,}",
    ]  # fmt: skip


def scale_rows(found: Sequence[Costed]) -> list[list[str]]:
    """Work and time of each scale over all checkpoints, as far as every view of it was measured."""
    views = [view for one in found for view in one.answer.views]
    total = _gmac(views)
    rows = []
    for scale in sorted({view.scale for view in views}):
        at_scale = [view for view in views if view.scale == scale]
        work = _gmac(at_scale)
        share = "–" if work is None or not total else f"{100 * work / total:.1f} %"
        times = [view.cost.network_ms for view in at_scale if view.cost is not None]
        rows.append([f"{scale:g}", _number(work), share, f"{sum(times):,.1f}" if len(times) == len(at_scale) else "–"])
    return rows


def said(found: Sequence[Costed]) -> str:
    """What the service took to say all this, and what the figures are."""
    stages = [one.answer.timing.stages for one in found]
    parts = {"waiting": sum(s.waiting for s in stages), "reading": sum(s.reading for s in stages)}
    parts["class scores"] = sum(s.aggregation for s in stages)
    took = ", ".join(f"{name} {ms:.1f} ms" for name, ms in parts.items())
    unknown = sum(view.cost is None for one in found for view in one.answer.views)
    views = "view has" if unknown == 1 else "views have"
    missing = f" {unknown} {views} no figures: nobody wrote down what they cost." if unknown else ""
    return (
        f"The service's last answer took: {took}. GMAC: 10⁹ multiply-accumulates of convolutions and matrix products. "
        "Network time is what the forward pass took when a map was computed; from then on it comes from the cache. "
        f"Upsampling, sums, normalisation and colours run in the browser.{missing}"
    )


def _gmac(views: Iterable[CamView]) -> float | None:
    """Their sum, or None when one of them is unknown."""
    known = [None if view.cost is None else view.cost.gmac for view in views]
    return None if None in known else sum(value for value in known if value is not None)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
