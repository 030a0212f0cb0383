"""The stages of the segmentation network: train it on pseudo-labels, predict and score a split."""

from __future__ import annotations

from pathlib import Path

from ssenet import __version__
from ssenet.config import SegmentationTestSettings, SegmentationTrainSettings
from ssenet.crf import check_available
from ssenet.data.base import Dataset
from ssenet.evaluate import count_images
from ssenet.events import Reporter
from ssenet.inference import best_device
from ssenet.lineage import Step
from ssenet.refine.derived import wanted_processes
from ssenet.scores import record_of
from ssenet.segmentation.inference import load_segmentation
from ssenet.segmentation.labelled import LabelledImages
from ssenet.segmentation.scoring import check_classes, protocol
from ssenet.segmentation.testing import SplitTest
from ssenet.segmentation.training import SegmentationTask
from ssenet.sets import SetManifest, SetWriter
from ssenet.stages import RunSpec, Stop, close_set, publish_scores
from ssenet.training.loop import TrainingLoop

SCRATCH = Path("states") / "probabilities"
"""Below a run's folder: what the network said, until the CRF has made labels of it."""


def train(spec: RunSpec, settings: SegmentationTrainSettings, report: Reporter, stop: Stop) -> None:
    """Train DeepLab on a set of masks.

    Raises:
        UserError: the settings, the set, its data set or the weights to start from cannot be used.
        Stopped: it was asked to stop.
    """
    dataset, device = spec.opened(), best_device()
    images = LabelledImages(dataset, spec.image_set("labels"))
    start = None if settings.start is None else spec.network("start")

    def lineage(weights_sha256: str, epoch: int) -> tuple[Step, ...]:
        return spec.lineage(spec.step(settings, dataset.fingerprint, weights_sha256, epoch))

    key = spec.step(settings, dataset.fingerprint).key
    task = SegmentationTask(settings, images, device, key, lineage, start)
    TrainingLoop(
        task, settings, len(images), spec.output, report, stop=stop, resume_from=spec.resume_from, device=device
    ).run()


def test(spec: RunSpec, settings: SegmentationTestSettings, report: Reporter, stop: Stop) -> None:
    """Predict a split as a set of masks; score it where it has ground truth.

    Raises:
        UserError: the CRF is wanted and missing, or the network or the data set cannot be used.
        Stopped: it was asked to stop.
    """
    check_available(settings)
    files, dataset = spec.network("checkpoint"), spec.opened()
    check_classes(files.card, dataset)
    images = count_images(dataset, settings.split, settings.images, unlabelled=True)
    step = spec.step(settings, dataset.fingerprint)
    run = SplitTest(
        settings,
        load_segmentation(files.weights, files.card),
        dataset,
        dataset.ids(settings.split)[:images],
        spec.writer(".png", step),
        SetWriter(spec.output / SCRATCH, ".npz", step.key, spec.resume_from and spec.resume_from / SCRATCH),
        report,
        stop,
    )
    run.predict(wanted_processes(settings, spec.threads))
    lineage = spec.lineage(step)
    close_set(spec, run.writer, _manifest(settings, dataset, run.ids, step, lineage), report)
    if run.photographs.have_masks:
        matrices, crf = run.matrices(), None if run.crf is None else str(run.crf)
        how = protocol(files.card, dataset, settings.split, images, scales=settings.scales, flip=settings.flip, crf=crf)
        publish_scores(spec, record_of("segmentation", dataset.classes, matrices, how, lineage), matrices, report)


def _manifest(
    settings: SegmentationTestSettings, dataset: Dataset, ids: list[str], step: Step, lineage: tuple[Step, ...]
) -> SetManifest:
    """What the set of predictions is."""
    return SetManifest(
        kind="masks",
        key=step.key,
        dataset=dataset.spec.name,
        dataset_fingerprint=dataset.fingerprint,
        split=settings.split,
        image_ids=tuple(ids),
        classes=tuple(dataset.classes),
        lineage=lineage,
        subject="segmentation",
        code_version=__version__,
    )
