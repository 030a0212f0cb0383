"""Raw logits of several checkpoints for one photograph, gathered as the service computes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from frontend import session
from frontend.client import Pending, Problem
from frontend.components.chooser import labelled
from frontend.schemas import Checkpoint
from ssenet.render import class_scores, predicted
from ssenet.results import View


@dataclass
class Gathered:
    """What has arrived of one checkpoint's logits."""

    label: str
    """The checkpoint's name, with a part of its id where names repeat."""
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


def gather(
    checkpoints: Sequence[Checkpoint] | Mapping[str, Checkpoint], image: str, scales: Sequence[float], flip: bool
) -> list[Gathered]:
    """Ask for every scale of every checkpoint, smallest scale first, without waiting for any.

    Args:
        checkpoints: networks; by the labels that other pages know them by, where links lead to those.
        image: id of the photograph.
        scales: of the photograph.
        flip: also of the mirrored one.
    """
    named = checkpoints if isinstance(checkpoints, Mapping) else labelled(checkpoints)
    found = [Gathered(label, checkpoint) for label, checkpoint in named.items()]
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


def method_name(checkpoint: Checkpoint) -> str:
    """What a network is, in words."""
    names = {"baseline": "baseline", "ssenet": "SSENet", "classifier": "ImageNet classifier"}
    return names.get(checkpoint.card.method, checkpoint.card.method)
