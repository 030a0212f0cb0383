"""Raw logits of x, Ax and x at many scales, gathered as the service computes them, and what is measured of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from frontend import schemas as s
from frontend.client import Pending, Problem
from frontend.components.chooser import labelled
from frontend.session import view_logits
from ssenet.analysis.equivariance import PLAIN, Equivariance, default_classes, measure, views_needed
from ssenet.render import class_scores, predicted
from ssenet.results import View


@dataclass
class Seen:
    """What has arrived of one checkpoint's logits."""

    label: str
    checkpoint: s.Checkpoint
    coarse: dict[View, NDArray[np.float32]] = field(default_factory=dict)
    missing: list[View] = field(default_factory=list)
    problem: str | None = None

    @property
    def exclusive(self) -> bool:
        """Whether the network names one class only (softmax)."""
        return self.checkpoint.card.method == "classifier"

    def compares(self, view: View) -> bool:
        """Whether f(x) and f(Ax) are there."""
        return PLAIN in self.coarse and view in self.coarse

    def scores(self) -> dict[str, float]:
        """Probability of each class for the photograph itself, best first; empty until that map is there."""
        if PLAIN not in self.coarse:
            return {}
        values = class_scores({PLAIN: self.coarse[PLAIN]}, exclusive=self.exclusive)
        return {self.checkpoint.classes[k]: float(values[k]) for k in np.argsort(-values, kind="stable")}

    def predicted(self) -> list[str]:
        """Classes that it says are there, best first."""
        if PLAIN not in self.coarse:
            return []
        values = class_scores({PLAIN: self.coarse[PLAIN]}, exclusive=self.exclusive)
        return [self.checkpoint.classes[k] for k in predicted(values, exclusive=self.exclusive)]

    def report(
        self, view: View, photograph: s.Image, alpha: float, scales: Sequence[float], names: Sequence[str]
    ) -> Equivariance:
        """What is measured of the named classes that it knows, or else of those it predicts.

        Matrices are of the scales that are there.
        """
        known = [self.checkpoint.classes.index(name) for name in names if name in self.checkpoint.classes]
        there = [scale for scale in scales if View(scale=scale) in self.coarse]
        return measure(
            self.coarse,
            view,
            self.checkpoint.classes,
            (photograph.height, photograph.width),
            alpha=alpha,
            scales=there,
            classes=known or default_classes(self.coarse, exclusive=self.exclusive),
            exclusive=self.exclusive,
        )


def gather(checkpoints: Sequence[s.Checkpoint], image: str, view: View, scales: Sequence[float]) -> list[Seen]:
    """Ask for all that is needed, without waiting for any: x and Ax first, then the other scales."""
    found = [Seen(label, checkpoint) for label, checkpoint in labelled(checkpoints).items()]
    wanted = views_needed(view, scales)
    for one in sorted(wanted, key=lambda each: each not in (PLAIN, view)):
        for seen in found:
            _ask(seen, image, one)
    return found


def _ask(seen: Seen, image: str, view: View) -> None:
    if seen.problem is not None:
        return
    try:
        seen.coarse[view] = view_logits(seen.checkpoint.id, image, view)
    except Pending:
        seen.missing.append(view)
    except Problem as problem:
        seen.problem = str(problem)
