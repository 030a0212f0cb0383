"""Training the segmentation network on labels that are partly ignored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import numpy as np
import torch
from torch.utils.data import Dataset as TorchDataset

from ssenet import __version__
from ssenet.config import SegmentationTrainSettings
from ssenet.data.augment import generator
from ssenet.data.base import Dataset
from ssenet.evaluate import count_images
from ssenet.lineage import Step
from ssenet.models.backbones import normalisation
from ssenet.results import CheckpointCard
from ssenet.segmentation.augment import SegmentationAugment
from ssenet.segmentation.inference import SegmentationNetwork
from ssenet.segmentation.labelled import LabelledImages
from ssenet.segmentation.losses import SegmentationLosses, segmentation_losses
from ssenet.segmentation.network import started_deeplab
from ssenet.segmentation.scoring import metrics_of, protocol, scored
from ssenet.training.loop import Batch, Progress, Validation
from ssenet.training.schedule import build_optimiser
from ssenet.weights.start import Checkpoint

Lineage = Callable[[str, int], tuple[Step, ...]]


class _Crops(TorchDataset[Batch]):
    """Augmented crops of given images in a given epoch, with their labels."""

    def __init__(
        self, images: LabelledImages, indices: list[int], epoch: int, seed: int, augment: SegmentationAugment
    ) -> None:
        self.images, self.indices, self.epoch, self.seed, self.augment = images, indices, epoch, seed, augment

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Batch:
        index = self.indices[position]
        image, labels = self.images[index]
        return self.augment(image, labels, generator(self.seed, self.epoch, index))


class SegmentationTask:
    """A segmentation network in training.

    Args:
        settings: what to train.
        images: photographs with labels.
        device: where to train.
        run_key: content key of the run.
        lineage: the steps that lead to the network, given the hash of its weights and the epochs done.
        start: checkpoint whose backbone it starts from.

    Raises:
        UserError: the settings, the data set or the weights cannot be used.
    """

    def __init__(
        self,
        settings: SegmentationTrainSettings,
        images: LabelledImages,
        device: torch.device,
        run_key: str,
        lineage: Lineage,
        start: Checkpoint | None = None,
    ) -> None:
        self.settings, self.images, self.device = settings, images, device
        self.run_key, self.lineage = run_key, lineage
        self.val_images = count_images(self.dataset, settings.val_split, settings.val_images)
        torch.manual_seed(settings.seed)
        self.network, self.parent = started_deeplab(settings, len(self.dataset.classes), start)
        self.network.to(device).to(memory_format=torch.channels_last)
        self.optimiser = build_optimiser(self.network, settings, self.network.new_parameters())
        self.mean, self.std = normalisation(settings.backbone)

    @property
    def dataset(self) -> Dataset:
        """The data set of the photographs."""
        return self.images.dataset

    @property
    def key(self) -> str:
        """Hash of what the run depends on: its content key, and the version of the code."""
        return hashlib.sha256(json.dumps([self.run_key, __version__]).encode()).hexdigest()

    @property
    def remedy(self) -> str:
        """Nothing but the learning rate."""
        return ""

    def train_mode(self) -> None:
        """As the settings want batch norm."""
        self.network.train_mode(self.settings.batch_norm, self.settings.batch_norm_momentum)

    def crops(self, indices: list[int], epoch: int) -> TorchDataset[Batch]:
        """Crops (3, crop, crop) with labels (crop, crop)."""
        augment = SegmentationAugment.of(self.settings, self.mean, self.std)
        return _Crops(self.images, indices, epoch, self.settings.seed, augment)

    def losses(self, batch: Batch, step: int) -> SegmentationLosses:
        """Cross-entropy at the resolution of the crop."""
        images, labels = batch
        return segmentation_losses(self.network(images), labels)

    def validate(self, epoch: int, step: int, progress: Progress) -> Validation | None:
        """mIoU at scale 1 of the validation split; None where it has no masks."""
        split, dataset = self.settings.val_split, self.dataset
        if split not in dataset.masked_splits:
            return None
        network = SegmentationNetwork(self.network, self.card(epoch, step, "0" * 64, None), self.device)
        counts = np.zeros((len(dataset.classes) + 1,) * 2, np.int64)
        for index in range(self.val_images):
            sample = dataset.sample(split, index)
            counts += scored(sample, network.labels(sample.image), len(dataset.classes))
            progress(index + 1, self.val_images)
        how = protocol(network.card, dataset, split, self.val_images, scales=(1.0,), flip=False, crf=None)
        return Validation(metrics_of(counts), how)

    def card(self, epoch: int, step: int, weights_sha256: str, validation: Validation | None) -> CheckpointCard:
        """What the network is after ``epoch``."""
        settings = self.settings
        return CheckpointCard(
            name=f"segmentation {settings.backbone} on {self.dataset.spec.name}",
            method="segmentation",
            backbone=settings.backbone,
            stride=settings.stride,
            classes=tuple(self.dataset.classes),
            mean=self.mean,
            std=self.std,
            settings=settings,
            lineage=self.lineage(weights_sha256, epoch + 1),
            dataset=self.dataset.spec.name,
            dataset_fingerprint=self.dataset.fingerprint,
            epoch=epoch + 1,
            step=step,
            seed=settings.seed,
            metrics=validation.metrics if validation else {},
            metrics_protocol=validation.protocol if validation else None,
            weights_sha256=weights_sha256,
            code_version=__version__,
            parent=self.parent,
        )
