"""What the α lab shows, asked of the service row by row, so that a long answer shows how far it is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from frontend import schemas as s
from frontend.keeping import kept
from frontend.session import client
from ssenet.analysis.alpha import AlphaCurves, AlphaRow, Draws
from ssenet.analysis.alpha_report import rows_in_order
from ssenet.analysis.pair import ruled
from ssenet.results import CheckpointCard, ProtocolCard

QUIET_SECONDS = 0.7
"""What is faster than this shows no bar, which would only flicker."""
ALL = "all classes"
"""The choice that is the mean over the classes."""


@dataclass(frozen=True)
class Look:
    """What one looks at: rows, class, α, resamples."""

    rows: tuple[str, ...]
    label: str | None
    alpha: float
    draws: Draws


@dataclass(frozen=True)
class Lab:
    """Curves and what they are of.

    Attributes:
        names: label of the checkpoint of each evaluation, in the order of the colours.
        evaluations: by label.
        networks: their cards, for the protocol.
    """

    curves: AlphaCurves
    names: Mapping[str, str]
    evaluations: Mapping[str, s.Evaluation]
    networks: Sequence[CheckpointCard]

    def cards(self, alpha: float | None = None) -> list[tuple[str, ProtocolCard]]:
        """Protocols by label: of all α at once, or of a fixed one."""
        images = self.curves.images
        found = {label: e.record.protocol for label, e in self.evaluations.items()}
        if alpha is None:
            return [(label, card.model_copy(update={"images": images})) for label, card in found.items()]
        return [(label, ruled(card, alpha, images)) for label, card in found.items()]

    def row(self, label: str, name: str, of: str | None) -> AlphaRow | None:
        """The row of a checkpoint, by its label."""
        evaluation = self.evaluations[label].id
        rows = (r for r in self.curves.rows if (r.evaluation, r.row, r.label) == (evaluation, name, of))
        return next(rows, None)


def row_names(evaluations: Sequence[s.Evaluation]) -> list[str]:
    """Rows that any evaluation has: single scales ascending, then MS."""
    return rows_in_order([e.record for e in evaluations])


def fetch(evaluations: Mapping[str, s.Evaluation], networks: Sequence[CheckpointCard], look: Look) -> Lab:
    """All rows with their bands, those to be drawn first, with a bar when it takes a while."""
    ids, wanted = tuple(e.id for e in evaluations.values()), row_names(list(evaluations.values()))
    order = sorted(wanted, key=lambda name: name not in look.rows)
    labels = () if look.label is None else (look.label,)
    place, started, parts = st.empty(), time.monotonic(), {}
    for done, name in enumerate(order):
        _bar(place, done, len(order), time.monotonic() - started)
        parts[name] = part(ids, name, labels, look.alpha, look.draws)
    place.empty()
    rows = [row for e in ids for name in wanted for row in parts[name].rows if row.evaluation == e]
    curves = parts[order[0]].model_copy(update={"rows": rows})
    names = {e.id: label for label, e in evaluations.items()}
    return Lab(curves, names, dict(evaluations), networks)


def _bar(place: DeltaGenerator, done: int, total: int, seconds: float) -> None:
    if done and seconds > QUIET_SECONDS:
        left = seconds / done * (total - done)
        text = f"Resampling the images: {done} of {total} rows, about {max(1, round(left))} s left."
        place.progress(done / total, f"{text} Any other choice stops it.")


def part(evaluations: tuple[str, ...], row: str, classes: Sequence[str], alpha: float, draws: Draws) -> AlphaCurves:
    """One row of all evaluations; fetched once, since evaluations never change."""
    return _part(evaluations, row, tuple(classes), alpha, draws.samples, draws.seed)


@kept(max_entries=600)
def _part(
    evaluations: tuple[str, ...],
    row: str,
    classes: tuple[str, ...],
    alpha: float,
    samples: int,
    seed: int,
) -> AlphaCurves:
    draws = Draws(samples=samples, seed=seed)
    return client().analysis_curves(evaluations, [row], classes, alpha, draws)
