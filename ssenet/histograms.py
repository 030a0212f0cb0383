"""α histograms: the counts of which every figure at every α is made, image by image, and their files. Free of torch."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

POWERS = (4.0, 6.0, 8.0, 16.0, 24.0, 32.0)
"""Exponents of the background score (1 - m)^α that published pipelines use."""


def power_to_threshold(power: float) -> float:
    """The threshold t with t = (1 - t)^power: both give the same argmax labels.

    The background score (1 - m)^power wins over a foreground score m exactly when m ≤ t.
    """
    low, high = 0.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if middle < (1 - middle) ** power else (low, middle)
    return (low + high) / 2


def threshold_to_power(threshold: float) -> float:
    """The exponent whose background score equals a constant ``threshold`` in (0, 1)."""
    if not 0 < threshold < 1:
        raise ValueError("a threshold strictly between 0 and 1 has an equivalent power, others have none")
    return float(np.log(threshold) / np.log(1 - threshold))


def _edges() -> NDArray[np.float32]:
    even = np.arange(1001, dtype=np.float64) / 1000
    return np.unique(np.concatenate([even, [power_to_threshold(p) for p in POWERS]]).astype(np.float32))


EDGES: NDArray[np.float32] = _edges()
"""Every α at which a curve is exact: 0, 0.001 … 1 and the thresholds of the named powers."""
EDGES.setflags(write=False)


def nearest_edge(alpha: float) -> int:
    """Index into ``EDGES`` of the edge nearest to ``alpha``."""
    return int(np.abs(EDGES - np.float32(alpha)).argmin())


def _counted(codes: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The codes below ``size`` that occur, ascending, and how often: by a table, or by sorting when it were huge."""
    if size > 16 * len(codes) + 2**20:
        return np.unique(codes, return_counts=True)
    table = np.bincount(codes, minlength=size)
    present = np.flatnonzero(table)
    return present, table[present]


@dataclass(frozen=True)
class AlphaHistogram:
    """Counts of (ground-truth class, winning class, score bin), image by image.

    A pixel's *winning class* w in 1..K has the highest map, and its *bin* is the number
    of ``EDGES`` strictly below that score, so the pixel is foreground at ``EDGES[j]``
    exactly when ``bin > j``: foreground wins only when its score is greater than α.
    From one pass, the confusion matrix is exact at every edge.

    Attributes:
        classes: number K of foreground classes.
        rows: (n, 4) int32, columns ground truth 0..K, winner 1..K, bin 0..len(EDGES), count.
        starts: (images + 1,) int64; rows of image i are ``rows[starts[i]:starts[i + 1]]``.
    """

    classes: int
    rows: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def of_image(
        cls, truth: NDArray[np.uint8], winner: NDArray[np.integer[Any]], score: NDArray[np.float32], classes: int
    ) -> AlphaHistogram:
        """Count one image.

        Args:
            truth: (H, W), 0 background, 1..K classes, 255 ignored.
            winner: (H, W), winning class 1..K.
            score: (H, W), its score.
            classes: K.

        Raises:
            ValueError: a ground-truth label is neither 0..K nor 255.
        """
        valid = truth != 255
        gt = truth[valid].astype(np.int64)
        if gt.size and gt.max() > classes:
            raise ValueError(f"label {int(gt.max())} in a mask of {classes} classes")
        bins = np.searchsorted(EDGES, score[valid].astype(np.float32), side="left")
        width = len(EDGES) + 1
        codes, counts = _counted(
            (gt * classes + (winner[valid].astype(np.int64) - 1)) * width + bins, (classes + 1) * classes * width
        )
        pair, bin_ = np.divmod(codes, width)
        rows = np.stack([pair // classes, pair % classes + 1, bin_, counts], axis=1).astype(np.int32)
        return cls(classes, rows, np.array([0, len(rows)], np.int64))

    @classmethod
    def join(cls, parts: Sequence[AlphaHistogram]) -> AlphaHistogram:
        """The histogram of all images of ``parts``, in order."""
        if not parts or len({p.classes for p in parts}) != 1:
            raise ValueError("histograms of one number of classes can be joined, and at least one is needed")
        sizes = np.concatenate([np.diff(p.starts) for p in parts])
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return cls(parts[0].classes, np.concatenate([p.rows for p in parts]), starts)

    @property
    def images(self) -> int:
        """Number of images counted."""
        return len(self.starts) - 1

    def take(self, images: NDArray[np.integer[Any]]) -> AlphaHistogram:
        """The histogram of the given images, in that order and as often as named (bootstrap)."""
        parts = [self.rows[self.starts[i] : self.starts[i + 1]] for i in images]
        starts = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)
        rows = np.concatenate(parts) if parts else np.empty((0, 4), np.int32)
        return AlphaHistogram(self.classes, rows, starts)


_COLUMNS: dict[str, type[np.unsignedinteger[Any]]] = {
    "truth": np.uint16,
    "winner": np.uint16,
    "bin": np.uint16,
    "count": np.uint32,
}


def save_histograms(histograms: dict[str, AlphaHistogram]) -> bytes:
    """Pack the rows of an evaluation as npz, without pickle; column by column, which compresses well."""
    arrays: dict[str, Any] = {}
    for name, histogram in histograms.items():
        for column, (part, dtype) in zip(histogram.rows.T, _COLUMNS.items(), strict=True):
            arrays[f"{name}.{part}"] = column.astype(dtype)
        arrays[f"{name}.starts"] = histogram.starts
        arrays[f"{name}.classes"] = np.int64(histogram.classes)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def load_histograms(data: bytes) -> dict[str, AlphaHistogram]:
    """The histograms that ``save_histograms`` packed, in the same order."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        names = [key.removesuffix(".starts") for key in arrays.files if key.endswith(".starts")]
        return {name: _unpack(arrays, name) for name in names}


def load_histogram(file: Path | io.BytesIO, name: str) -> AlphaHistogram:
    """One row of an evaluation, without reading the others: those of a large data set would fill the memory.

    Raises:
        KeyError: there is no such row.
    """
    with np.load(file, allow_pickle=False) as arrays:
        return _unpack(arrays, name)


def _unpack(arrays: Mapping[str, NDArray[Any]], name: str) -> AlphaHistogram:
    rows = np.stack([arrays[f"{name}.{part}"].astype(np.int32) for part in _COLUMNS], axis=1)
    return AlphaHistogram(int(arrays[f"{name}.classes"]), rows, arrays[f"{name}.starts"])
