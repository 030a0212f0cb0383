"""Typed results: views, cards, α histograms. Free of torch."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    ValidationInfo,
    computed_field,
    field_validator,
    model_validator,
)

from ssenet.config import (
    WORKING_SIDE,
    AffinityTrainSettings,
    CamTrainSettings,
    LabelSource,
    Method,
    NetworkRole,
    ReluOrder,
    SegmentationTrainSettings,
)
from ssenet.lineage import Step, content_key, stored_settings

MULTI_SCALE = "MS"
"""Name of an evaluation's row that sums all scales."""

CAM_VERSION = "1"
"""Part of every CAM key: raise it when the same inputs would give other logits."""

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


_NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_VIEW_NAME = re.compile(rf"s({_NUMBER})(-flip)?(?:-r({_NUMBER}))?(?:-x({_NUMBER}))?(?:-y({_NUMBER}))?")


class View(BaseModel):
    """One way of looking at an image: the transformation A = flip ∘ shift ∘ rotate ∘ scale of Eq. 2.

    The frame keeps the size that ``scale`` gives it; what comes from outside the photograph is zero
    after normalisation. Raw logits of a rotated or shifted view stay in the warped frame, and a flip
    is mirrored back: they are those of shift ∘ rotate ∘ scale.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    scale: float = Field(gt=0)
    flip: bool = False
    rotation: float = Field(default=0.0, ge=-180, le=180, description="Degrees, counter-clockwise, about the centre.")
    shift_x: float = Field(default=0.0, ge=-0.5, le=0.5, description="To the right, as a fraction of the width.")
    shift_y: float = Field(default=0.0, ge=-0.5, le=0.5, description="Down, as a fraction of the height.")

    @field_validator("rotation", "shift_x", "shift_y")
    @classmethod
    def _named_exactly(cls, value: float, info: ValidationInfo) -> float:
        # To hundredths of a degree and ten-thousandths of a side, so that a name says all; and no -0.
        return round(value, 2 if info.field_name == "rotation" else 4) + 0.0

    @property
    def warped(self) -> bool:
        """Whether it is rotated or shifted."""
        return bool(self.rotation or self.shift_x or self.shift_y)

    @property
    def name(self) -> str:
        """A name that is safe in file names and npz keys, such as ``s0.5-flip`` or ``s1-r15-x-0.1``."""
        moved = {"r": self.rotation, "x": self.shift_x, "y": self.shift_y}
        warp = "".join(f"-{letter}{value:g}" for letter, value in moved.items() if value)
        return f"s{self.scale:g}" + ("-flip" if self.flip else "") + warp

    @classmethod
    def parse(cls, name: str) -> View:
        """The view that ``name`` came from, its scale to six significant digits.

        Raises:
            ValueError: it is not the name of a view.
        """
        found = _VIEW_NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"{name!r} is not the name of a view, such as s0.5-flip")
        scale, flip, *moved = found.groups()
        rotation, shift_x, shift_y = (float(value or 0) for value in moved)
        return cls(scale=float(scale), flip=flip is not None, rotation=rotation, shift_x=shift_x, shift_y=shift_y)


def views_of(scales: Iterable[float], flip: bool, **moved: float) -> list[View]:
    """All views, smallest scale first (the cheapest picture arrives first), each with its mirror image.

    ``moved`` is ``rotation``, ``shift_x`` and ``shift_y`` of all of them, as far as they are not 0.
    """
    mirrored = (False, True) if flip else (False,)
    return [View(scale=s, flip=f, **moved) for s in sorted(set(scales)) for f in mirrored]


def cam_key(image_sha: str, checkpoint_sha: str, view: View, precision: Literal["float16", "float32"]) -> str:
    """Content key of one raw coarse CAM: equal keys mean equal bytes (Architecture, CamKey)."""
    text = "|".join(["cam", CAM_VERSION, str(WORKING_SIDE), image_sha, checkpoint_sha, view.name, precision])
    return hashlib.sha256(text.encode()).hexdigest()


class CheckpointCard(BaseModel):
    """What one must know to use and to trust a set of weights."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal[1] = 1
    name: str = Field(min_length=1, max_length=120)
    method: Method | Literal["classifier", "affinity", "segmentation"] = Field(
        description="classifier: a conventional CAM of a given classifier."
    )
    backbone: str
    stride: Literal[8, 16, 32]
    classes: tuple[str, ...] = Field(min_length=1, max_length=2000)
    mean: tuple[float, float, float]
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat]
    settings: CamTrainSettings | AffinityTrainSettings | SegmentationTrainSettings | None = Field(
        default=None, description="Training settings; None when not trained here."
    )
    lineage: tuple[Step, ...] = Field(default=(), description="The steps that led to it, first to last, its own last.")
    dataset: str | None = None
    dataset_fingerprint: str | None = None
    epoch: int | None = None
    step: int | None = None
    seed: int | None = None
    metrics: dict[str, float] = Field(default_factory=dict, description="For example val_map, val_miou, val_alpha.")
    metrics_protocol: ProtocolCard | None = None
    weights_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    code_version: str
    parent: str | None = Field(default=None, description="Weights that training started from.")
    licence: str | None = None
    notes: str = ""
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its lineage; of a CAM network that carries none, the training that its settings describe."""
        if self.lineage or self.settings is None or self.role != "cam":
            return self.lineage
        key = content_key("train_cam", self.settings, {}, self.dataset_fingerprint or "")
        settings = stored_settings(self.settings)
        own = Step(kind="train_cam", key=key, settings=settings, epoch=self.epoch, weights_sha256=self.weights_sha256)
        return (own,)

    @property
    def role(self) -> NetworkRole:
        """What the network is for."""
        if self.method in ("affinity", "segmentation"):
            return self.method
        return "cam"

    @property
    def content_sha(self) -> str:
        """Hash of what its maps depend on: the weights and how they are used."""
        used: list[Any] = [self.weights_sha256, self.backbone, self.stride, self.classes, self.mean, self.std]
        if isinstance(self.settings, SegmentationTrainSettings):
            used.append(self.settings.head_dilation)  # which no tensor shows
        return hashlib.sha256(json.dumps(used).encode()).hexdigest()


class ProtocolCard(BaseModel):
    """How a number came about. No figure or table goes without one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    dataset_fingerprint: str
    split: str
    images: int
    label_source: LabelSource | Literal["none"] = Field(description="none: no image-level labels are used.")
    scales: tuple[float, ...]
    multi_scale: tuple[float, ...] = ()
    flip: bool
    relu_order: ReluOrder | None = None
    aggregation: str | None = Field(default=None, description="How views become one, where not by the usual sum.")
    normalisation: Literal["eq3", "official"] | None = "eq3"
    crf: str | None = None
    alpha_rule: str = Field(description="For example 'fixed 0.2' or 'best on the scored images'.")
    absent_classes: Literal["zero", "excluded"] = Field(
        default="zero", description="What a class with neither truth nor prediction adds to mIoU."
    )
    weights_sha256: str
    code_version: str

    @model_validator(mode="before")
    @classmethod
    def _recompute(cls, data: Any) -> Any:
        # A dumped card carries the computed flag; reading it back computes it anew.
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if key != "uses_ground_truth"}
        return data

    @computed_field  # type: ignore[prop-decorator]
    @property
    def uses_ground_truth(self) -> bool:
        """Whether anything was chosen or given with the ground truth of the scored images."""
        return self.label_source == "given" or "scored images" in self.alpha_rule


CheckpointCard.model_rebuild()


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

    @cached_property
    def dense(self) -> NDArray[np.int64]:
        """(K + 1, K, len(EDGES) + 1) counts over all images; winner w is at index w - 1."""
        out = np.zeros((self.classes + 1, self.classes, len(EDGES) + 1), np.int64)
        gt, winner, bins, count = self.rows.T
        np.add.at(out, (gt, winner - 1, bins), count)
        return out

    def take(self, images: NDArray[np.integer[Any]]) -> AlphaHistogram:
        """The histogram of the given images, in that order and as often as named (bootstrap)."""
        parts = [self.rows[self.starts[i] : self.starts[i + 1]] for i in images]
        starts = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)
        rows = np.concatenate(parts) if parts else np.empty((0, 4), np.int32)
        return AlphaHistogram(self.classes, rows, starts)


class EvaluationRecord(BaseModel):
    """An evaluation without its arrays: what was scored, and which rows it has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    checkpoint: str
    classes: tuple[str, ...]
    image_ids: tuple[str, ...]
    rows: tuple[str, ...] = Field(description="Names of the curves: one per single scale, such as '0.5', and 'MS'.")
    protocol: ProtocolCard
    lineage: tuple[Step, ...] = Field(default=(), description="The steps that led to the network.")
    agreed_alpha: float | None = Field(
        default=None,
        description="α at which the single scales agree most above chance, measured without the masks; null when not.",
    )
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


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
