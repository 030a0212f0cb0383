"""Two networks by object size, with bootstrap intervals: how well maps fit small, medium and large objects, and best α.

FN/TP and FP/TP are here of all pixels of the objects of one size together, not the mean over classes of Eqs. 5 and 6:
a class with a handful of objects of a size would decide that mean as soon as it is nearly missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ssenet.analysis.bootstrap import LEVEL, weight_blocks
from ssenet.analysis.correlation import weighted_spearman
from ssenet.analysis.differences import Difference, Estimate, differences, estimates, number, resampled_sums
from ssenet.analysis.objects import SIZES, Objects, objects_of, sizes, thirds
from ssenet.analysis.pair import (
    AlphaChoice,
    Choice,
    Evaluated,
    common_rows,
    differing,
    on_common_images,
    row_alpha,
    ruled,
)
from ssenet.config.base import Closed
from ssenet.errors import SettingsError
from ssenet.results import ProtocolCard

Doubles = NDArray[np.float64]
MOST_POINTS = 3000
"""Objects that are listed one by one; the figures are of all objects."""
FIGURES = ("iou", "fn_ratio", "fp_ratio", "best_alpha")


class SizeChoice(Choice):
    """What is compared by object size, and where the sizes part."""

    limits: tuple[float, float] | None = Field(
        default=None,
        description="Areas, as fractions of the photograph, up to which small and medium go; None: thirds.",
    )

    @property
    def plain(self) -> Choice:
        """The choice without sizes."""
        return Choice.model_validate(self.model_dump(exclude={"limits"}))

    @model_validator(mode="after")
    def _ascending(self) -> SizeChoice:
        if self.limits and not 0 < self.limits[0] < self.limits[1] < 1:
            raise ValueError("the limits of small and medium must be two fractions between 0 and 1, the smaller first")
        return self


class SizeEstimate(Closed):
    """A network on the objects of one size."""

    iou: Estimate = Field(description="Mean IoU of the objects.")
    fn_ratio: Estimate = Field(description="FN/TP of the pixels of all these objects together.")
    fp_ratio: Estimate = Field(description="FP/TP of the pixels of all these objects together.")
    best_alpha: Estimate = Field(description="Mean of the objects' own best α.")
    missed: int = Field(description="Objects without a true positive at α.")
    undefined: int = Field(description="Objects that no α hits: they have no best α.")


class SizeRow(Closed):
    """A row of a network: small, medium, large."""

    row: str
    alpha: float
    sizes: tuple[SizeEstimate, SizeEstimate, SizeEstimate]
    correlation: Estimate = Field(description="Spearman's ρ of area and best α, over the objects that have one.")


class ObjectPoint(Closed):
    """One object of the chosen row."""

    image: str
    name: str = Field(description="Its class.")
    area: float = Field(description="Fraction of the photograph's pixels that are not 255.")
    best_alpha: float | None
    iou: float
    fn_ratio: float | None
    fp_ratio: float | None


class NetworkSizes(Closed):
    """One of the two networks."""

    checkpoint: str
    rows: tuple[SizeRow, ...]
    points: tuple[ObjectPoint, ...] = Field(description=f"Objects of the chosen row, evenly thinned to {MOST_POINTS}.")
    protocol: ProtocolCard


class SizeDifference(Closed):
    """B - A on the objects of one size."""

    iou: Difference
    fn_ratio: Difference
    fp_ratio: Difference
    best_alpha: Difference


class SizeRowDifference(Closed):
    """B - A in one row."""

    row: str
    sizes: tuple[SizeDifference, SizeDifference, SizeDifference]
    correlation: Difference


class SizeComparison(Closed):
    """Two evaluations by object size, on the images they have in common."""

    choice: SizeChoice
    level: float = LEVEL
    images: int
    objects: int
    limits: tuple[float, float]
    counts: tuple[int, int, int] = Field(description="Small, medium and large objects.")
    a: NetworkSizes
    b: NetworkSizes
    differences: tuple[SizeRowDifference, ...]
    differing: tuple[str, ...]


@dataclass(frozen=True)
class _Drawn:
    """Figures of one network: observed (R, 3, 4) and resampled (B, R, 3, 4), correlations (R,) and (B, R)."""

    figures: Doubles
    resampled: Doubles
    correlation: Doubles
    correlations: Doubles


def compare_sizes(a: Evaluated, b: Evaluated, choice: SizeChoice) -> SizeComparison:
    """Both networks by object size; the same resamples for both.

    Predictions of a class that a photograph does not have belong to no object, and are not counted here.

    Raises:
        SettingsError: the evaluations cannot be compared (``pair``), or their photographs hold no object.
    """
    a, b = on_common_images(a, b)
    names = common_rows(a, b, choice.row)
    rows_a, rows_b = _objects(a, names, choice.alpha_a), _objects(b, names, choice.alpha_b)
    area = rows_a[0].area
    if not len(area):
        raise SettingsError("None of the common photographs holds an object, so there are no sizes to compare.")
    limits = choice.limits or thirds(area)
    size = sizes(area, limits)
    images = len(a.record.image_ids)
    drawn = [_draw(rows, size, images, choice) for rows in (rows_a, rows_b)]
    both = ((a, rows_a, choice.alpha_a, drawn[0]), (b, rows_b, choice.alpha_b, drawn[1]))
    networks = [
        NetworkSizes(
            checkpoint=one.record.checkpoint,
            rows=_rows(names, [row_alpha(one, name, alpha) for name in names], rows, size, figures),
            points=_points(one, rows[names.index(choice.row)]),
            protocol=_ruled(one, alpha, images),
        )
        for one, rows, alpha, figures in both
    ]
    return SizeComparison(
        choice=choice,
        images=images,
        objects=len(area),
        limits=limits,
        counts=tuple(int(n) for n in np.bincount(size, minlength=3)),
        a=networks[0],
        b=networks[1],
        differences=tuple(_difference(name, r, *drawn) for r, name in enumerate(names)),
        differing=differing(a.record.protocol, b.record.protocol),
    )


def _ruled(one: Evaluated, alpha: AlphaChoice, images: int) -> ProtocolCard:
    card = ruled(one.record.protocol, alpha, images)
    rule = f"{card.alpha_rule}; each object's own best α is chosen on the scored images"
    return card.model_copy(update={"alpha_rule": rule})


def _objects(one: Evaluated, names: Sequence[str], alpha: AlphaChoice) -> list[Objects]:
    return [objects_of(one.histograms[name], row_alpha(one, name, alpha)) for name in names]


# Figures of the sizes ------------------------------------------------------------------------------
def _draw(rows: Sequence[Objects], size: NDArray[np.int64], images: int, choice: Choice) -> _Drawn:
    table = np.stack([_table(one, size, images) for one in rows], axis=1)
    blocks = weight_blocks(images, choice.samples, choice.seed)
    return _Drawn(
        figures_of(table.sum(axis=0)),
        figures_of(resampled_sums(table, choice.samples, choice.seed)),
        _correlations(rows, np.ones((1, images)))[0],
        np.concatenate([_correlations(rows, weights.astype(np.float64)) for weights in blocks]),
    )


def _table(one: Objects, size: NDArray[np.int64], images: int) -> Doubles:
    """(N, 3 sizes, 7): objects, Σ IoU, objects with a best α, Σ best α, and pixels of truth, predicted, hit."""
    defined = ~np.isnan(one.best_alpha)
    alphas = np.where(defined, one.best_alpha, 0)
    columns = (np.ones(len(size)), one.iou, defined, alphas, one.truth, one.predicted, one.hit)
    table = np.zeros((images, len(SIZES), len(columns)))
    np.add.at(table, (one.image, size), np.stack(columns, axis=1))
    return table


def figures_of(sums: Doubles) -> Doubles:
    """(..., 4) mean IoU, FN/TP, FP/TP and mean best α, NaN where undefined, from sums (..., 7) over images."""
    count, iou, defined, alpha, truth, predicted, hit = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(hit > 0, hit, np.nan)
        return np.stack([iou / count, truth / found - 1, predicted / found - 1, alpha / defined], axis=-1)


def _correlations(rows: Sequence[Objects], weights: Doubles) -> Doubles:
    """(B, R) Spearman's ρ of area and best α."""
    out = np.empty((len(weights), len(rows)))
    for r, one in enumerate(rows):
        known = ~np.isnan(one.best_alpha)
        out[:, r] = weighted_spearman(one.area[known], one.best_alpha[known], weights[:, one.image[known]])
    return out


# Answers -------------------------------------------------------------------------------------------
def _rows(
    names: Sequence[str], alphas: Sequence[float], rows: Sequence[Objects], size: NDArray[np.int64], drawn: _Drawn
) -> tuple[SizeRow, ...]:
    return tuple(
        SizeRow(
            row=name,
            alpha=alphas[r],
            sizes=tuple(_estimate(rows[r], size == k, drawn.figures[r, k], drawn.resampled[:, r, k]) for k in range(3)),
            correlation=estimates(drawn.correlation[r : r + 1], drawn.correlations[:, r : r + 1])[0],
        )
        for r, name in enumerate(names)
    )


def _estimate(one: Objects, chosen: NDArray[np.bool_], observed: Doubles, resampled: Doubles) -> SizeEstimate:
    return SizeEstimate(
        **dict(zip(FIGURES, estimates(observed, resampled), strict=True)),
        missed=int((one.hit[chosen] == 0).sum()),
        undefined=int(np.isnan(one.best_alpha[chosen]).sum()),
    )


def _difference(name: str, r: int, a: _Drawn, b: _Drawn) -> SizeRowDifference:
    by_size = [
        differences(a.figures[r, k], b.figures[r, k], a.resampled[:, r, k], b.resampled[:, r, k]) for k in range(3)
    ]
    column = slice(r, r + 1)
    ends = (a.correlation[column], b.correlation[column], a.correlations[:, column], b.correlations[:, column])
    return SizeRowDifference(
        row=name,
        sizes=tuple(SizeDifference(**dict(zip(FIGURES, found, strict=True))) for found in by_size),
        correlation=differences(*ends)[0],
    )


def _points(one: Evaluated, objects: Objects) -> tuple[ObjectPoint, ...]:
    """The objects one by one; of very many an even choice over the images."""
    count = len(objects.area)
    kept = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(np.int64))
    iou, fn, fp = objects.iou, objects.fn_ratio, objects.fp_ratio
    return tuple(
        ObjectPoint(
            image=one.record.image_ids[objects.image[i]],
            name=one.record.classes[objects.label[i] - 1],
            area=float(objects.area[i]),
            best_alpha=number(objects.best_alpha[i]),
            iou=float(iou[i]),
            fn_ratio=number(fn[i]),
            fp_ratio=number(fp[i]),
        )
        for i in kept
    )
