"""Eqs. 1 to 6 on small examples, for display; the training's own terms are in ``ssenet.losses``. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssenet.config import SerForm
from ssenet.render import normalise, upsample
from ssenet.scores import confusion, iou, m_fn_m_fp

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]
Size = tuple[int, int]
GRID = (48, 64)
"""Height and width of the toy masks, in pixels."""


# Eqs. 1 and 2 ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Branches:
    """The two maps that SER compares, (K, h, w) raw logits at one resolution: f(Ax) and A f(x)."""

    small: Floats
    large: Floats


def branches(small: Floats, large: Floats, form: SerForm, small_input: Size, large_input: Size) -> Branches:
    """Bring the logits of both branches to where SER is measured.

    ``paper``: the coarse maps of the small branch. ``official``: each map is upsampled to its branch's input first,
    then the large one is resized to the small input, as released.

    Args:
        small: (K, h, w) raw coarse logits of the scaled photograph.
        large: (K, h', w') of the photograph itself.
        form: which SER.
        small_input: height and width of the scaled photograph.
        large_input: of the photograph itself.
    """
    if form == "paper":
        return Branches(small, upsample(large, (small.shape[1], small.shape[2])))
    return Branches(upsample(small, small_input), upsample(upsample(large, large_input), small_input))


def present_maps(logits: Floats, labels: NDArray[np.bool_]) -> Floats:
    """Eq. 3 of raw logits (K, h, w), zero for the classes that labels (K,) say are absent."""
    return normalise(np.maximum(logits, 0), "eq3") * labels[:, None, None]


def ser_map(pair: Branches, form: SerForm, labels: NDArray[np.bool_]) -> Floats:
    """Difference f(Ax) − A f(x) of every class (K, h, w), as the named form sees it."""
    if form == "paper":
        return pair.small - pair.large
    return present_maps(pair.small, labels) - present_maps(pair.large, labels)


def ser(pair: Branches, form: SerForm, labels: NDArray[np.bool_]) -> float:
    """R of Eq. 2 for one photograph: the L2 norm (paper), or the mean square over all classes (official)."""
    difference = ser_map(pair, form, labels).astype(np.float64)
    return float(np.linalg.norm(difference) if form == "paper" else np.mean(difference**2))


def classification_loss(logits: Floats, labels: NDArray[np.bool_]) -> float:
    """Multi-label soft margin loss of the global average of maps (K, h, w) against labels (K,)."""
    scores = logits.astype(np.float64).mean(axis=(1, 2))
    return float(np.mean(np.logaddexp(0, scores) - labels * scores))


@dataclass(frozen=True)
class LossTerms:
    """The terms of Eq. 1 for one photograph."""

    cls_large: float
    cls_small: float
    ser: float

    def total(self, eta: float) -> float:
        """Mean of both classification losses plus η R."""
        return (self.cls_large + self.cls_small) / 2 + eta * self.ser


def loss_terms(
    small: Floats, large: Floats, labels: NDArray[np.bool_], form: SerForm, small_input: Size, large_input: Size
) -> LossTerms:
    """Eq. 1's terms from the logits of both branches; arguments as ``branches``."""
    pair = branches(small, large, form, small_input, large_input)
    if form == "official":  # the released code pools the upsampled logits; nearly the same value
        large, small = upsample(large, large_input), pair.small
    return LossTerms(classification_loss(large, labels), classification_loss(small, labels), ser(pair, form, labels))


# Eqs. 4 to 6 -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Toy:
    """A truth square of class 1, a smaller one of class 2, and what is predicted of both.

    Attributes:
        side: of the predicted square of class 1, in pixels; the truth has ``TRUE_SIDE``.
        shift: how far it lies to the right of the truth.
        second: whether class 2 is found; then exactly.
    """

    side: int
    shift: int = 0
    second: bool = True


TRUE_SIDE = 24
_CENTRE = (24, 22)
_SECOND = (slice(6, 16), slice(48, 58))


def _square(side: int, shift: int) -> tuple[slice, slice]:
    top, left = _CENTRE[0] - side // 2, _CENTRE[1] + shift - side // 2
    return slice(max(0, top), max(0, top + side)), slice(max(0, left), max(0, left + side))


def toy_truth() -> Labels:
    """(H, W) labels: 0 background, 1 the large square, 2 the small one."""
    mask = np.zeros(GRID, np.uint8)
    mask[_square(TRUE_SIDE, 0)], mask[_SECOND] = 1, 2
    return mask


def toy_prediction(toy: Toy) -> Labels:
    """(H, W) labels of the prediction; class 2, where found, is in front."""
    mask = np.zeros(GRID, np.uint8)
    mask[_square(toy.side, toy.shift)] = 1
    if toy.second:
        mask[_SECOND] = 2
    return mask


@dataclass(frozen=True)
class ClassCounts:
    """Pixels of one class, and what Eqs. 4 to 6 make of them; None where TP is 0."""

    name: str
    tp: int
    fn: int
    fp: int

    @property
    def iou(self) -> float:
        """TP / (TP + FN + FP); 0 for a class in neither."""
        union = self.tp + self.fn + self.fp
        return self.tp / union if union else 0.0

    @property
    def fn_ratio(self) -> float | None:
        """FN / TP."""
        return self.fn / self.tp if self.tp else None

    @property
    def fp_ratio(self) -> float | None:
        """FP / TP."""
        return self.fp / self.tp if self.tp else None


@dataclass(frozen=True)
class Means:
    """Eqs. 4 to 6 over classes; m_FN and m_FP are None where no class has a true positive."""

    classes: tuple[ClassCounts, ...]
    miou: float
    miou_by_printed_c: float
    m_fn: float | None
    m_fp: float | None

    @property
    def undefined(self) -> int:
        """Foreground classes without a true positive, left out of m_FN and m_FP."""
        return sum(one.tp == 0 for one in self.classes[1:])


def means(truth: Labels, predicted: Labels, names: Sequence[str]) -> Means:
    """Counts of each class and their means.

    ``miou`` divides by the number of classes with the background (C = 21 on VOC), as the released code does.
    ``miou_by_printed_c`` is Eq. 4 as printed with C foreground classes: C + 1 terms over C.

    Args:
        truth: (H, W) labels 0..K, 255 ignored.
        predicted: (H, W) labels 0..K.
        names: of the background and the K classes.
    """
    counts = confusion(truth, predicted, len(names) - 1)
    hit = np.diagonal(counts)
    rows = zip(names, hit, counts.sum(1) - hit, counts.sum(0) - hit, strict=True)
    classes = tuple(ClassCounts(name, int(tp), int(fn), int(fp)) for name, tp, fn, fp in rows)
    m_fn, m_fp = m_fn_m_fp(counts)
    values = iou(counts)
    printed = float(values.sum() / (len(names) - 1))
    return Means(classes, float(values.mean()), printed, _known(m_fn), _known(m_fp))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
