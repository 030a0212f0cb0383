"""Live examples of the Method page: what the service's maps of a photograph say of Eqs. 1 to 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frontend import schemas as s
from frontend.components import cams
from ssenet.analysis.method import Branches, LossTerms, branches, loss_terms, ser_map
from ssenet.config import SerForm
from ssenet.data.images import working_size
from ssenet.render import normalise, scaled_size, upsample
from ssenet.results import View

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Pair:
    """Both branches of one network on one photograph.

    Attributes:
        name: of the network, its alone.
        small: (K, h, w) raw coarse logits of the scaled photograph, f(Ax).
        large: (K, h', w') of the photograph itself, f(x).
        labels: (K,) which classes the photograph shows.
        small_input: height and width of the scaled photograph.
        large_input: of the photograph itself.
        given: whether ``labels`` are the photograph's own, and not what the network predicts.
    """

    name: str
    classes: tuple[str, ...]
    small: Floats
    large: Floats
    labels: NDArray[np.bool_]
    small_input: tuple[int, int]
    large_input: tuple[int, int]
    given: bool

    def brought(self, form: SerForm) -> Branches:
        """f(Ax) and A f(x) where the form measures SER."""
        return branches(self.small, self.large, form, self.small_input, self.large_input)

    def terms(self, form: SerForm) -> LossTerms:
        """Of Eq. 1."""
        return loss_terms(self.small, self.large, self.labels, form, self.small_input, self.large_input)

    def difference(self, form: SerForm, index: int) -> Floats:
        """|f(Ax) − A f(x)| of one class (h, w), as the form sees it."""
        return np.abs(ser_map(self.brought(form), form, self.labels)[index])


def pairs(photograph: s.Image, checkpoints: Sequence[s.Checkpoint], small: float, large: float) -> list[Pair] | None:
    """Both branches of every network; None while maps are being computed.

    Args:
        photograph: whose known labels count as present; without any, the classes that a network predicts do.
        checkpoints: networks.
        small: scale of the small branch.
        large: scale of the large one.
    """
    found = cams.gather(checkpoints, photograph.id, [small, large], False)
    if any(one.missing for one in found):
        return None
    size = working_size(photograph.height, photograph.width)
    return [_pair(one, photograph, size, small, large) for one in found if one.problem is None]


def _pair(one: cams.Gathered, photograph: s.Image, size: tuple[int, int], small: float, large: float) -> Pair:
    classes = one.checkpoint.classes
    known = [name for name in classes if name in photograph.labels]
    present = known or one.predicted() or list(one.scores())[:1]
    return Pair(
        one.label,
        classes,
        one.coarse[View(scale=small)],
        one.coarse[View(scale=large)],
        np.array([name in present for name in classes]),
        scaled_size(size, small),
        scaled_size(size, large),
        bool(known),
    )


def shown_class(found: Sequence[Pair]) -> str:
    """The first class that counts as present."""
    return next(name for name, here in zip(found[0].classes, found[0].labels, strict=True) if here)


def eq3(logits: Floats, size: tuple[int, int]) -> Floats:
    """Normalised map (H, W) of one class's raw coarse logits (h, w)."""
    return normalise(np.maximum(upsample(logits[None], size), 0), "eq3")[0]
