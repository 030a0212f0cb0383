"""How the predictions of a segmentation network are scored: label maps against masks, and the protocol of it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ssenet import __version__
from ssenet.data.base import Dataset, Sample
from ssenet.errors import DatasetError, SettingsError
from ssenet.results import CheckpointCard, ProtocolCard
from ssenet.scores import Counts, confusion, iou, m_fn_m_fp


def check_classes(card: CheckpointCard, dataset: Dataset) -> None:
    """The network's classes must be the data set's, in order.

    Raises:
        SettingsError: they are not.
    """
    if card.classes != tuple(dataset.classes):
        raise SettingsError(
            f"{card.name} tells {len(card.classes)} classes apart, and {dataset.spec.name} has "
            f"{len(dataset.classes)} others. Choose a data set with the classes the network was trained on."
        )


def scored(sample: Sample, predicted: NDArray[np.uint8], classes: int) -> Counts:
    """The confusion matrix (K + 1, K + 1) of one photograph.

    Raises:
        DatasetError: it has no mask, or one that does not fit.
    """
    if sample.mask is None:
        raise DatasetError(f"{sample.id} has no mask to score against.")
    try:
        return confusion(sample.mask, predicted, classes)
    except ValueError as error:
        raise DatasetError(f"{sample.id} cannot be scored: {error}.") from error


def metrics_of(counts: Counts) -> dict[str, float]:
    """mIoU as a fraction, and m_FN and m_FP where a class was found at all."""
    false_negatives, false_positives = m_fn_m_fp(counts)
    figures = {"val_miou": float(iou(counts).mean()), "val_m_fn": false_negatives, "val_m_fp": false_positives}
    return {name: value for name, value in figures.items() if value == value}


def protocol(
    card: CheckpointCard,
    dataset: Dataset,
    split: str,
    images: int,
    *,
    scales: Iterable[float],
    flip: bool,
    crf: str | None,
) -> ProtocolCard:
    """How these numbers come about."""
    return ProtocolCard(
        dataset=dataset.spec.name,
        dataset_fingerprint=dataset.fingerprint,
        split=split,
        images=images,
        label_source="none",
        scales=tuple(sorted(set(scales))),
        flip=flip,
        normalisation=None,
        crf=crf,
        alpha_rule="none: argmax over background and classes",
        weights_sha256=card.weights_sha256,
        code_version=__version__,
    )
