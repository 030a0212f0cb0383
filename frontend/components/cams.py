"""Raw logits of several checkpoints for one photograph, gathered as the service computes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from frontend import session
from frontend.client import Pending, Problem
from frontend.components.strip import Subject
from frontend.schemas import Checkpoint
from ssenet.render import class_scores, predicted
from ssenet.results import View

HIGHEST = "highest score"
"""The choice that follows the photograph: whatever class scores highest."""


@dataclass
class Gathered:
    """What has arrived of one checkpoint's logits."""

    checkpoint: Checkpoint
    coarse: dict[View, NDArray[np.float32]] = field(default_factory=dict)
    missing: list[float] = field(default_factory=list)
    problem: str | None = None

    @property
    def exclusive(self) -> bool:
        """Whether the network names one class only (softmax)."""
        return self.checkpoint.card.method == "classifier"

    def scores(self) -> dict[str, float]:
        """Score of each class by name, best first; empty until something arrived."""
        if not self.coarse:
            return {}
        values = class_scores(self.coarse, exclusive=self.exclusive)
        return {self.checkpoint.classes[k]: float(values[k]) for k in np.argsort(-values, kind="stable")}

    def predicted(self) -> list[str]:
        """Classes the network says are there, best first."""
        if not self.coarse:
            return []
        values = class_scores(self.coarse, exclusive=self.exclusive)
        return [self.checkpoint.classes[k] for k in predicted(values, exclusive=self.exclusive)]


def gather(checkpoints: Sequence[Checkpoint], image: str, scales: Sequence[float], flip: bool) -> list[Gathered]:
    """Ask for every scale of every checkpoint, smallest scale first, without waiting for any."""
    found = [Gathered(checkpoint) for checkpoint in checkpoints]
    for scale in sorted(scales):
        for one in found:
            _ask(one, image, scale, flip)
    return found


def _ask(one: Gathered, image: str, scale: float, flip: bool) -> None:
    if one.problem is not None:
        return
    try:
        one.coarse |= session.coarse_logits(one.checkpoint.id, image, scale, flip)
    except Pending:
        one.missing.append(scale)
    except Problem as problem:
        one.problem = str(problem)


def ranked(found: Sequence[Gathered]) -> list[tuple[str, float]]:
    """All classes of all checkpoints with their best score, highest first."""
    best: dict[str, float] = {}
    for one in found:
        for name, score in one.scores().items():
            best[name] = max(score, best.get(name, 0.0))
    return sorted(best.items(), key=lambda item: -item[1])


def offered(found: Sequence[Gathered], labels: str, given: Sequence[str]) -> list[str]:
    """Classes to choose from under a label source, best first.

    Args:
        found: logits by checkpoint.
        labels: ``predicted``, ``all`` or ``given``.
        given: class names known for the photograph.
    """
    order = [name for name, _ in ranked(found)]
    if labels == "all":
        return order
    allowed = set(given) if labels == "given" else {name for one in found for name in one.predicted()}
    return [name for name in order if name in allowed]


def subject(one: Gathered, name: str, others: Mapping[str, float]) -> Subject:
    """The row of a checkpoint for class ``name``, or for its own best class when it does not know that one.

    Args:
        one: its logits.
        name: the chosen class, or ``HIGHEST``.
        others: best score of every offered class over all checkpoints, highest first; ``HIGHEST`` means the
            first of them, so that all rows show one class.
    """
    scores = one.scores()
    if not scores:
        return Subject(one.checkpoint.name, _method(one.checkpoint), "", 0, {})
    wanted = next((n for n in others if n in scores), next(iter(scores))) if name == HIGHEST else name
    note = ""
    if wanted not in scores:
        note, wanted = f"does not know “{wanted}”, its own best class is shown", next(iter(scores))
    subtitle = f"{_method(one.checkpoint)} · {wanted} {scores[wanted]:.2f}"
    index = one.checkpoint.classes.index(wanted)
    return Subject(one.checkpoint.name, subtitle, wanted, index, one.coarse, note)


def _method(checkpoint: Checkpoint) -> str:
    names = {"baseline": "baseline", "ssenet": "SSENet", "classifier": "ImageNet classifier"}
    return names.get(checkpoint.card.method, checkpoint.card.method)
