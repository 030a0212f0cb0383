"""Everything the Inspect page shows of one photograph, in one value: what follows from it needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from frontend import schemas as s
from frontend.canvas import CanvasView
from frontend.components.cams import Gathered
from frontend.components.covered import Measured, suggestions
from frontend.components.look import NORMALISATIONS
from frontend.components.protocol import view_protocol
from frontend.components.strip import Subject
from frontend.components.truth import Truth
from ssenet.config import PAPER_ALPHA
from ssenet.protocol import AlphaFrom, ViewProtocol


@dataclass(frozen=True)
class Inspected:
    """A photograph, its maps, and how they are looked at; ``found``, ``subjects`` and ``measured`` go together.

    Attributes:
        photograph: as the service describes it.
        found: logits of each checkpoint that answered.
        subjects: the row of each, with the class that it shows.
        measured: the same rows, measured.
        truth: the photograph's mask, if there is one.
        scales: the columns.
        flip: whether mirrored views are averaged in.
        labels: who says which classes are present: predicted, all or given.
        view: α, class, colours …
    """

    photograph: s.Image
    found: Sequence[Gathered]
    subjects: Sequence[Subject]
    measured: Sequence[Measured]
    truth: Truth | None
    scales: tuple[float, ...]
    flip: bool
    labels: str
    view: CanvasView

    @property
    def complete(self) -> bool:
        """Whether every map is there."""
        return all(one.complete for one in self.measured)

    @property
    def other_maps(self) -> str:
        """What is said beside a number where the canvas shows maps of another normalisation; coverage is of Eq. 3."""
        return "" if self.view.normalisation == "eq3" else ", of maps normalised by Eq. 3"

    @property
    def classes_shown(self) -> tuple[str, ...]:
        """Classes of the rows, each once."""
        return tuple(dict.fromkeys(row.class_name for row in self.subjects if row.class_name))

    @property
    def alpha_from(self) -> AlphaFrom:
        """Who chose α: it is told by its value, so that a copied address says the same."""
        alpha = self.view.alpha
        if alpha == PAPER_ALPHA:
            return "fixed"
        if any(round(value, 3) == alpha for one in self.measured for value in suggestions(one).values() if value):
            return "suggested"
        return "oracle" if any(one.oracle and round(one.oracle[0], 3) == alpha for one in self.measured) else "fixed"

    @cached_property
    def protocol(self) -> ViewProtocol:
        """How the numbers came about."""
        place = self.truth.place if self.truth else None
        return view_protocol(
            self.photograph,
            [one.checkpoint for one in self.found],
            source=f"{place.dataset}/{place.split}, image {place.index}" if place else self.photograph.source,
            scales=self.scales,
            flip=self.flip,
            label_source=self.labels,
            classes_shown=self.classes_shown,
            normalisation=self.view.normalisation,
            alpha=self.view.alpha,
            alpha_from=self.alpha_from,
            measured=(f"coverage of the object{self.other_maps}",) if any(one.rows for one in self.measured) else (),
        )


def caption(inspected: Inspected) -> str:
    """What is drawn and how, in one line."""
    return (
        f"class {', '.join(inspected.classes_shown) or '…'} · labels: {inspected.labels} · "
        f"α = {inspected.view.alpha:.3f} · normalisation: {NORMALISATIONS[inspected.view.normalisation]} · "
        f"flip: {'yes' if inspected.flip else 'no'} · ReLU order: fast · CRF: none"
    )
