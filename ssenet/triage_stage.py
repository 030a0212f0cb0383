"""The stage ``triage``: one or two networks over a split, and a row of figures for every class of every photograph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssenet import __version__
from ssenet.analysis.objects import thirds
from ssenet.analysis.triage import (
    ALPHAS,
    SIDE,
    ObjectFigures,
    ScaleMaps,
    agreement_at,
    inconsistency,
    iou_above,
    label_map,
    object_figures,
    scale_maps,
    small_size,
    soft_iou,
)
from ssenet.analysis.triage_record import NetworkFigures, TriageRecord, TriageRow, mean_agreement
from ssenet.cam_stages import image_progress
from ssenet.config import TriageSettings
from ssenet.data.base import Dataset, Sample
from ssenet.errors import SettingsError
from ssenet.evaluate import Scored, check_classes, chosen_classes, count_images
from ssenet.events import Reporter
from ssenet.files import write_bytes
from ssenet.inference import Network, load_network
from ssenet.journal import Journal
from ssenet.lineage import Step
from ssenet.render import class_scores
from ssenet.results import CheckpointCard, ProtocolCard, views_of
from ssenet.stages import RANKING, RunSpec, Stop

DIGITS = 6


def run(spec: RunSpec, settings: TriageSettings, report: Reporter, stop: Stop) -> None:
    """Measure every photograph of the split; what an earlier attempt measured is taken over.

    Raises:
        UserError: no such split, labels that are not there, or networks of different classes.
        Stopped: it was asked to stop; measured photographs are kept.
    """
    dataset = spec.opened()
    _check(spec, settings, dataset)
    images = count_images(dataset, settings.split, settings.images, unlabelled=settings.labels == "predicted")
    step = spec.step(settings, dataset.fingerprint, spec.card("checkpoint").weights_sha256)
    journal, ids = Journal(spec.output, step.key, spec.resume_from), dataset.ids(settings.split)[:images]
    missing = [index for index, image_id in enumerate(ids) if image_id not in journal.results]
    if missing:
        triage, progress = Triage.of(spec, settings, dataset), image_progress(report, stop)
        report("progress", done=images - len(missing), total=images, unit="images", message="")
        for done, index in enumerate(missing, 1 + images - len(missing)):
            journal.add(ids[index], [row.model_dump(mode="json") for row in triage.rows(index)])
            progress(done, images)
    record = _record(spec, settings, dataset, step, [journal.results[image_id] for image_id in ids])
    write_bytes(spec.output / RANKING, record.model_dump_json().encode())
    report("ranking", record=RANKING)


def _check(spec: RunSpec, settings: TriageSettings, dataset: Dataset) -> None:
    card = spec.card("checkpoint")
    if settings.other is not None and spec.card("other").classes != card.classes:
        raise SettingsError(f"{card.name} and {spec.card('other').name} know different classes. Choose another pair.")
    if settings.labels == "given":
        check_classes(card, dataset)


def has_truth(card: CheckpointCard, dataset: Dataset, split: str) -> bool:
    """Whether maps can be compared with masks: the split has some, and they mean the network's classes."""
    return split in dataset.masked_splits and tuple(card.classes) == tuple(dataset.classes)


@dataclass(frozen=True)
class Looked:
    """One network's view of one photograph.

    Attributes:
        small: normalised maps of the measured classes, ``SIDE`` pixels.
        scores: probability (K,) of every class.
        objects: a figure for each measured class; empty without a mask.
    """

    small: ScaleMaps
    scores: NDArray[np.float32]
    objects: Sequence[ObjectFigures]


@dataclass(frozen=True)
class Triage:
    """The measuring of single photographs.

    Attributes:
        networks: A and, if there is one, B.
        masked: whether maps are compared with masks.
    """

    settings: TriageSettings
    dataset: Dataset
    networks: tuple[Network, ...]
    masked: bool

    @classmethod
    def of(cls, spec: RunSpec, settings: TriageSettings, dataset: Dataset) -> Triage:
        """With the networks of a run loaded."""
        fields = ("checkpoint",) if settings.other is None else ("checkpoint", "other")
        networks = tuple(load_network(spec.network(field).weights, spec.card(field)) for field in fields)
        return cls(settings, dataset, networks, has_truth(networks[0].card, dataset, settings.split))

    def rows(self, index: int) -> list[TriageRow]:
        """A row for each measured class of a photograph of the split; none where there is no class."""
        sample = self.dataset.sample(self.settings.split, index, with_mask=self.masked)
        found = [self._scored(network, sample) for network in self.networks]
        classes = self._classes(found)
        if not classes:
            return []
        looked = [self._look(one, classes) for one in found]
        return [self._row(index, sample.id, place, classes, looked) for place in range(len(classes))]

    def _scored(self, network: Network, sample: Sample) -> Scored:
        coarse = network.coarse_logits(sample.image, views_of(self.settings.scales, self.settings.flip))
        return Scored(sample, coarse, class_scores(coarse, exclusive=network.card.method == "classifier"))

    def _classes(self, found: Sequence[Scored]) -> list[int]:
        """The classes that are given, or that one of the networks predicts."""
        named: set[int] = set()
        for network, one in zip(self.networks, found, strict=True):
            named |= set(chosen_classes(one, self.settings.labels, exclusive=network.card.method == "classifier"))
        return sorted(named)

    def _look(self, one: Scored, classes: Sequence[int]) -> Looked:
        size, order = (one.sample.image.shape[0], one.sample.image.shape[1]), self.settings.relu_order
        objects: Sequence[ObjectFigures] = ()
        if one.sample.mask is not None:
            whole = scale_maps(one.coarse, size, classes, order).multi
            labels = label_map(whole, classes, self.settings.alpha)
            objects = object_figures(one.sample.mask, labels, classes, len(self.dataset.classes))
        return Looked(scale_maps(one.coarse, small_size(size), classes, order), one.scores, objects)

    def _row(
        self, index: int, image_id: str, place: int, classes: Sequence[int], looked: Sequence[Looked]
    ) -> TriageRow:
        figures = [_figures(one, place, classes[place], self.settings.alpha) for one in looked]
        disputed: dict[str, float | None] = {}
        if len(looked) == 2:
            a, b = (one.small.multi[place] for one in looked)
            disputed["disagreement"] = _one_minus(soft_iou(a, b))
            disputed["disagreement_at_alpha"] = _one_minus(iou_above(a, b, self.settings.alpha))
        objects = looked[0].objects
        return TriageRow(
            index=index,
            image_id=image_id,
            class_name=self.networks[0].card.classes[classes[place]],
            a=figures[0],
            b=figures[1] if len(figures) == 2 else None,
            object_area=_rounded(objects[place].area) if objects else None,
            **disputed,
        )


def _figures(one: Looked, place: int, index: int, alpha: float) -> NetworkFigures:
    single, multi = one.small.single[:, place], one.small.multi[place]
    objects = one.objects[place] if one.objects else None
    return NetworkFigures(
        score=round(float(one.scores[index]), DIGITS),
        inconsistency=_rounded(inconsistency(single)),
        area=round(float(np.mean(multi > np.float32(alpha))), DIGITS),
        agreement=tuple(round(float(v), DIGITS) for v in agreement_at(single)),
        iou=_rounded(objects.iou) if objects else None,
        fn_ratio=_rounded(objects.fn_ratio) if objects else None,
        fp_ratio=_rounded(objects.fp_ratio) if objects else None,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _one_minus(value: float | None) -> float | None:
    return None if value is None else round(1 - value, DIGITS)


def _record(
    spec: RunSpec, settings: TriageSettings, dataset: Dataset, step: Step, measured: Sequence[Sequence[object]]
) -> TriageRecord:
    rows = tuple(TriageRow.model_validate(row) for one in measured for row in one)
    card, other = spec.card("checkpoint"), spec.card("other") if settings.other is not None else None
    areas = [row.object_area for row in rows if row.object_area]
    return TriageRecord(
        checkpoint=card.name,
        other=other.name if other else None,
        classes=tuple(card.classes),
        images=len(measured),
        measured=len(rows),
        without_class=sum(1 for one in measured if not one),
        masks=has_truth(card, dataset, settings.split),
        alpha=settings.alpha,
        side=SIDE,
        size_limits=thirds(np.array(areas)) if areas else None,
        alphas=ALPHAS,
        agreement=mean_agreement([row.a.agreement for row in rows]),
        agreement_b=mean_agreement([row.b.agreement for row in rows if row.b is not None]),
        protocol=_protocol(card, settings, dataset, len(measured)),
        protocol_b=_protocol(other, settings, dataset, len(measured)) if other else None,
        lineage=spec.lineage(step),
        rows=rows,
    )


def _protocol(card: CheckpointCard, settings: TriageSettings, dataset: Dataset, images: int) -> ProtocolCard:
    return ProtocolCard(
        dataset=dataset.spec.name,
        dataset_fingerprint=dataset.fingerprint,
        split=settings.split,
        images=images,
        label_source=settings.labels,
        scales=tuple(sorted(set(settings.scales))),
        multi_scale=tuple(sorted(set(settings.scales))),
        flip=settings.flip,
        relu_order=settings.relu_order,
        normalisation="official" if settings.relu_order == "official" else "eq3",
        alpha_rule=f"fixed {settings.alpha:g}",
        weights_sha256=card.weights_sha256,
        code_version=__version__,
    )
