"""One pass over a split: α histograms of every single scale and of multi-scale, and class scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssenet import __version__
from ssenet.analysis.suggest import MeanAgreement
from ssenet.config import CamInferSettings, EvaluateSettings, LabelSource, ReluOrder
from ssenet.data.base import Dataset, Sample
from ssenet.errors import DatasetError, SettingsError
from ssenet.histograms import AlphaHistogram
from ssenet.inference import Network
from ssenet.refine.photographs import photographs_of
from ssenet.refine.protocol import cam_weights
from ssenet.render import aggregate, class_scores, normalise, predicted, winner_and_score
from ssenet.results import MULTI_SCALE, CheckpointCard, EvaluationRecord, ProtocolCard, View, views_of
from ssenet.sets import ImageSet

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scored:
    """A photograph after the network: its sample, raw logits by view, class probabilities (K,)."""

    sample: Sample
    coarse: Mapping[View, NDArray[np.float32]]
    scores: NDArray[np.float32]


def run_network(
    network: Network, dataset: Dataset, split: str, images: int, views: Sequence[View], *, with_mask: bool
) -> Iterator[Scored]:
    """Run the network over the first ``images`` of a split, one photograph at a time."""
    exclusive = network.card.method == "classifier"
    for index in range(images):
        sample = dataset.sample(split, index, with_mask=with_mask)
        coarse = network.coarse_logits(sample.image, views)
        yield Scored(sample, coarse, class_scores(coarse, exclusive=exclusive))


def chosen_classes(scored: Scored, source: LabelSource, *, exclusive: bool = False) -> list[int]:
    """Indices of the classes that get a map: of the photograph's labels, of the network's guess, or all."""
    if source == "given":
        return [int(k) for k in np.flatnonzero(scored.sample.labels)]
    if source == "predicted":
        return sorted(predicted(scored.scores, exclusive=exclusive))
    return list(range(len(scored.scores)))


def histogram_of(
    scored: Scored,
    views: Sequence[View],
    classes: Sequence[int],
    relu_order: ReluOrder,
    total_classes: int,
) -> AlphaHistogram:
    """Count one photograph against its mask, with the given views aggregated.

    Raises:
        DatasetError: it has no mask.
    """
    coarse = {view: scored.coarse[view][list(classes)] for view in views}
    return _count(scored.sample, _maps(scored.sample, coarse, len(classes), relu_order), classes, total_classes)


def _maps(
    sample: Sample, coarse: Mapping[View, NDArray[np.float32]], classes: int, relu_order: ReluOrder
) -> NDArray[np.float32]:
    """Normalised maps (k, H, W) of one photograph; ``coarse`` holds those (k, h, w) of its ``classes`` only."""
    size = (sample.image.shape[0], sample.image.shape[1])
    maps = aggregate(coarse, size, range(classes), relu_order)
    return normalise(maps, "official" if relu_order == "official" else "eq3")


def _count(sample: Sample, maps: NDArray[np.float32], classes: Sequence[int], total_classes: int) -> AlphaHistogram:
    """Count one photograph with the normalised maps of ``classes``. Raises DatasetError when it has no mask."""
    if sample.mask is None:
        raise DatasetError(f"{sample.id} has no mask to score against.")
    winner, score = winner_and_score(maps, classes)
    return AlphaHistogram.of_image(sample.mask, winner, score, total_classes)


class _Rows:
    """The rows of an evaluation, photograph by photograph, and where its single scales agree."""

    def __init__(self, settings: EvaluateSettings, total_classes: int) -> None:
        self._views, self._order, self._total = rows_of(settings), settings.relu_order, total_classes
        self._parts: dict[str, list[AlphaHistogram]] = {name: [] for name in self._views}
        self._agreement = MeanAgreement()

    @property
    def views(self) -> list[View]:
        """Every view that a row needs, once, smallest scale first."""
        needed = {view for row in self._views.values() for view in row}
        return sorted(needed, key=lambda view: (view.scale, view.flip))

    def add(self, sample: Sample, coarse: Mapping[View, NDArray[np.float32]], classes: Sequence[int]) -> None:
        """Count one photograph; ``coarse`` holds the maps of ``classes`` only. Raises DatasetError without a mask."""
        singles = []
        for name, row in self._views.items():
            maps = _maps(sample, {view: coarse[view] for view in row}, len(classes), self._order)
            self._parts[name].append(_count(sample, maps, classes, self._total))
            if name != MULTI_SCALE:
                singles.append(maps)
        self._agreement.add(singles)

    def joined(self) -> dict[str, AlphaHistogram]:
        """The counts of all photographs, row by row."""
        return {name: AlphaHistogram.join(parts) for name, parts in self._parts.items()}

    @property
    def agreed_alpha(self) -> float | None:
        """α at which the single scales agree most, without a look at the masks."""
        return self._agreement.alpha


def rows_of(settings: EvaluateSettings) -> dict[str, list[View]]:
    """The curves of an evaluation: each single scale, then multi-scale, with the views that make them."""
    rows = {f"{scale:g}": views_of([scale], settings.flip) for scale in sorted(set(settings.scales))}
    return {**rows, MULTI_SCALE: views_of(settings.multi_scale, settings.flip)}


def check_classes(card: CheckpointCard, dataset: Dataset) -> None:
    """The network's classes must be the data set's, in order.

    Raises:
        SettingsError: they are not.
    """
    if tuple(card.classes) != tuple(dataset.classes):
        raise SettingsError(
            f"{card.name} knows {len(card.classes)} classes and {dataset.spec.name} has "
            f"{len(dataset.classes)} others. Choose a data set with the classes the network was trained on."
        )


def count_images(dataset: Dataset, split: str, wanted: int | None, *, unlabelled: bool = False) -> int:
    """How many images of a split to use.

    Args:
        dataset: that has it.
        split: its name.
        wanted: at most so many; None takes all.
        unlabelled: whether photographs without labels will do.

    Raises:
        DatasetError: no such split, or it is empty, or without labels that are needed.
    """
    splits = {**dataset.splits, **(dataset.unlabelled if unlabelled else {})}
    if split not in splits:
        known = ", ".join(sorted(splits)) or "none"
        why = " with labels" if split in dataset.unlabelled else ""
        raise DatasetError(f"{dataset.spec.name} has no split {split!r}{why}; it has: {known}.")
    available = splits[split]
    if available == 0:
        raise DatasetError(f"The split {split!r} of {dataset.spec.name} is empty.")
    return available if wanted is None else min(wanted, available)


def protocol(card: CheckpointCard, dataset: Dataset, settings: EvaluateSettings, images: int) -> ProtocolCard:
    """How the numbers of this evaluation come about."""
    return ProtocolCard(
        dataset=dataset.spec.name,
        dataset_fingerprint=dataset.fingerprint,
        split=settings.split,
        images=images,
        label_source=settings.labels,
        scales=tuple(sorted(set(settings.scales))),
        multi_scale=settings.multi_scale,
        flip=settings.flip,
        relu_order=settings.relu_order,
        normalisation="official" if settings.relu_order == "official" else "eq3",
        alpha_rule="every α; a best α is chosen on the scored images",
        weights_sha256=card.weights_sha256,
        code_version=__version__,
    )


def evaluate(
    network: Network, dataset: Dataset, settings: EvaluateSettings, progress: Progress = lambda _done, _total: None
) -> tuple[EvaluationRecord, dict[str, AlphaHistogram]]:
    """Score every row of ``settings`` in one pass over the split.

    Args:
        network: what is scored.
        dataset: with masks, of the network's classes.
        settings: rows, split, label source.
        progress: called with (images done, images in all).

    Raises:
        DatasetError: no masks, or no such split.
        SettingsError: the classes differ.
    """
    check_classes(network.card, dataset)
    images, rows = count_images(dataset, settings.split, settings.images), _Rows(settings, len(dataset.classes))
    _check_masks(dataset, settings.split)
    ids = []
    photographs = run_network(network, dataset, settings.split, images, rows.views, with_mask=True)
    for done, scored in enumerate(photographs, 1):
        classes = chosen_classes(scored, settings.labels, exclusive=network.card.method == "classifier")
        rows.add(scored.sample, {view: maps[classes] for view, maps in scored.coarse.items()}, classes)
        ids.append(scored.sample.id)
        progress(done, images)
    return _joined(network.card, dataset, settings, ids, rows)


def evaluate_set(
    image_set: ImageSet,
    card: CheckpointCard,
    dataset: Dataset,
    settings: EvaluateSettings,
    progress: Progress = lambda _done, _total: None,
) -> tuple[EvaluationRecord, dict[str, AlphaHistogram]]:
    """Score a set of CAMs, as ``evaluate`` does with a network: a row a scale, and multi-scale.

    Raises:
        DatasetError: no masks, another data set than the set's, or the set cannot be read.
        SettingsError: the classes or the network differ, or split, images or views are not the set's.
    """
    check_classes(card, dataset)
    _check_masks(dataset, settings.split)
    _check_network(image_set, card)
    _check_views(image_set, settings)
    ids, photographs = list(image_set.ids), photographs_of(image_set, dataset)
    rows = _Rows(settings, len(dataset.classes))
    for done, image_id in enumerate(ids, 1):
        sample = photographs.sample(image_id, with_mask=True)
        classes, coarse = _item(image_set, image_id)
        rows.add(sample, coarse, classes)
        progress(done, len(ids))
    return _joined(card, dataset, settings, ids, rows)


def _item(image_set: ImageSet, image_id: str) -> tuple[list[int], dict[View, NDArray[np.float32]]]:
    """Classes and raw logits by view of one photograph. Raises DatasetError when a view of the set is missing."""
    made, arrays = CamInferSettings.model_validate(image_set.manifest.settings), image_set.arrays(image_id)
    try:
        coarse = {view: arrays[view.name] for view in views_of(made.scales, made.flip)}
        return [int(k) for k in arrays["classes"]], coarse
    except KeyError as error:
        raise DatasetError(f"{image_set.path(image_id)} lacks {error}, so its views cannot be scored.") from error


def _check_network(image_set: ImageSet, card: CheckpointCard) -> None:
    if cam_weights(image_set.manifest.lineage) != card.weights_sha256:
        raise SettingsError(f"The set of CAMs was not made with {card.name}. Choose the checkpoint it was made with.")


def _check_views(image_set: ImageSet, settings: EvaluateSettings) -> None:
    made = CamInferSettings.model_validate(image_set.manifest.settings)
    wanted = settings.model_dump(include={"split", "flip", "relu_order", "labels"})
    found = made.model_dump(include=set(wanted))
    differing = [name for name in wanted if wanted[name] != found[name]]
    if not {*settings.scales, *settings.multi_scale} <= set(made.scales):
        differing.append("scales")
    if settings.images not in (made.images, len(image_set.ids)):
        differing.append("images")
    if differing:
        raise SettingsError(f"The set of CAMs was made with other {', '.join(differing)} than it shall be scored with.")


def _check_masks(dataset: Dataset, split: str) -> None:
    if split not in dataset.masked_splits:
        masked = ", ".join(dataset.masked_splits) or "none"
        raise DatasetError(f"{dataset.spec.name}/{split} has no masks to score against; splits with masks: {masked}.")


def _joined(
    card: CheckpointCard,
    dataset: Dataset,
    settings: EvaluateSettings,
    ids: Sequence[str],
    rows: _Rows,
) -> tuple[EvaluationRecord, dict[str, AlphaHistogram]]:
    histograms = rows.joined()
    record = EvaluationRecord(
        checkpoint=settings.checkpoint,
        classes=tuple(dataset.classes),
        image_ids=tuple(ids),
        rows=tuple(histograms),
        protocol=protocol(card, dataset, settings, len(ids)),
        lineage=card.steps,
        agreed_alpha=rows.agreed_alpha,
    )
    return record, histograms


def mean_average_precision(scores: NDArray[np.float32], labels: NDArray[np.float32]) -> float | None:
    """Mean over the classes that occur of the area under their precision-recall steps; None when none occurs.

    Args:
        scores: (N, K).
        labels: (N, K) of 0 and 1.
    """
    precisions = []
    for column in range(labels.shape[1]):
        order = np.argsort(-scores[:, column], kind="stable")
        hits = labels[order, column] > 0
        if hits.any():
            precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
            precisions.append(float(precision[hits].mean()))
    return float(np.mean(precisions)) if precisions else None
