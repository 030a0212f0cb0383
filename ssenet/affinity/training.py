"""AffinityNet in training."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from ssenet import __version__
from ssenet.affinity.crops import AffinityAugment, AffinityCrops
from ssenet.affinity.distances import pair_affinities
from ssenet.affinity.losses import AffinityLosses, PairLabels, affinity_losses, correct_pairs, pair_labels
from ssenet.affinity.network import AffinityNet, ResNet38Affinity, build_affinity_net
from ssenet.affinity.pairs import PairGrid
from ssenet.config import AffinityTrainSettings
from ssenet.errors import SettingsError
from ssenet.models.backbones import normalisation
from ssenet.models.cam import freeze, train_mode
from ssenet.refine.photographs import photographs_of
from ssenet.results import CheckpointCard
from ssenet.stages import RunSpec
from ssenet.training.loop import Batch, Progress, Validation
from ssenet.training.schedule import build_optimiser
from ssenet.weights.start import start_backbone

_MEASURED = 64
"""Images that the figures of an epoch are taken from."""


class AffinityTask:
    """An AffinityNet in training.

    Args:
        spec: of the run: the CRF set, the data set, and where the backbone starts.
        settings: what to train.
        device: where to train.

    Raises:
        UserError: the settings, the set or the weights cannot be used.
    """

    def __init__(self, spec: RunSpec, settings: AffinityTrainSettings, device: torch.device) -> None:
        _check_crop(settings)
        self.spec, self.settings, self.device = spec, settings, device
        self.crf, self.dataset = spec.image_set("crf"), spec.opened()
        self.photographs = photographs_of(self.crf, self.dataset)
        torch.manual_seed(settings.seed)
        self.network, self.parent = build_network(spec, settings)
        self.network.to(device).to(memory_format=torch.channels_last)
        self.optimiser = build_optimiser(self.network, settings, self.network.heads())
        self.mean, self.std = normalisation(settings.backbone)
        self._augment = AffinityAugment(settings.crop, settings.stride, settings.jitter, self.mean, self.std)

    @property
    def images(self) -> int:
        """Number of training images: all of the set."""
        return len(self.crf.ids)

    @property
    def key(self) -> str:
        """Hash of what the run depends on."""
        step = self.spec.step(self.settings, self.dataset.fingerprint)
        return hashlib.sha256(json.dumps([step.key, __version__]).encode()).hexdigest()

    @property
    def remedy(self) -> str:
        """Nothing but the learning rate."""
        return ""

    def train_mode(self) -> None:
        """As the settings want batch norm."""
        train_mode(self.network, self.settings.batch_norm, self.settings.batch_norm_momentum)

    def crops(self, indices: list[int], epoch: int) -> TorchDataset[Batch]:
        """Crops (3, crop, crop) with labels (h, w) of their cells."""
        return AffinityCrops(self.crf, self.photographs, indices, epoch, self.settings.seed, self._augment)

    def losses(self, batch: Batch, step: int) -> AffinityLosses:
        """Cross-entropy of the affinities of all labelled pairs."""
        return affinity_losses(*self._pairs(batch))

    def _pairs(self, batch: Batch) -> tuple[Tensor, PairLabels]:
        images, labels = batch
        features = self.network(images)
        grid = PairGrid.fitting((features.shape[-2], features.shape[-1]), self.settings.radius)
        return pair_affinities(features, grid), pair_labels(labels, grid)

    @torch.no_grad()
    def validate(self, epoch: int, step: int, progress: Progress) -> Validation:
        """Loss and accuracy on the first training images, without jitter and each with one crop for all epochs.

        There are no true affinities to validate with. ``pair_accuracy`` is the mean of how
        many pairs of one class, and how many of different classes, are on their side of one half.
        """
        self.network.eval()
        indices = list(range(min(_MEASURED, self.images)))
        augment = replace(self._augment, jitter=0.0)
        crops = AffinityCrops(self.crf, self.photographs, indices, 0, self.settings.seed, augment)
        total, right, pairs, done = 0.0, torch.zeros(2), torch.zeros(2), 0
        for batch in DataLoader(crops, self.settings.batch_size):
            affinities, labels = self._pairs(tuple(tensor.to(self.device) for tensor in batch))
            total += float(affinity_losses(affinities, labels).total) * len(batch[0])
            correct, present = correct_pairs(affinities, labels)
            right, pairs, done = right + correct, pairs + present, done + len(batch[0])
            progress(done, len(indices))
        recall = (right / pairs)[pairs > 0]
        metrics = {"train_loss": total / done}
        return Validation({**metrics, "pair_accuracy": float(recall.mean())} if len(recall) else metrics)

    def card(self, epoch: int, step: int, weights_sha256: str, validation: Validation | None) -> CheckpointCard:
        """What the network is after ``epoch``."""
        settings, manifest = self.settings, self.crf.manifest
        own = self.spec.step(settings, self.dataset.fingerprint, weights_sha256, epoch + 1)
        return CheckpointCard(
            name=f"AffinityNet {settings.backbone} on {manifest.dataset}",
            method="affinity",
            backbone=settings.backbone,
            stride=settings.stride,
            classes=manifest.classes,
            mean=self.mean,
            std=self.std,
            settings=settings,
            lineage=self.spec.lineage(own),
            dataset=manifest.dataset,
            dataset_fingerprint=manifest.dataset_fingerprint,
            epoch=epoch + 1,
            step=step,
            seed=settings.seed,
            metrics=validation.metrics if validation else {},
            weights_sha256=weights_sha256,
            code_version=__version__,
            parent=self.parent,
        )


def _check_crop(settings: AffinityTrainSettings) -> None:
    """Raise SettingsError unless whole cells tile the crop, enough of them for a pair."""
    cells = settings.crop // settings.stride
    if settings.crop % settings.stride:
        raise SettingsError(
            f"A crop of {settings.crop} px is no multiple of the stride {settings.stride}. "
            f"Take {cells * settings.stride}."
        )
    if not PairGrid.fitting((cells, cells), settings.radius).offsets:
        raise SettingsError(
            f"A crop of {settings.crop} px has {cells} × {cells} cells at stride {settings.stride}, "
            f"too few for a pair. Take at least {3 * settings.stride}."
        )


def build_network(spec: RunSpec, settings: AffinityTrainSettings) -> tuple[AffinityNet, str | None]:
    """The network a run starts from, and what its backbone's weights are; frozen as the settings say.

    Raises:
        SettingsError: unknown backbone or stride.
        CheckpointError: the weights to start from are not at hand, or not of this backbone.
    """
    network = build_affinity_net(settings.backbone, settings.stride)
    backbone = network if isinstance(network, ResNet38Affinity) else network.backbone
    start = spec.network("start") if settings.start is not None else None
    parent = start_backbone(backbone, settings.backbone, pretrained=settings.pretrained, start=start)
    freeze(network, stages=settings.frozen_stages, batch_norm=settings.batch_norm == "frozen")
    return network, parent
