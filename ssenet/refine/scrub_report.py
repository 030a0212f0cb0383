"""What each iteration of a dense CRF changed, in numbers. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ssenet.data.base import IGNORED
from ssenet.refine.scrub import Frames, Labels, ScrubSettings, Variant
from ssenet.scores import confusion, iou

BACKGROUND, UNSURE = "background", "ignored"


class Answer(BaseModel):
    """Base of what is reported."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class VariantSteps(Answer):
    """One variant, a number an iteration (n + 1 of them, the first before the CRF)."""

    name: Variant
    background: str = Field(description="In words.")
    changed: tuple[float, ...] = Field(description="Share of pixels that the iteration before labelled otherwise.")
    moved: tuple[float, ...] = Field(description="Share of pixels that were labelled otherwise before the CRF.")
    area: dict[str, tuple[float, ...]] = Field(description="Share of pixels by class, background and ignored.")
    iou: dict[str, tuple[float | None, ...]] | None = Field(
        default=None, description="By class of the truth and background; None where there is neither label nor truth."
    )
    miou: tuple[float, ...] | None = Field(
        default=None, description="Mean IoU over the background and the classes of the truth (Eq. 4, one photograph)."
    )
    right: tuple[float | None, ...] | None = Field(
        default=None, description="Of the labels that are not ignored: share that agree with the truth."
    )


class CrfReport(Answer):
    """The numbers behind the frames."""

    classes: tuple[str, ...] = Field(description="That were refined, besides the background.")
    size: tuple[int, int] = Field(description="(H, W) of the frames.")
    settings: ScrubSettings
    parameters: str = Field(description="Of the CRF, in words.")
    variants: tuple[VariantSteps, ...]
    truth: bool = Field(description="Whether a mask is known that scores a pixel; agreement with it was measured.")
    truth_classes: tuple[str, ...] = ()
    lattice_seconds: float
    step_seconds: float


def report(made: Frames, names: Sequence[str], settings: ScrubSettings) -> CrfReport:
    """The numbers of ``made``.

    Args:
        made: frames, with the truth where known.
        names: of all K classes of the network.
        settings: that they were made with.
    """
    first = next(iter(made.labels.values()))
    if made.truth is not None and (made.truth == IGNORED).all():  # a mask that scores nothing says nothing
        made = replace(made, truth=None)
    present = [] if made.truth is None else _classes_in(made.truth, len(names))
    return CrfReport(
        classes=tuple(names[c] for c in made.classes),
        size=(first.shape[1], first.shape[2]),
        settings=settings,
        parameters=str(settings.parameters),
        variants=tuple(_variant(name, made, names, settings, present) for name in made.labels),
        truth=made.truth is not None,
        truth_classes=tuple(names[c] for c in present),
        lattice_seconds=made.lattice_seconds,
        step_seconds=made.step_seconds,
    )


def _classes_in(truth: Labels, classes: int) -> list[int]:
    return [int(c) for c in np.unique(truth) - 1 if 0 <= c < classes] if truth.size else []


def _variant(
    name: Variant, made: Frames, names: Sequence[str], settings: ScrubSettings, present: Sequence[int]
) -> VariantSteps:
    labels = made.labels[name]
    words = settings.backgrounds().get(name, "trusted by both backgrounds")
    steps = VariantSteps(
        name=name,
        background=words,
        changed=(0.0, *shares(labels[1:] != labels[:-1])),
        moved=shares(labels != labels[0]),
        area=_areas(labels, made.classes, names),
    )
    if made.truth is None:
        return steps
    if name == "affinity":
        return steps.model_copy(update={"right": tuple(agreement(one, made.truth) for one in labels)})
    table = np.stack([class_iou(one, made.truth, len(names)) for one in labels])
    return steps.model_copy(update=_scores(table, names, present))


def shares(where: NDArray[np.bool_]) -> tuple[float, ...]:
    """Share of pixels that are true in each of n pictures (n, H, W)."""
    return tuple(float(share) for share in where.mean(axis=(1, 2)))


def _areas(labels: Labels, classes: Sequence[int], names: Sequence[str]) -> dict[str, tuple[float, ...]]:
    kinds = {BACKGROUND: 0, **{names[c]: c + 1 for c in classes}}
    if (labels == IGNORED).any():
        kinds[UNSURE] = IGNORED
    return {kind: shares(labels == label) for kind, label in kinds.items()}


def class_iou(labels: Labels, truth: Labels, classes: int) -> NDArray[np.float64]:
    """IoU (K + 1,) of labels (H, W), the background first; NaN for a class in neither."""
    counts = confusion(truth, labels, classes)
    values = iou(counts)
    values[(counts.sum(0) + counts.sum(1)) == 0] = np.nan
    return values


def agreement(labels: Labels, truth: Labels) -> float | None:
    """Of the pixels that labels (H, W) do not ignore and truth scores: share with the right label; None without one."""
    counted = (labels != IGNORED) & (truth != IGNORED)
    return float((labels == truth)[counted].mean()) if counted.any() else None


def _scores(table: NDArray[np.float64], names: Sequence[str], present: Sequence[int]) -> dict[str, object]:
    columns = {BACKGROUND: 0, **{names[c]: c + 1 for c in present}}
    by_class = {name: tuple(_number(v) for v in table[:, column]) for name, column in columns.items()}
    means = np.nanmean(table[:, list(columns.values())], axis=1)
    return {"iou": by_class, "miou": tuple(float(v) for v in means)}


def _number(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def csv_rows(made: CrfReport) -> tuple[list[str], list[list[object]]]:
    """Header and rows, one a variant, iteration and quantity."""
    rows: list[list[object]] = []
    for variant in made.variants:
        columns = _columns(variant)
        for step in range(made.settings.iterations + 1):
            rows += [[variant.name, step, what, values[step]] for what, values in columns.items()]
    return ["variant", "iteration", "quantity", "value"], rows


def _columns(variant: VariantSteps) -> dict[str, Sequence[float | None]]:
    columns: dict[str, Sequence[float | None]] = {"changed": variant.changed, "moved": variant.moved}
    columns |= {f"area {name}": values for name, values in variant.area.items()}
    columns |= {f"IoU {name}": values for name, values in (variant.iou or {}).items()}
    if variant.miou is not None:
        columns["mIoU"] = variant.miou
    if variant.right is not None:
        columns["right"] = variant.right
    return columns
