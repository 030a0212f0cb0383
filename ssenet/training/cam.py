"""Training a CAM network: the baseline, or SSENet with two branches and SER.

Every random choice is a function of (seed, epoch, index), and dropout of (seed, step),
so that a resumed run equals an uninterrupted one bit by bit on the CPU.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from ssenet import __version__
from ssenet.config import CamTrainSettings
from ssenet.data.augment import Augment, generator
from ssenet.data.base import Dataset
from ssenet.errors import SettingsError
from ssenet.evaluate import count_images
from ssenet.events import Reporter, Stopped
from ssenet.inference import best_device
from ssenet.losses import BranchLosses, baseline_losses, two_branch_losses
from ssenet.models.backbones import normalisation
from ssenet.models.cam import CamNet, build_cam_net, freeze, train_mode
from ssenet.results import CheckpointCard
from ssenet.training.checkpoint import CARD, WEIGHTS, publish, sha256, weights_bytes
from ssenet.training.schedule import PolySchedule, build_optimiser
from ssenet.training.state import load_state, newest_state, save_state, settle_state
from ssenet.training.validation import Validation, validate
from ssenet.transforms import Flip, Rotate, Scale, Transform
from ssenet.weights.imagenet import load_imagenet_backbone

_ORDER, _DROPOUT, _ANGLE = 1, 2, 3
"""Streams of random numbers beside augmentation's 0."""
_GPU_WORKERS = 8


class _Crops(TorchDataset[tuple[Tensor, Tensor]]):
    """Augmented crops of given images in a given epoch."""

    def __init__(
        self, dataset: Dataset, split: str, indices: list[int], epoch: int, seed: int, augment: Augment
    ) -> None:
        self.dataset, self.split, self.indices = dataset, split, indices
        self.epoch, self.seed, self.augment = epoch, seed, augment

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> tuple[Tensor, Tensor]:
        index = self.indices[position]
        sample = self.dataset.sample(self.split, index, epoch=self.epoch, with_mask=False)
        crop = self.augment(sample.image, generator(self.seed, self.epoch, index))
        return crop, torch.from_numpy(sample.labels)


@dataclass(frozen=True)
class Plan:
    """How many steps there are, and which images each takes."""

    images: int
    batch: int
    epochs: int
    seed: int

    @classmethod
    def of(cls, settings: CamTrainSettings, images: int) -> Plan:
        """The last, smaller batch of an epoch is left out, as released."""
        return cls(images, min(settings.batch_size, images), settings.epochs, settings.seed)

    @property
    def steps_per_epoch(self) -> int:
        """Full batches an epoch."""
        return self.images // self.batch

    @property
    def steps(self) -> int:
        """All optimiser steps."""
        return self.steps_per_epoch * self.epochs

    def indices(self, epoch: int, first_step: int) -> list[int]:
        """Images of an epoch in their order, from its ``first_step`` on."""
        order = generator(self.seed, epoch, 0, _ORDER).permutation(self.images)
        return [int(i) for i in order[first_step * self.batch : self.steps_per_epoch * self.batch]]


class CamTrainer:
    """One training run, from settings to published checkpoints.

    Args:
        settings: what to train.
        dataset: opened data set, with its classes.
        folder: where states and checkpoints go.
        report: told of progress.
        stop: asked after each step whether to stop; then a state is saved and ``Stopped`` raised.
        resume_from: folder of an earlier attempt with the same settings.
        device: where to train; None takes ``best_device``.
        imagenet_weights: the published file of ResNet38, when it is not in ``SSENET_WEIGHTS_DIR``.
    """

    def __init__(
        self,
        settings: CamTrainSettings,
        dataset: Dataset,
        folder: Path,
        report: Reporter,
        *,
        stop: Callable[[], bool] = lambda: False,
        resume_from: Path | None = None,
        device: torch.device | None = None,
        imagenet_weights: Path | None = None,
    ) -> None:
        self.settings, self.dataset, self.folder, self.report, self.stop = settings, dataset, folder, report, stop
        self.plan = Plan.of(settings, count_images(dataset, settings.split, settings.train_images))
        self.val_images = count_images(dataset, settings.val_split, settings.val_images)
        self.device = device or best_device()
        torch.manual_seed(settings.seed)
        self.network, self.parent = build_network(settings, len(dataset.classes), imagenet_weights)
        self.network.to(self.device).to(memory_format=torch.channels_last)
        self.optimiser = build_optimiser(self.network, settings)
        self.schedule = PolySchedule(self.optimiser, self.plan.steps, settings.poly_power)
        self.mean, self.std = normalisation(settings.backbone)
        self.step, self.pending = 0, False
        self._resume(resume_from)

    @property
    def key(self) -> str:
        """Hash of what the run depends on; how often states are saved and by how many processes is not part."""
        settings = self.settings.model_dump(mode="json", exclude={"save_every_steps", "workers"})
        text = json.dumps([settings, self.dataset.fingerprint, __version__], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def run(self) -> CheckpointCard:
        """Train to the end; returns the card of the last checkpoint.

        Raises:
            Stopped: it was asked to stop.
            SettingsError: the loss stopped being a number.
        """
        card = None
        while self.pending or self.step < self.plan.steps:
            if not self.pending:
                self._run_epoch(self.step // self.plan.steps_per_epoch)
            card = self._finish_epoch(self.step // self.plan.steps_per_epoch - 1)
        return card or self._finish_epoch(self.plan.epochs - 1)

    def _resume(self, folder: Path | None) -> None:
        for candidate in (self.folder, folder):
            state = newest_state(candidate / "states", self.key) if candidate else None
            if state:
                load_state(state, self.network, self.optimiser)
                self.step, self.pending = state.step, state.pending
                return

    def _run_epoch(self, epoch: int) -> None:
        train_mode(self.network, self.settings.batch_norm, self.settings.batch_norm_momentum)
        for images, labels in self._batches(epoch):
            rate = self.schedule.apply(self.step)
            losses = self._train_step(images.to(self.device), labels.to(self.device))
            self.step += 1
            self._report_step({**losses.values(), "lr": rate})
            if self.step % self.plan.steps_per_epoch == 0:
                self.pending = True
                self._save_state()
                return
            stopping = self.stop()
            if stopping or self.step % self.settings.save_every_steps == 0:
                self._save_state()
            if stopping:
                raise Stopped

    def _batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        augment = Augment.of(self.settings, self.mean, self.std)
        indices = self.plan.indices(epoch, self.step % self.plan.steps_per_epoch)
        crops = _Crops(self.dataset, self.settings.split, indices, epoch, self.settings.seed, augment)
        on_gpu = self.device.type == "cuda"
        workers = self.settings.workers or (min(_GPU_WORKERS, os.cpu_count() or 1) if on_gpu else 0)
        return iter(DataLoader(crops, self.plan.batch, num_workers=workers, pin_memory=on_gpu))

    def _train_step(self, images: Tensor, labels: Tensor) -> BranchLosses:
        random = np.random.default_rng([self.settings.seed, self.step, _DROPOUT])
        torch.manual_seed(int(random.integers(2**62)))
        images = images.contiguous(memory_format=torch.channels_last)
        losses = self._losses(images, labels)
        if not torch.isfinite(losses.total):
            raise SettingsError(
                f"The loss stopped being a number at step {self.step + 1}. Lower the learning rate "
                f"(now {self.settings.lr:g}) or η (now {self.settings.eta:g})."
            )
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(losses.total)
        self.optimiser.step()
        return losses

    def _losses(self, images: Tensor, labels: Tensor) -> BranchLosses:
        if self.settings.method == "baseline":
            return baseline_losses(self.network, images, labels)
        transform = self._transform()
        return two_branch_losses(
            self.network,
            images,
            labels,
            transform,
            eta=self.settings.eta,
            form=self.settings.ser_form,
            small_statistics=self.settings.batch_norm == "all",
        )

    def _transform(self) -> Transform:
        if self.settings.equivariance == "flip":
            return Flip()
        if self.settings.equivariance == "rotate":
            random = np.random.default_rng([self.settings.seed, self.step, _ANGLE])
            return Rotate(float(random.uniform(-self.settings.angle, self.settings.angle)))
        return Scale((self.settings.small_side, self.settings.small_side))

    def _report_step(self, values: dict[str, float]) -> None:
        epoch = self.step / self.plan.steps_per_epoch
        self.report("metrics", step=self.step, epoch=round(epoch, 4), values=values)
        message = f"epoch {min(int(epoch) + 1, self.plan.epochs)} of {self.plan.epochs}"
        self.report("progress", done=self.step, total=self.plan.steps, unit="steps", message=message)

    def _save_state(self) -> None:
        save_state(self.folder / "states", self.step, self.key, self.network, self.optimiser, pending=self.pending)
        self.report("state", step=self.step)

    def _validated(self, epoch: int) -> Callable[[int, int], None]:
        """Tells of every validated photograph, and stops between two when asked to; a state lies on the disk."""

        def progress(done: int, total: int) -> None:
            message = f"validating epoch {epoch + 1} of {self.plan.epochs}: {done} of {total} images"
            self.report("progress", done=self.step, total=self.plan.steps, unit="steps", message=message)
            if self.stop():
                raise Stopped

        return progress

    def _finish_epoch(self, epoch: int) -> CheckpointCard:
        """Validate and publish the epoch's checkpoint; only then does the state count as past it."""
        unnamed = self._card(epoch, "0" * 64, None)
        validation = validate(
            unnamed, self.network, self.dataset, self.settings, self.val_images, self._validated(epoch)
        )
        weights = weights_bytes(self.network)
        card = self._card(epoch, sha256(weights), validation)
        folder = self.folder / f"epoch-{epoch + 1:04d}"
        publish(folder, weights, card)
        self.report("epoch", epoch=epoch + 1, step=self.step, values=dict(card.metrics))
        self.report(
            "checkpoint",
            epoch=epoch + 1,
            step=self.step,
            final=epoch + 1 == self.plan.epochs,
            weights=str((folder / WEIGHTS).relative_to(self.folder)),
            card=str((folder / CARD).relative_to(self.folder)),
        )
        self._settle()
        return card

    def _settle(self) -> None:
        state = newest_state(self.folder / "states", self.key)
        self.pending = False
        if state and state.step == self.step:
            settle_state(state)
        else:  # resumed from another folder
            self._save_state()

    def _card(self, epoch: int, weights_sha256: str, validation: Validation | None) -> CheckpointCard:
        settings = self.settings
        name = f"{settings.method} {settings.backbone} on {settings.dataset}"
        return CheckpointCard(
            name=name,
            method=settings.method,
            backbone=settings.backbone,
            stride=settings.stride,
            classes=self.dataset.classes,
            mean=self.mean,
            std=self.std,
            settings=settings,
            dataset=self.dataset.spec.name,
            dataset_fingerprint=self.dataset.fingerprint,
            epoch=epoch + 1,
            step=self.step,
            seed=settings.seed,
            metrics=validation.metrics if validation else {},
            metrics_protocol=validation.protocol if validation else None,
            weights_sha256=weights_sha256,
            code_version=__version__,
            parent=self.parent,
        )


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
