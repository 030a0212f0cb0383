"""The stages of the segmentation network: train it on pseudo-labels, predict and score a split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssenet import __version__
from ssenet.cam_stages import image_progress
from ssenet.config import SegmentationTestSettings, SegmentationTrainSettings
from ssenet.crf import check_available, parameters
from ssenet.data.base import Dataset
from ssenet.data.files import read_mask
from ssenet.data.images import encode_mask_png
from ssenet.evaluate import count_images
from ssenet.events import Reporter
from ssenet.inference import best_device
from ssenet.lineage import Step
from ssenet.refine.photographs import Photographs
from ssenet.scores import Counts, record_of
from ssenet.segmentation.inference import SegmentationNetwork, load_segmentation
from ssenet.segmentation.labelled import LabelledImages
from ssenet.segmentation.prediction import predicted_labels
from ssenet.segmentation.scoring import check_classes, protocol, scored
from ssenet.segmentation.training import SegmentationTask
from ssenet.sets import SetManifest, SetWriter
from ssenet.stages import RunSpec, Stop, close_set, publish_scores
from ssenet.training.loop import TrainingLoop


def train(spec: RunSpec, settings: SegmentationTrainSettings, report: Reporter, stop: Stop) -> None:
    """Train DeepLab on a set of masks.

    Raises:
        UserError: the settings, the set, its data set or the weights to start from cannot be used.
        Stopped: it was asked to stop.
    """
    dataset, device = spec.opened(), best_device()
    images = LabelledImages(dataset, spec.image_set("labels"))
    start = None if settings.start is None else spec.network("start")

    def lineage(weights_sha256: str) -> tuple[Step, ...]:
        return spec.lineage(spec.step(settings, dataset.fingerprint, weights_sha256))

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
    images, step = count_images(dataset, settings.split, settings.images), spec.step(settings, dataset.fingerprint)
    run = _Test(
        settings,
        load_segmentation(files.weights, files.card),
        dataset,
        dataset.ids(settings.split)[:images],
        spec.writer(".png", step),
    )
    run.predict(report, stop)
    lineage = spec.lineage(step)
    close_set(spec, run.writer, run.manifest(step, lineage), report)
    if run.photographs.have_masks:
        matrices = run.matrices()
        card = protocol(
            files.card,
            dataset,
            settings.split,
            images,
            scales=settings.scales,
            flip=settings.flip,
            crf=None if run.crf is None else str(run.crf),
        )
        publish_scores(spec, record_of("segmentation", dataset.classes, matrices, card, lineage), matrices, report)


class _Test:
    """The predictions of one run."""

    def __init__(
        self,
        settings: SegmentationTestSettings,
        network: SegmentationNetwork,
        dataset: Dataset,
        ids: list[str],
        writer: SetWriter,
    ) -> None:
        self.settings, self.network, self.dataset, self.ids, self.writer = settings, network, dataset, ids, writer
        self.photographs, self.crf = Photographs(dataset, settings.split), parameters(settings)
        self._counted: dict[str, Counts] = {}

    def predict(self, report: Reporter, stop: Stop) -> None:
        """Write the labels of every image that is not finished."""
        missing, progress = self.writer.missing(self.ids), image_progress(report, stop)
        for done, image_id in enumerate(missing, 1 + len(self.ids) - len(missing)):
            sample = self.photographs.sample(image_id, with_mask=self.photographs.have_masks)
            labels = self._labels(sample.image)
            self.writer.put(image_id, encode_mask_png(labels))
            if sample.mask is not None:
                self._counted[image_id] = scored(sample, labels, len(self.dataset.classes))
            progress(done, len(self.ids))

    def _labels(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        probabilities = self.network.probabilities(image, self.settings.scales, self.settings.flip)
        return predicted_labels(image, probabilities, self.crf)

    def matrices(self) -> dict[str, Counts]:
        """The confusion matrix of every image; those finished by an earlier attempt are counted from their files."""
        return {image_id: self._counts(image_id) for image_id in self.ids}

    def _counts(self, image_id: str) -> Counts:
        if image_id not in self._counted:
            sample = self.photographs.sample(image_id, with_mask=True)
            labels = read_mask(self.writer.path(image_id))
            self._counted[image_id] = scored(sample, labels, len(self.dataset.classes))
        return self._counted[image_id]

    def manifest(self, step: Step, lineage: tuple[Step, ...]) -> SetManifest:
        """What the set of predictions is."""
        return SetManifest(
            kind="masks",
            key=step.key,
            dataset=self.dataset.spec.name,
            dataset_fingerprint=self.dataset.fingerprint,
            split=self.settings.split,
            image_ids=tuple(self.ids),
            classes=tuple(self.dataset.classes),
            lineage=lineage,
            subject="segmentation",
            code_version=__version__,
        )
