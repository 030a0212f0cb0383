"""The two figures of every epoch: classification mAP and CAM mIoU, at scale 1 with given labels."""

from __future__ import annotations

import numpy as np

from ssenet.config import PAPER_ALPHA, CamTrainSettings, EvaluateSettings
from ssenet.curves import curve
from ssenet.data.base import Dataset
from ssenet.evaluate import (
    Progress,
    chosen_classes,
    histogram_of,
    mean_average_precision,
    protocol,
    run_network,
)
from ssenet.histograms import AlphaHistogram
from ssenet.inference import Network
from ssenet.models.cam import CamNet
from ssenet.results import CheckpointCard, View
from ssenet.training.loop import Validation


def validate(
    card: CheckpointCard,
    model: CamNet,
    dataset: Dataset,
    settings: CamTrainSettings,
    images: int,
    progress: Progress = lambda _done, _total: None,
) -> Validation:
    """mAP and, where there are masks, CAM mIoU of a network in training.

    Args:
        card: of the network as it is now.
        model: left in evaluation mode.
        dataset: its validation split is used.
        settings: of the run.
        images: how many of the split.
        progress: called with (images done, images in all).
    """
    network = Network(model, card, next(model.parameters()).device)
    view = View(scale=1.0)
    scores, labels, histograms = [], [], []
    masked = settings.val_split in dataset.masked_splits
    scoring = run_network(network, dataset, settings.val_split, images, [view], with_mask=masked)
    for done, scored in enumerate(scoring, 1):
        scores.append(scored.scores)
        labels.append(scored.sample.labels)
        if masked:
            classes = chosen_classes(scored, "given")
            histograms.append(histogram_of(scored, [view], classes, "fast", len(dataset.classes)))
        progress(done, images)
    precision = mean_average_precision(np.stack(scores), np.stack(labels))
    metrics = {} if precision is None else {"val_map": precision}
    if histograms:
        metrics |= _cam_metrics(AlphaHistogram.join(histograms))
    evaluated = EvaluateSettings(
        checkpoint="training", dataset=dataset.spec.name, split=settings.val_split, scales=(1.0,), multi_scale=(1.0,)
    )
    return Validation(metrics, protocol(card, dataset, evaluated, images))


def _cam_metrics(histogram: AlphaHistogram) -> dict[str, float]:
    values = curve(histogram)
    alpha, best = values.best()
    fixed = values.at(PAPER_ALPHA)
    figures = {"val_miou": best, "val_alpha": alpha, "val_miou_at_0.2": fixed["miou"]}
    figures |= {"val_m_fn": fixed["m_fn"], "val_m_fp": fixed["m_fp"]}
    return {name: float(value) for name, value in figures.items() if value is not None}
