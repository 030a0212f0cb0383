"""What the gallery of a ranking shows, its pictures, and where in it one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from frontend.client import Pending
from frontend.components.triage_maps import Spot, map_url, mask_url, photograph_url
from frontend.schemas import Checkpoint
from frontend.schemas.triage import Ranking
from ssenet.analysis.ranking import Choice
from ssenet.analysis.triage_record import NetworkFigures, TriageRow
from ssenet.results import ProtocolCard


@dataclass(frozen=True)
class Shown:
    """What the gallery shows.

    Attributes:
        labels: what the page calls the networks.
        checkpoints: the networks, A first.
    """

    ranking: Ranking
    choice: Choice
    labels: tuple[str, ...]
    checkpoints: tuple[Checkpoint, ...]

    @property
    def protocol(self) -> ProtocolCard:
        """Of network A; the views are the same for both."""
        return self.ranking.record.protocol

    def spot(self, row: TriageRow) -> Spot:
        """Where a row's photograph lies."""
        return Spot.of(self.ranking.dataset, self.protocol, row.index)

    def networks(self, row: TriageRow) -> list[tuple[str, str, Checkpoint, NetworkFigures]]:
        """Letter, label, checkpoint and figures of each network."""
        figures = [row.a, *([row.b] if row.b else [])]
        return list(zip("AB", self.labels, self.checkpoints, figures, strict=False))


class Drawing:
    """Pictures of one run of the page; ``pending`` tells whether the service still computes some."""

    def __init__(self, shown: Shown) -> None:
        self.shown, self.pending = shown, False

    def photograph(self, row: TriageRow, side: int) -> str:
        """The photograph."""
        return _img(photograph_url(self.shown.spot(row), side), f"Photograph {row.image_id}")

    def truth(self, row: TriageRow, side: int) -> str:
        """The object in the mask."""
        label = self.shown.ranking.record.classes.index(row.class_name) + 1
        return _img(mask_url(self.shown.spot(row), side, label), f"Ground truth of {row.class_name} in {row.image_id}")

    def map(self, row: TriageRow, network: int, scales: Sequence[float], side: int) -> str:
        """A network's map of the row's class; a place that waits for it until it is computed."""
        checkpoint, protocol = self.shown.checkpoints[network], self.shown.protocol
        index, alpha = checkpoint.classes.index(row.class_name), self.shown.ranking.record.alpha
        views = "multi-scale" if len(scales) > 1 else f"scale {scales[0]:g}"
        try:
            url = map_url(self.shown.spot(row), checkpoint.id, index, tuple(scales), protocol, alpha, side)
        except Pending:
            self.pending = True
            return '<div class="sl-wait sl-rank-wait">computing…</div>'
        return _img(url, f"{self.shown.labels[network]}: {row.class_name} in {row.image_id}, {views}")


def _img(url: str, alt: str) -> str:
    return f'<img src="{url}" alt="{escape(alt)}">'


def number(name: str) -> int | None:
    """A positive number in the address."""
    text = st.query_params.get(name, "")
    return int(text) if text.isdecimal() and 0 < len(text) < 10 and int(text) else None


def go_to(**where: int | None) -> None:
    """Write ``place`` or ``rank_page`` into the address; None takes it away."""
    for name, value in where.items():
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = str(value)
