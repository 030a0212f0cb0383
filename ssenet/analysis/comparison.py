"""Whether two networks really differ: a paired bootstrap over the images that both evaluations scored. Free of torch.

What the intervals speak of are these two sets of weights on photographs like the scored ones. How far another training
of the same method would end up elsewhere, they cannot know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ssenet.analysis.bootstrap import LEVEL, absent_iou
from ssenet.analysis.differences import Difference, differences, mean_defined, resampled_sums
from ssenet.analysis.pair import Absent, Choice, Evaluated, common_rows, differing, on_common_images, row_alpha, ruled
from ssenet.analysis.per_image import image_counts
from ssenet.config.base import Closed
from ssenet.results import ProtocolCard

Doubles = NDArray[np.float64]
BACKGROUND = "background"


class RowDifference(Closed):
    """The averages of one row, which is a single scale or MS."""

    row: str
    alpha_a: float
    alpha_b: float
    miou: Difference
    m_fn: Difference
    m_fp: Difference
    undefined_a: int = Field(description="Classes without a true positive, left out of m_FN and m_FP of A.")
    undefined_b: int


class ClassDifference(Closed):
    """One class of the chosen row; the background has no FN/TP and FP/TP (Eqs. 5 and 6)."""

    name: str
    iou: Difference
    fn_ratio: Difference | None
    fp_ratio: Difference | None


class Comparison(Closed):
    """Two evaluations on the images they have in common."""

    a: str = Field(description="Checkpoint of A, the one that is compared against.")
    b: str
    choice: Choice
    level: float = LEVEL
    images: int
    rows: tuple[RowDifference, ...] = Field(description="Every row that both evaluations have.")
    classes: tuple[ClassDifference, ...] = Field(description="Of the chosen row, the background first.")
    protocol_a: ProtocolCard
    protocol_b: ProtocolCard
    differing: tuple[str, ...] = Field(description="What else differs between the protocols than the weights.")

    def row(self, name: str | None = None) -> RowDifference:
        """A row by name, or the chosen one."""
        wanted = name or self.choice.row
        return next(row for row in self.rows if row.row == wanted)


@dataclass(frozen=True)
class Figures:
    """Figures of any number of resamples: (..., K + 1) and (..., K) by class, background first, (...) averages."""

    iou: Doubles
    miou: Doubles
    fn_ratio: Doubles
    fp_ratio: Doubles
    m_fn: Doubles
    m_fp: Doubles


def figures(
    truth: Doubles,
    predicted: Doubles,
    hit: Doubles,
    absent: Absent = "zero",
    drawable: NDArray[np.bool_] | None = None,
) -> Figures:
    """Eqs. 4 to 6 from pixels summed over images, as ``ssenet.curves.curve`` has them at one α.

    Args:
        truth: (..., K + 1), background first.
        predicted: the same shape.
        hit: the same shape, true positives.
        absent: what a class with neither truth nor prediction adds to mIoU.
        drawable: of resamples: (K + 1,) classes that a mask of the compared images has (``bootstrap.absent_iou``).
    """
    union = truth + predicted - hit
    with np.errstate(divide="ignore", invalid="ignore"):
        iou = np.where(union > 0, hit / union, absent_iou(absent))
        counted = np.where(union > 0, iou, absent_iou(absent, drawable))
        found = np.where(hit > 0, hit, np.nan)[..., 1:]
        fn_ratio, fp_ratio = truth[..., 1:] / found - 1, predicted[..., 1:] / found - 1
    return Figures(iou, mean_defined(counted), fn_ratio, fp_ratio, mean_defined(fn_ratio), mean_defined(fp_ratio))


def compare(a: Evaluated, b: Evaluated, choice: Choice) -> Comparison:
    """Paired bootstrap of every common row, and of every class of the chosen one.

    A best α is chosen once, on all compared images, and stands still in the resamples: the intervals do not hold the
    uncertainty of that choice.

    Raises:
        SettingsError: the evaluations have no images, data or rows in common, or not the chosen row.
    """
    a, b = on_common_images(a, b)
    names = common_rows(a, b, choice.row)
    alphas_a = {name: row_alpha(a, name, choice.alpha_a) for name in names}
    alphas_b = {name: row_alpha(b, name, choice.alpha_b) for name in names}
    images = len(a.record.image_ids)
    # (N, 2 networks, R rows, 3 counts, K + 1): whatever is asked of a resample is one matrix product with this.
    table = np.stack([_table(a, alphas_a), _table(b, alphas_b)], axis=1)
    resampled = resampled_sums(table, choice.samples, choice.seed)
    observed = table.sum(axis=0, dtype=np.float64)[None]
    drawable = observed[0, 0, 0, 0] > 0
    before, after = (_of_network(observed, i, one.absent) for i, one in enumerate((a, b)))
    drawn_a, drawn_b = (_of_network(resampled, i, one.absent, drawable) for i, one in enumerate((a, b)))
    rows = tuple(
        _row(r, name, alphas_a[name], alphas_b[name], (before, after), (drawn_a, drawn_b))
        for r, name in enumerate(names)
    )
    classes = _classes(names.index(choice.row), a.record.classes, (before, after), (drawn_a, drawn_b))
    return Comparison(
        a=a.record.checkpoint,
        b=b.record.checkpoint,
        choice=choice,
        images=images,
        rows=rows,
        classes=classes,
        protocol_a=ruled(a.record.protocol, choice.alpha_a, images),
        protocol_b=ruled(b.record.protocol, choice.alpha_b, images),
        differing=differing(a.record.protocol, b.record.protocol),
    )


# Resampling ----------------------------------------------------------------------------------------
def _table(one: Evaluated, alphas: Mapping[str, float]) -> NDArray[np.int64]:
    """(N, R, 3, K + 1): truth, predicted and hit of every image at each row's α."""
    counted = [image_counts(one.histograms[name], alpha) for name, alpha in alphas.items()]
    return np.stack([np.stack([c.truth, c.predicted, c.hit], axis=1) for c in counted], axis=1)


def _of_network(sums: Doubles, network: int, absent: Absent, drawable: NDArray[np.bool_] | None = None) -> Figures:
    """Figures of a network from (B, 2, R, 3, K + 1)."""
    truth, predicted, hit = np.moveaxis(sums[:, network], 2, 0)
    return figures(truth, predicted, hit, absent, drawable)


Both = tuple[Figures, Figures]


def _row(r: int, name: str, alpha_a: float, alpha_b: float, observed: Both, drawn: Both) -> RowDifference:
    def averages(one: Figures) -> Doubles:
        return np.stack([one.miou[:, r], one.m_fn[:, r], one.m_fp[:, r]], axis=1)

    a, b = averages(observed[0])[0], averages(observed[1])[0]
    miou, m_fn, m_fp = differences(a, b, averages(drawn[0]), averages(drawn[1]))
    undefined = [int(np.isnan(one.fn_ratio[0, r]).sum()) for one in observed]
    return RowDifference(
        row=name,
        alpha_a=alpha_a,
        alpha_b=alpha_b,
        miou=miou,
        m_fn=m_fn,
        m_fp=m_fp,
        undefined_a=undefined[0],
        undefined_b=undefined[1],
    )


def _classes(r: int, names: Sequence[str], observed: Both, drawn: Both) -> tuple[ClassDifference, ...]:
    def of(figure: str) -> list[Difference]:
        a, b = (getattr(one, figure)[0, r] for one in observed)
        return differences(a, b, *(getattr(one, figure)[:, r] for one in drawn))

    iou, fn, fp = of("iou"), of("fn_ratio"), of("fp_ratio")
    background = ClassDifference(name=BACKGROUND, iou=iou[0], fn_ratio=None, fp_ratio=None)
    foreground = zip(names, iou[1:], fn, fp, strict=True)
    return (background, *(ClassDifference(name=n, iou=i, fn_ratio=f, fp_ratio=p) for n, i, f, p in foreground))
