"""How long a job would take: from earlier runs on this machine, or from a stated reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend.schemas.jobs import Estimate
from backend.store.content import Input, inputs_of
from backend.store.job_views import Run, earlier_runs
from backend.store.models import Checkpoint, Dataset, ImageSet, Job
from backend.work import Extent, work
from ssenet.config import DEFAULT_BACKBONE, STAGES, Closed, EvaluateSettings, JobKind, TrainOptions
from ssenet.estimate import REFERENCE, START_SECONDS
from ssenet.lineage import stored_settings

_RUNS = 5
_ENOUGH_SECONDS = 5.0
"""Runs of less work than this say nothing about longer ones."""
CRF_REFERENCE = 4.0
"""Megapixels of mean-field iterations a second, measured on one core of an AMD EPYC (Zen 4) with three labels."""


@dataclass(frozen=True)
class Experience:
    """What earlier runs of the same kind and backbone took.

    Attributes:
        runs: how many they are.
        throughput: megapixels a second, in which longer runs weigh more.
        startup: seconds beside the work.
    """

    runs: int
    throughput: float
    startup: float


def estimate(session: Session, kind: JobKind, settings: Closed) -> Estimate:
    """Seconds that a job with these settings would take."""
    return estimated(session, kind, settings, extent_of(session, kind, settings))


def estimated(session: Session, kind: JobKind, settings: Closed, extent: Extent) -> Estimate:
    """The same for a job whose inputs need not be there yet."""
    amount, known = work(settings, extent), _experience(session, kind, extent.backbone)
    if known is not None:
        runs = "the last run" if known.runs == 1 else f"the last {known.runs} runs"
        network = f" with {extent.backbone}" if extent.backbone else ""
        basis = f"{runs} of this kind{network} on this installation"
        return Estimate(seconds=amount / known.throughput + known.startup, basis=basis)
    return _referred(amount, extent.backbone)


def _referred(amount: float, backbone: str | None) -> Estimate:
    if backbone is None:
        basis = f"a reference of {CRF_REFERENCE:g} megapixels of mean-field iterations a second on one CPU core"
        return Estimate(seconds=START_SECONDS + amount / CRF_REFERENCE, basis=basis)
    reference = REFERENCE.get(backbone, REFERENCE[DEFAULT_BACKBONE])
    other = "" if backbone in REFERENCE else f", taken for {DEFAULT_BACKBONE} as {backbone} was never run here"
    basis = f"a reference of {reference:g} megapixels of forward work a second on one CPU core{other}"
    return Estimate(seconds=START_SECONDS + amount / reference, basis=basis)


def _experience(session: Session, kind: JobKind, backbone: str | None) -> Experience | None:
    runs: list[tuple[Run, float]] = []
    for run in earlier_runs(session, kind):
        settings = _settings(run.job)
        if settings is None or run.seconds < _ENOUGH_SECONDS:
            continue
        extent = extent_of(session, kind, settings)
        if extent.backbone == backbone:
            runs.append((run, work(settings, extent)))
    runs = runs[:_RUNS]
    if not runs:
        return None
    throughput = sum(amount for _, amount in runs) / sum(run.seconds for run, _ in runs)
    return Experience(len(runs), throughput, median(run.startup for run, _ in runs))


def _settings(job: Job) -> Closed | None:
    try:
        return STAGES[job.kind].model_validate(job.settings)  # type: ignore[index]
    except ValidationError:  # of an earlier version
        return None


def extent_of(session: Session, kind: JobKind, settings: Closed) -> Extent:
    """What a job works on, as far as its inputs are still there."""
    inputs = inputs_of(session, kind, stored_settings(settings))
    image_set = next((row for row in inputs.values() if isinstance(row, ImageSet)), None)
    dataset_id = getattr(settings, "dataset", None) or (image_set.dataset_id if image_set else None)
    dataset = session.get(Dataset, dataset_id) if dataset_id else None
    splits = dataset.splits if dataset else {}
    images = image_set.images if image_set else limited(splits.get(getattr(settings, "split", ""), 1), settings)
    val_images = limited(splits.get(getattr(settings, "val_split", ""), 1), settings, "val_images")
    return Extent(images, val_images, _backbone(settings, inputs))


def limited(total: int, settings: Any, field: str = "images") -> int:
    """``total``, or the smaller number of images that a field of the settings names."""
    return min(total, getattr(settings, field, None) or total)


def _backbone(settings: Closed, inputs: Mapping[str, Input | None]) -> str | None:
    if isinstance(settings, TrainOptions):
        return settings.backbone
    if "checkpoint" not in inputs or (isinstance(settings, EvaluateSettings) and settings.cams is not None):
        return None  # maps that are there already need no network
    checkpoint = inputs["checkpoint"]
    return str(checkpoint.card["backbone"]) if isinstance(checkpoint, Checkpoint) else DEFAULT_BACKBONE
