"""Label maps against ground truth: confusion matrices, IoU, m_FN and m_FP (Eqs. 4 to 6). Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ssenet.data.base import IGNORED
from ssenet.lineage import Step
from ssenet.results import ProtocolCard

Subject = Literal["pseudo-labels", "segmentation"]
Counts = NDArray[np.int64]


def confusion(truth: NDArray[np.uint8], predicted: NDArray[np.uint8], classes: int) -> Counts:
    """Pixels (K + 1, K + 1) by ground truth (row) and prediction (column).

    Args:
        truth: (H, W), 0 background, 1..K classes, 255 ignored.
        predicted: (H, W), 0..K; the scored pixels may not be 255.
        classes: K.

    Raises:
        ValueError: the sizes differ, or a label is out of range.
    """
    if truth.shape != predicted.shape:
        raise ValueError(f"ground truth of {truth.shape} against a prediction of {predicted.shape}")
    valid = truth != IGNORED
    rows, columns = truth[valid].astype(np.int64), predicted[valid].astype(np.int64)
    if rows.size and max(rows.max(), columns.max()) > classes:
        raise ValueError(f"labels up to {max(rows.max(), columns.max())} where {classes} classes are known")
    size = classes + 1
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)


class SegmentationRecord(BaseModel):
    """How well label maps agree with ground truth, and how they were made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    subject: Subject
    classes: tuple[str, ...]
    image_ids: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...] = Field(description="Pixels by ground truth and prediction, all images.")
    protocol: ProtocolCard
    lineage: tuple[Step, ...]
    coverage: float | None = Field(default=None, description="Share of pixels that pseudo-labels do not ignore.")
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def counts(self) -> Counts:
        """The confusion matrix (K + 1, K + 1)."""
        return np.array(self.confusion, np.int64)

    @property
    def iou(self) -> NDArray[np.float64]:
        """IoU (K + 1,) of background and classes, 0 for a class with neither truth nor prediction (Eq. 4)."""
        return iou(self.counts)

    @property
    def miou(self) -> float:
        """Mean IoU over background and classes, in percent."""
        return float(100 * self.iou.mean())


def iou(counts: Counts) -> NDArray[np.float64]:
    """IoU (..., K + 1) from confusion matrices (..., K + 1, K + 1): TP / (T + P - TP)."""
    tp = np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)
    union = counts.sum(-1) + counts.sum(-2) - tp
    return np.divide(tp, union, out=np.zeros_like(tp), where=union > 0)


def m_fn_m_fp(counts: Counts) -> tuple[float, float]:
    """m_FN and m_FP (Eqs. 5 and 6): means over the classes with a true positive of FN/TP and FP/TP; NaN without one."""
    tp = np.diagonal(counts).astype(np.float64)[1:]
    fn, fp = counts.sum(1)[1:] - tp, counts.sum(0)[1:] - tp
    found = tp > 0
    if not found.any():
        return float("nan"), float("nan")
    return float((fn[found] / tp[found]).mean()), float((fp[found] / tp[found]).mean())


def record_of(
    subject: Subject,
    classes: Sequence[str],
    matrices: dict[str, Counts],
    protocol: ProtocolCard,
    lineage: tuple[Step, ...],
    coverage: float | None = None,
) -> SegmentationRecord:
    """The record of scored images: ``matrices`` holds the confusion matrix of each image id."""
    total = sum(matrices.values(), np.zeros((len(classes) + 1,) * 2, np.int64))
    return SegmentationRecord(
        subject=subject,
        classes=tuple(classes),
        image_ids=tuple(matrices),
        confusion=tuple(tuple(int(n) for n in row) for row in total),
        protocol=protocol,
        lineage=lineage,
        coverage=coverage,
    )
