"""The training loop that all networks share: steps, schedule, states, resuming, checkpoints.

Every random choice is a function of (seed, epoch, index), and dropout of (seed, step),
so that a resumed run equals an uninterrupted one bit by bit on the CPU.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from ssenet.config import TrainOptions
from ssenet.data.augment import generator
from ssenet.errors import SettingsError
from ssenet.events import Reporter, Stopped
from ssenet.results import CheckpointCard, ProtocolCard
from ssenet.training.checkpoint import CARD, WEIGHTS, publish, read_card, sha256, weights_bytes
from ssenet.training.event_log import EventLog
from ssenet.training.notes import STATES
from ssenet.training.schedule import PolySchedule
from ssenet.training.state import load_newest, newest_state, save_state, settle_state

_ORDER, _DROPOUT = 1, 2
"""Streams of random numbers beside augmentation's 0."""
_GPU_WORKERS = 8

Batch = tuple[Tensor, ...]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Validation:
    """Figures of one epoch, and how they came about."""

    metrics: dict[str, float]
    protocol: ProtocolCard | None = None


class Losses(Protocol):
    """What a step minimises."""

    @property
    def total(self) -> Tensor:
        """The scalar whose gradient is followed."""

    def values(self) -> dict[str, float]:
        """Its terms as numbers, under the names that events and figures use."""


class Task(Protocol):
    """What is trained: everything that differs between a CAM network, AffinityNet and DeepLab."""

    @property
    def network(self) -> nn.Module:
        """The network, on its device."""

    @property
    def optimiser(self) -> Optimizer:
        """Its optimiser, at the initial learning rates."""

    @property
    def key(self) -> str:
        """Hash of all that the run depends on; a state is only resumed under the same one."""

    @property
    def remedy(self) -> str:
        """What else to lower when the loss stops being a number, such as ``η (now 1)``; empty when nothing."""

    def train_mode(self) -> None:
        """Put the network into training mode, as the settings want its batch norm."""

    def crops(self, indices: list[int], epoch: int) -> TorchDataset[Batch]:
        """Training samples of the given images in an epoch: a pure function of (seed, epoch, index).

        The first tensor of each is the photograph (3, H, W), normalised.
        """

    def losses(self, batch: Batch, step: int) -> Losses:
        """Losses of a collated batch, which is on the network's device."""

    def validate(self, epoch: int, step: int, progress: Progress) -> Validation | None:
        """Figures of the network as it is; None when there is nothing to measure. ``progress`` may raise Stopped."""

    def card(self, epoch: int, step: int, weights_sha256: str, validation: Validation | None) -> CheckpointCard:
        """The card of the network as it is after ``epoch``, counted from 0."""


@dataclass(frozen=True)
class Plan:
    """How many steps there are, and which images each takes."""

    images: int
    batch: int
    epochs: int
    seed: int

    @classmethod
    def of(cls, settings: TrainOptions, images: int) -> Plan:
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


class TrainingLoop:
    """One training run, from a task to published checkpoints.

    Args:
        task: what is trained.
        settings: of the run.
        images: number of training images.
        folder: where states and checkpoints go.
        report: told of progress.
        stop: asked after each step whether to stop; then a state is saved and ``Stopped`` raised.
        resume_from: folder of an earlier attempt with the same settings.
        device: of the network.

    Raises:
        SettingsError: the folder holds checkpoints of another training.
    """

    def __init__(
        self,
        task: Task,
        settings: TrainOptions,
        images: int,
        folder: Path,
        report: Reporter,
        *,
        stop: Callable[[], bool] = lambda: False,
        resume_from: Path | None = None,
        device: torch.device,
    ) -> None:
        self.task, self.settings, self.folder, self.stop = task, settings, folder, stop
        self.report = EventLog(folder, report)
        self.plan, self.device = Plan.of(settings, images), device
        self.schedule = PolySchedule(task.optimiser, self.plan.steps, settings.poly_power)
        self.step, self.pending = 0, False
        self._check_folder()
        self._resume(resume_from)

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

    def _check_folder(self) -> None:
        """Whoever takes the last checkpoint of a folder must not get one of other settings."""
        own = self.task.card(0, 0, "0" * 64, None).steps[-1].key
        steps = [step for path in self.folder.glob(f"epoch-*/{CARD}") for step in read_card(path.parent).steps[-1:]]
        if any(step.key != own for step in steps):
            raise SettingsError(
                f"{self.folder} holds checkpoints of a training with other settings, data or inputs. "
                "Choose another folder."
            )

    def _resume(self, folder: Path | None) -> None:
        for candidate in (self.folder, folder):
            if candidate is None:
                continue
            state = load_newest(candidate / STATES, self.task.key, self.task.network, self.task.optimiser)
            if state:
                self.step, self.pending = state.step, state.pending
                return

    def _run_epoch(self, epoch: int) -> None:
        self.task.train_mode()
        for batch in self._batches(epoch):
            rate = self.schedule.apply(self.step)
            losses = self._train_step(tuple(tensor.to(self.device) for tensor in batch))
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

    def _batches(self, epoch: int) -> Iterator[list[Tensor]]:
        crops = self.task.crops(self.plan.indices(epoch, self.step % self.plan.steps_per_epoch), epoch)
        on_gpu = self.device.type == "cuda"
        workers = self.settings.workers or (min(_GPU_WORKERS, os.cpu_count() or 1) if on_gpu else 0)
        return iter(DataLoader(crops, self.plan.batch, num_workers=workers, pin_memory=on_gpu))

    def _train_step(self, batch: Batch) -> Losses:
        random = np.random.default_rng([self.settings.seed, self.step, _DROPOUT])
        torch.manual_seed(int(random.integers(2**62)))
        images, *rest = batch
        losses = self.task.losses((images.contiguous(memory_format=torch.channels_last), *rest), self.step)
        if not torch.isfinite(losses.total):
            others = f" or {self.task.remedy}" if self.task.remedy else ""
            raise SettingsError(
                f"The loss stopped being a number at step {self.step + 1}. Lower the learning rate "
                f"(now {self.settings.lr:g}){others}."
            )
        self.task.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(losses.total)
        self.task.optimiser.step()
        return losses

    def _report_step(self, values: dict[str, float]) -> None:
        epoch = self.step / self.plan.steps_per_epoch
        self.report("metrics", step=self.step, epoch=round(epoch, 4), values=values)
        message = f"epoch {min(int(epoch) + 1, self.plan.epochs)} of {self.plan.epochs}"
        self.report("progress", done=self.step, total=self.plan.steps, unit="steps", message=message)

    def _save_state(self) -> None:
        task = self.task
        self.report.sync()
        save_state(self.folder / STATES, self.step, task.key, task.network, task.optimiser, pending=self.pending)
        self.report("state", step=self.step)

    def _validating(self, epoch: int) -> Progress:
        """Tells of every validated photograph, and stops between two when asked to; a state lies on the disk."""

        def progress(done: int, total: int) -> None:
            message = f"validating epoch {epoch + 1} of {self.plan.epochs}: {done} of {total} images"
            self.report("progress", done=self.step, total=self.plan.steps, unit="steps", message=message)
            if self.stop():
                raise Stopped

        return progress

    def _finish_epoch(self, epoch: int) -> CheckpointCard:
        """Validate and publish the epoch's checkpoint; only then does the state count as past it."""
        validation = self.task.validate(epoch, self.step, self._validating(epoch))
        weights = weights_bytes(self.task.network)
        card = self.task.card(epoch, self.step, sha256(weights), validation)
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
        self.report.sync()
        state = newest_state(self.folder / STATES, self.task.key)
        self.pending = False
        if state and state.step == self.step:
            settle_state(state)
        else:  # resumed from another folder
            self._save_state()
