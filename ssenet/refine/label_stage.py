"""The stage ``pseudo_labels``: a set of score maps becomes a set of masks, and is scored. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ssenet.config import DatasetSpec, PseudoLabelSettings
from ssenet.crf import DenseCrf, check_available, parameters
from ssenet.data.base import IGNORED
from ssenet.data.images import encode_mask_png
from ssenet.refine.derived import derived_manifest, image_progress, wanted_processes
from ssenet.refine.labels import Labels, confident_labels, plain_labels, stacks
from ssenet.refine.maps import ScoreMaps, score_maps
from ssenet.refine.parallel import for_each_image
from ssenet.refine.photographs import photographs_in, photographs_of
from ssenet.refine.protocol import label_protocol
from ssenet.scores import Counts, confusion, record_of
from ssenet.sets import ImageSet, SetWriter, pack, unpack

if TYPE_CHECKING:
    from ssenet.events import Reporter
    from ssenet.lineage import Step
    from ssenet.stages import RunSpec, Stop

COUNTS = Path("states") / "counts"
"""Below a run's folder: counts of each image, from which a further attempt takes its scores."""


class LabelledImage(NamedTuple):
    """What the work on one photograph gives.

    Attributes:
        png: the pseudo-labels.
        counts: npz of ``matrix`` (K + 1, K + 1), pixels by truth and *plain* label, and of ``pixels`` (2,): those
            that the pseudo-labels do not ignore, and all. Empty without ground truth.
    """

    png: bytes
    counts: bytes


@dataclass(frozen=True)
class LabelWork:
    """The work on one photograph; it travels to worker processes.

    Attributes:
        maps: folder of the set of score maps.
        dataset: that it was made from.
        settings: of the stage.
        scored: whether the split has masks to count against.
    """

    maps: Path
    dataset: DatasetSpec
    settings: PseudoLabelSettings
    scored: bool

    @cached_property
    def _set(self) -> ImageSet:
        return ImageSet(self.maps)

    def __call__(self, image_id: str) -> LabelledImage:
        """Pseudo-labels of the photograph and, with ground truth, their counts."""
        photographs = photographs_in(self.dataset, self._set.manifest.split)
        sample = photographs.sample(image_id, with_mask=self.scored)
        scores = score_maps(self._set, image_id, (sample.image.shape[0], sample.image.shape[1]))
        plain, labels = label(sample.image, scores, self.settings)
        if sample.mask is None:
            return LabelledImage(encode_mask_png(labels), b"")
        matrix = confusion(sample.mask, plain, len(self._set.manifest.classes))
        pixels = np.array([np.count_nonzero(labels != IGNORED), labels.size], np.int64)
        return LabelledImage(encode_mask_png(labels), pack({"matrix": matrix, "pixels": pixels}))


def label(image: NDArray[np.uint8], scores: ScoreMaps, settings: PseudoLabelSettings) -> tuple[Labels, Labels]:
    """Plain labels and pseudo-labels (H, W) of one photograph; both come from the same scores.

    With a CRF, the scores under the plain, the strong and the weak background are refined
    on one lattice.
    """
    background = scores.background
    if background is None:
        background = np.full(image.shape[:2], settings.alpha, np.float32)
    plain, strong, weak = stacks(background, scores.maps, settings.strong, settings.weak)
    chosen = parameters(settings)
    if chosen is not None:
        crf = DenseCrf(image, len(plain), chosen)
        plain = crf.refine(plain)
        strong = plain if settings.strong == 1 else crf.refine(strong)
        weak = plain if settings.weak == 1 else crf.refine(weak)
    return plain_labels(plain, scores.classes), confident_labels(strong, weak, scores.classes)


class _Writer:
    """The masks of a run and, where they are scored, the counts beside them; an image is finished with both."""

    def __init__(self, spec: RunSpec, step: Step, *, scored: bool) -> None:
        self.masks = spec.writer(".png", step)
        earlier = spec.resume_from / COUNTS if spec.resume_from else None
        self.counts = SetWriter(spec.output / COUNTS, ".npz", step.key, earlier) if scored else None

    def missing(self, ids: tuple[str, ...]) -> list[str]:
        unwritten = set(self.masks.missing(ids))
        if self.counts is not None:
            unwritten |= set(self.counts.missing(ids))
        return [image_id for image_id in ids if image_id in unwritten]

    def put(self, image_id: str, item: LabelledImage) -> None:
        self.masks.put(image_id, item.png)
        if self.counts is not None:
            self.counts.put(image_id, item.counts)


def run(spec: RunSpec, settings: PseudoLabelSettings, report: Reporter, stop: Stop) -> None:
    """Label every photograph of the set of score maps; score the plain labels where the split has masks.

    Maps of other classes than the data set's, as a network trained elsewhere gives, cannot be scored.

    Raises:
        UserError: the CRF is wanted and missing, or the set or its data set cannot be used.
        Stopped: it was asked to stop.
    """
    from ssenet.stages import close_set, publish_scores

    check_available(settings)
    maps, dataset = spec.image_set("maps"), spec.opened()
    scored = photographs_of(maps, dataset).have_masks and maps.manifest.classes == tuple(dataset.classes)
    step = spec.step(settings, dataset.fingerprint)
    writer = _Writer(spec, step, scored=scored)
    missing = writer.missing(maps.ids)
    work = LabelWork(maps.folder, spec.dataset, settings, scored)
    progress = image_progress(report, len(maps.ids) - len(missing), len(maps.ids))
    processes = wanted_processes(settings, spec.threads)
    for_each_image(missing, work, writer.put, processes=processes, progress=progress, stop=stop)
    lineage = spec.lineage(step)
    close_set(spec, writer.masks, derived_manifest(maps, "masks", lineage, "pseudo-labels"), report)
    if writer.counts is not None:
        matrices, coverage = _counted(writer.counts, maps.ids)
        protocol = label_protocol(maps, dataset, settings, lineage)
        record = record_of("pseudo-labels", maps.manifest.classes, matrices, protocol, lineage, coverage)
        publish_scores(spec, record, matrices, report)


def _counted(counts: SetWriter, ids: tuple[str, ...]) -> tuple[dict[str, Counts], float]:
    """Confusion matrix of each image, and the share of pixels that the pseudo-labels do not ignore."""
    items = {image_id: unpack(counts.path(image_id).read_bytes()) for image_id in ids}
    labelled, pixels = np.sum([item["pixels"] for item in items.values()], axis=0)
    return {image_id: item["matrix"] for image_id, item in items.items()}, float(labelled / pixels)
