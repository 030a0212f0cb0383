"""Training a CAM network: the baseline, or SSENet with two branches and SER."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset as TorchDataset

from ssenet import __version__
from ssenet.config import CamTrainSettings
from ssenet.data.augment import Augment, generator
from ssenet.data.base import Dataset
from ssenet.evaluate import count_images
from ssenet.events import Reporter
from ssenet.inference import best_device
from ssenet.lineage import Step, content_key, stored_settings
from ssenet.losses import BranchLosses, baseline_losses, two_branch_losses
from ssenet.models.backbones import normalisation
from ssenet.models.cam import CamNet, build_cam_net, freeze, train_mode
from ssenet.results import CheckpointCard
from ssenet.training.loop import Batch, Progress, TrainingLoop, Validation
from ssenet.training.schedule import build_optimiser
from ssenet.training.validation import validate
from ssenet.transforms import Flip, Rotate, Scale, Transform
from ssenet.weights.imagenet import load_imagenet_backbone

_ANGLE = 3
"""Stream of random numbers beside those of the loop."""


class _Crops(TorchDataset[Batch]):
    """Augmented crops of given images in a given epoch, with their labels."""

    def __init__(
        self, dataset: Dataset, split: str, indices: list[int], epoch: int, seed: int, augment: Augment
    ) -> None:
        self.dataset, self.split, self.indices = dataset, split, indices
        self.epoch, self.seed, self.augment = epoch, seed, augment

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Batch:
        index = self.indices[position]
        sample = self.dataset.sample(self.split, index, epoch=self.epoch, with_mask=False)
        crop = self.augment(sample.image, generator(self.seed, self.epoch, index))
        return crop, torch.from_numpy(sample.labels)


class CamTask:
    """A CAM network in training.

    Args:
        settings: what to train.
        dataset: opened data set, with its classes.
        device: where to train.
        imagenet_weights: the published file of ResNet38, when it is not in ``SSENET_WEIGHTS_DIR``.
    """

    def __init__(
        self, settings: CamTrainSettings, dataset: Dataset, device: torch.device, imagenet_weights: Path | None = None
    ) -> None:
        self.settings, self.dataset = settings, dataset
        self.images = count_images(dataset, settings.split, settings.train_images)
        self.val_images = count_images(dataset, settings.val_split, settings.val_images)
        torch.manual_seed(settings.seed)
        self.network, self.parent = build_network(settings, len(dataset.classes), imagenet_weights)
        self.network.to(device).to(memory_format=torch.channels_last)
        self.optimiser = build_optimiser(self.network, settings, self.network.classifier.parameters())
        self.mean, self.std = normalisation(settings.backbone)

    @property
    def key(self) -> str:
        """Hash of what the run depends on; how often states are saved and by how many processes is not part."""
        settings = self.settings.model_dump(mode="json", exclude={"save_every_steps", "workers"})
        text = json.dumps([settings, self.dataset.fingerprint, __version__], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def remedy(self) -> str:
        """SER can make the loss diverge."""
        return f"η (now {self.settings.eta:g})" if self.settings.method == "ssenet" else ""

    def train_mode(self) -> None:
        """As the settings want batch norm."""
        train_mode(self.network, self.settings.batch_norm, self.settings.batch_norm_momentum)

    def crops(self, indices: list[int], epoch: int) -> TorchDataset[Batch]:
        """Crops (3, crop, crop) with labels (K,)."""
        augment = Augment.of(self.settings, self.mean, self.std)
        return _Crops(self.dataset, self.settings.split, indices, epoch, self.settings.seed, augment)

    def losses(self, batch: Batch, step: int) -> BranchLosses:
        """Eq. 1, or its classification term alone for the baseline."""
        images, labels = batch
        if self.settings.method == "baseline":
            return baseline_losses(self.network, images, labels)
        return two_branch_losses(
            self.network,
            images,
            labels,
            self._transform(step),
            eta=self.settings.eta,
            form=self.settings.ser_form,
            small_statistics=self.settings.batch_norm == "all",
        )

    def _transform(self, step: int) -> Transform:
        if self.settings.equivariance == "flip":
            return Flip()
        if self.settings.equivariance == "rotate":
            random = np.random.default_rng([self.settings.seed, step, _ANGLE])
            return Rotate(float(random.uniform(-self.settings.angle, self.settings.angle)))
        return Scale((self.settings.small_side, self.settings.small_side))

    def validate(self, epoch: int, step: int, progress: Progress) -> Validation:
        """mAP, and CAM mIoU where there are masks."""
        unnamed = self.card(epoch, step, "0" * 64, None)
        return validate(unnamed, self.network, self.dataset, self.settings, self.val_images, progress)

    def card(self, epoch: int, step: int, weights_sha256: str, validation: Validation | None) -> CheckpointCard:
        """What the network is after ``epoch``."""
        settings = self.settings
        key = content_key("train_cam", settings, {}, self.dataset.fingerprint)
        own = Step(
            kind="train_cam",
            key=key,
            settings=stored_settings(settings),
            epoch=epoch + 1,
            weights_sha256=weights_sha256,
        )
        return CheckpointCard(
            name=f"{settings.method} {settings.backbone} on {settings.dataset}",
            method=settings.method,
            backbone=settings.backbone,
            stride=settings.stride,
            classes=self.dataset.classes,
            mean=self.mean,
            std=self.std,
            settings=settings,
            lineage=(own,),
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


def cam_training(
    settings: CamTrainSettings,
    dataset: Dataset,
    folder: Path,
    report: Reporter,
    *,
    stop: Callable[[], bool] = lambda: False,
    resume_from: Path | None = None,
    device: torch.device | None = None,
    imagenet_weights: Path | None = None,
) -> TrainingLoop:
    """A training run of a CAM network, ready to ``run``; arguments as ``TrainingLoop`` and ``CamTask``.

    Raises:
        UserError: the settings, the data set or the weights cannot be used.
    """
    device = device or best_device()
    task = CamTask(settings, dataset, device, imagenet_weights)
    return TrainingLoop(task, settings, task.images, folder, report, stop=stop, resume_from=resume_from, device=device)


def build_network(
    settings: CamTrainSettings, classes: int, imagenet_weights: Path | None = None
) -> tuple[CamNet, str | None]:
    """The network a run starts from, and what its weights are; frozen as the settings say.

    Raises:
        SettingsError: unknown backbone or stride.
        CheckpointError: ImageNet weights are asked for and not installed.
    """
    network = build_cam_net(settings.backbone, settings.stride, classes, dropout=settings.dropout)
    parent = load_imagenet_backbone(network, imagenet_weights) if settings.pretrained else None
    freeze(network, stages=settings.frozen_stages, batch_norm=settings.batch_norm == "frozen")
    return network, parent
