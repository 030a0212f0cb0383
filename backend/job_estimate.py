"""How long a job would take: from earlier runs on this machine, or from a stated reference."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from sqlalchemy.orm import Session

from backend.schemas.jobs import Estimate, StageSettings
from backend.store.job_views import Run, earlier_runs
from backend.store.models import Checkpoint, Dataset, Job
from ssenet.config import DEFAULT_BACKBONE, STAGES, CamTrainSettings, EvaluateSettings, JobKind
from ssenet.estimate import REFERENCE, START_SECONDS, training_work

IMAGE_PIXELS = 320 * 320
"""Assumed pixels of an image, where a data set's images are not measured."""
_RUNS = 5
_ENOUGH_SECONDS = 5.0
"""Runs of less work than this say nothing about longer ones."""


@dataclass(frozen=True)
class Experience:
    """What earlier runs of the same kind and backbone took.

    Attributes:
        runs: how many they are.
        throughput: megapixels of forward work a second, in which longer runs weigh more.
        startup: seconds beside the work.
    """

    runs: int
    throughput: float
    startup: float


def estimate(session: Session, kind: JobKind, settings: StageSettings) -> Estimate:
    """Seconds that a job with these settings would take."""
    backbone = _backbone(session, settings)
    work = _work(session, settings)
    known = _experience(session, kind, backbone)
    if known is not None:
        runs = "the last run" if known.runs == 1 else f"the last {known.runs} runs"
        basis = f"{runs} of this kind with {backbone} on this installation"
        return Estimate(seconds=work / known.throughput + known.startup, basis=basis)
    reference = REFERENCE.get(backbone, REFERENCE[DEFAULT_BACKBONE])
    other = "" if backbone in REFERENCE else f", taken for {DEFAULT_BACKBONE} as {backbone} was never run here"
    basis = f"a reference of {reference:g} megapixels of forward work a second on one CPU core{other}"
    return Estimate(seconds=START_SECONDS + work / reference, basis=basis)


def _experience(session: Session, kind: JobKind, backbone: str) -> Experience | None:
    runs: list[tuple[Run, float]] = []
    for run in earlier_runs(session, kind):
        settings = _settings(run.job)
        if run.seconds >= _ENOUGH_SECONDS and _backbone(session, settings) == backbone:
            runs.append((run, _work(session, settings)))
    runs = runs[:_RUNS]
    if not runs:
        return None
    throughput = sum(work for _, work in runs) / sum(run.seconds for run, _ in runs)
    return Experience(len(runs), throughput, median(run.startup for run, _ in runs))


def _settings(job: Job) -> StageSettings:
    return STAGES[job.kind].model_validate(job.settings)  # type: ignore[index,return-value]


def _backbone(session: Session, settings: StageSettings) -> str:
    if isinstance(settings, CamTrainSettings):
        return settings.backbone
    checkpoint = session.get(Checkpoint, settings.checkpoint)
    return str(checkpoint.card["backbone"]) if checkpoint else DEFAULT_BACKBONE


def _work(session: Session, settings: StageSettings) -> float:
    dataset = session.get(Dataset, settings.dataset)
    splits = dataset.splits if dataset else {}
    if isinstance(settings, CamTrainSettings):
        return training_work(settings, splits.get(settings.split, 1), splits.get(settings.val_split, 1))
    total = splits.get(settings.split, 1)
    images = min(total, settings.images or total)
    scales = set(settings.scales) | (set(settings.multi_scale) if isinstance(settings, EvaluateSettings) else set())
    return images * IMAGE_PIXELS * sum(scale**2 for scale in scales) * (2 if settings.flip else 1) / 1e6
