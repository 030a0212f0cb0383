"""What the α lab shows of a row: its curve with a band, its best α, its plateau, and rules that choose α.

A row is a single scale or MS of an evaluation; its label is a class, or the mean over the classes. The point figures
are exact at every edge (``ssenet.curves``); bands are 95 % percentile intervals of resampled images. Free of torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from ssenet.analysis.bands import (
    GRID,
    GRID_ALPHA,
    Absent,
    Doubles,
    ImageTable,
    Label,
    Ratios,
    best_of,
    plateau,
    ratios,
    resampled,
)
from ssenet.analysis.bootstrap import LEVEL, interval
from ssenet.analysis.suggest import valley
from ssenet.config import PAPER_ALPHA
from ssenet.config.base import Closed
from ssenet.curves import Counts, counts
from ssenet.histograms import EDGES, AlphaHistogram, nearest_edge

MOST_SAMPLES = 5000
"""Resamples of a band at most."""
TOLERANCE = 0.01
"""A plateau is where the IoU is within one point of the best."""
_ALPHA: Doubles = EDGES.astype(np.float64).round(6)
"""The edges in the digits that people write: 0.48, not 0.47999998927."""


class Draws(Closed):
    """Which resamples a band is made of."""

    samples: int = Field(default=1000, ge=100, le=MOST_SAMPLES, description="Resamples of the images.")
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


class Estimate(Closed):
    """A figure and its interval; null where undefined."""

    value: float | None
    low: float | None
    high: float | None


class Figures(Closed):
    """The figures of a row at one α; ratios and IoU as fractions."""

    alpha: float
    iou: Estimate = Field(description="mIoU (Eq. 4), or the IoU of a class.")
    fn: Estimate = Field(description="m_FN (Eq. 5), or FN/TP of a class.")
    fp: Estimate = Field(description="m_FP (Eq. 6), or FP/TP of a class.")
    fn_bounded: Estimate = Field(description="FN/(TP + FN), of a class or its mean.")
    fp_bounded: Estimate = Field(description="FP/(TP + FP), of a class or its mean.")
    undefined: int = Field(description="Classes without a true positive, left out of fn and fp.")
    undefined_fn_bounded: int = Field(description="Classes without a pixel in the masks.")
    undefined_fp_bounded: int = Field(description="Classes that are predicted nowhere.")


class Plateau(Closed):
    """The α-range around α* in which the IoU is within one point of the best."""

    low: float
    high: float
    width: float


Name = Literal["fixed", "valley", "agreement", "oracle"]


class Rule(Closed):
    """A rule that chooses α, and what it gives; null where it finds none."""

    name: Name
    alpha: float | None
    iou: float | None
    uses_ground_truth: bool = Field(description="Whether the masks of the scored images chose this α.")


class AlphaRow(Closed):
    """One row of an evaluation for one label."""

    evaluation: str
    row: str = Field(description="A single scale such as '0.5', or MS.")
    label: str | None = Field(description="A class, background among them; null is the mean over all.")
    iou: list[float | None] = Field(description="At every α of the grid.")
    iou_low: list[float | None]
    iou_high: list[float | None]
    best_alpha: Estimate = Field(description="α*, chosen anew in each resample for its interval.")
    best: Figures | None = Field(description="At α*; null when the IoU is 0 at every α.")
    plateau: Plateau | None
    fixed: Figures = Field(description="At the paper's α = 0.2.")
    chosen: Figures = Field(description="At the α that was asked for.")
    rules: list[Rule]


class AlphaCurves(Closed):
    """Rows of evaluations on the images that all of them scored."""

    images: int
    draws: Draws
    level: float = LEVEL
    alpha: list[float] = Field(description="The grid of the curves: 0, 0.01 … 1.")
    rows: list[AlphaRow]


Limits = dict[str, tuple[float, float]]
"""Low and high of each of ``Ratios`` by name."""


@dataclass(frozen=True)
class Band:
    """What resampling says of one row and label, at the grid's thresholds and at the best of each resample.

    Attributes:
        iou: low and high, (101,) each.
        best_alpha: low and high.
        best: low and high of each of ``Ratios``, in its order, at each resample's own best α.
        fixed: the same at the paper's α.
    """

    iou: tuple[Doubles, Doubles]
    best_alpha: tuple[float, float]
    best: Limits
    fixed: Limits


_FIGURES = ("iou", "fn", "fp", "fn_bounded", "fp_bounded")


def grid_bands(
    histogram: AlphaHistogram, labels: Sequence[Label], draws: Draws, absent: Absent = "zero"
) -> dict[Label, Band]:
    """Bands at the 101 thresholds of the grid, for the mean over classes (None) and for classes by number."""
    table = ImageTable.of(histogram)
    found = resampled(table, labels, draws.samples, draws.seed, absent)
    return {label: _band(one) for label, one in found.items()}


def _band(found: Ratios) -> Band:
    best = best_of(found.iou)
    fixed = np.full_like(best, int(np.flatnonzero(nearest_edge(PAPER_ALPHA) == GRID)[0]))
    alpha = np.where(best < 0, np.nan, GRID_ALPHA[best])
    return Band(interval(found.iou), _pair(interval(alpha)), _limits(found, best), _limits(found, fixed))


def _limits(found: Ratios, at: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Limits:
    """Limits of every figure at one threshold of each resample, those with -1 left out as undefined."""
    taken = {name: np.take_along_axis(getattr(found, name), at[:, None], axis=1)[:, 0] for name in _FIGURES}
    return {name: _pair(interval(np.where(at < 0, np.nan, values))) for name, values in taken.items()}


def _pair(limits: tuple[Doubles, Doubles]) -> tuple[float, float]:
    return float(limits[0]), float(limits[1])


def bands_at(
    histogram: AlphaHistogram, labels: Sequence[Label], alpha: float, draws: Draws, absent: Absent = "zero"
) -> dict[Label, Limits]:
    """Limits of every figure at the edge nearest to ``alpha``."""
    found = resampled(ImageTable.of(histogram, [nearest_edge(alpha)]), labels, draws.samples, draws.seed, absent)
    here = np.zeros(draws.samples, np.int64)
    return {label: _limits(one, here) for label, one in found.items()}


@dataclass(frozen=True)
class Exact:
    """The exact figures of one row and label at every edge, (E,), and the valley of its scores."""

    counts: Counts
    ratios: Ratios
    label: Label
    valley: float | None

    @classmethod
    def of(cls, histogram: AlphaHistogram, label: Label, absent: Absent = "zero") -> Exact:
        """From the counts of all images."""
        c = counts(histogram)
        return cls(c, ratios(c.truth, c.predicted, c.hit, label, absent), label, valley(histogram))

    def best(self) -> int | None:
        """The edge of the highest IoU; None where it is 0 everywhere."""
        found = int(best_of(self.ratios.iou))
        return None if found < 0 else found

    def figures(self, edge: int, limits: Limits) -> Figures:
        """The figures at an edge, with the limits of their bands."""
        estimates = {name: estimate(getattr(self.ratios, name)[edge], *limits[name]) for name in _FIGURES}
        parts = (self.counts.hit[edge], self.counts.truth, self.counts.predicted[edge])
        chosen = slice(1, None) if self.label is None else slice(self.label, self.label + 1)
        empty = [int((part[chosen] == 0).sum()) for part in parts]
        undefined = dict(zip(("undefined", "undefined_fn_bounded", "undefined_fp_bounded"), empty, strict=True))
        return Figures(alpha=float(_ALPHA[edge]), **estimates, **undefined)


def estimate(value: float, low: float, high: float) -> Estimate:
    """With None for what is undefined."""
    return Estimate(value=_known(value), low=_known(low), high=_known(high))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def alpha_row(
    exact: Exact,
    names: tuple[str, str, str | None],
    alpha: float,
    band: Band,
    limits: Limits,
    agreed: float | None = None,
) -> AlphaRow:
    """One row for one label, put together.

    Args:
        exact: its figures.
        names: of the evaluation, the row and the label.
        alpha: the chosen threshold.
        band: of ``grid_bands``.
        limits: of ``bands_at`` at ``alpha``.
        agreed: α at which the scales agree most, where it was measured.
    """
    best, iou = exact.best(), exact.ratios.iou
    flat = plateau(_ALPHA, iou, TOLERANCE)
    return AlphaRow(
        evaluation=names[0],
        row=names[1],
        label=names[2],
        iou=[_known(value) for value in iou[GRID]],
        iou_low=[_known(value) for value in band.iou[0]],
        iou_high=[_known(value) for value in band.iou[1]],
        best_alpha=estimate(np.nan if best is None else _ALPHA[best], *band.best_alpha),
        best=None if best is None else exact.figures(best, band.best),
        plateau=None if flat is None else Plateau(low=flat[0], high=flat[1], width=round(flat[1] - flat[0], 6)),
        fixed=exact.figures(nearest_edge(PAPER_ALPHA), band.fixed),
        chosen=exact.figures(nearest_edge(alpha), limits),
        rules=_rules(exact, agreed),
    )


def _rules(exact: Exact, agreed: float | None) -> list[Rule]:
    best = exact.best()
    oracle = None if best is None else float(_ALPHA[best])
    chosen: dict[Name, float | None] = {
        "fixed": PAPER_ALPHA,
        "valley": exact.valley,
        "agreement": agreed,
        "oracle": oracle,
    }
    return [
        Rule(name=name, alpha=alpha, iou=_iou_at(exact, alpha), uses_ground_truth=name == "oracle")
        for name, alpha in chosen.items()
    ]


def _iou_at(exact: Exact, alpha: float | None) -> float | None:
    return None if alpha is None else _known(exact.ratios.iou[nearest_edge(alpha)])
