"""The stage ``crf``: a set of CAMs becomes a set of CRF scores under two backgrounds. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ssenet.config import CrfSettings, DatasetSpec
from ssenet.crf import DenseCrf, check_available, parameters
from ssenet.refine.derived import derived_manifest, image_progress, wanted_processes
from ssenet.refine.maps import cam_maps, with_background
from ssenet.refine.parallel import for_each_image
from ssenet.refine.photographs import photographs_in, photographs_of
from ssenet.sets import ImageSet, pack

if TYPE_CHECKING:
    from ssenet.events import Reporter
    from ssenet.stages import RunSpec, Stop

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class CrfWork:
    """The work on one photograph; it travels to worker processes.

    Attributes:
        cams: folder of the set of CAMs.
        dataset: that it was made from.
        settings: of the stage.
    """

    cams: Path
    dataset: DatasetSpec
    settings: CrfSettings

    @cached_property
    def _set(self) -> ImageSet:
        return ImageSet(self.cams)

    def __call__(self, image_id: str) -> bytes:
        """The photograph's item of the set of CRF scores."""
        image = photographs_in(self.dataset, self._set.manifest.split).sample(image_id).image
        classes, maps = cam_maps(self._set, image_id, (image.shape[0], image.shape[1]))
        low, high = refined_pair(image, maps, self.settings)
        return pack({"low": low.astype(np.float16), "high": high.astype(np.float16), "classes": classes})


def refined_pair(image: NDArray[np.uint8], maps: Floats, settings: CrfSettings) -> tuple[Floats, Floats]:
    """Scores (k + 1, H, W) of CAMs (k, H, W) under both backgrounds, refined on one lattice unless the CRF is off."""
    low, high = (with_background(maps, power) for power in (settings.alpha_low, settings.alpha_high))
    chosen = parameters(settings)
    if chosen is None:
        return low, high
    crf = DenseCrf(image, len(low), chosen)
    return crf.refine(low), crf.refine(high)


def run(spec: RunSpec, settings: CrfSettings, report: Reporter, stop: Stop) -> None:
    """Refine every photograph of the set of CAMs.

    Raises:
        UserError: the library is missing, or the set or its data set cannot be used.
        Stopped: it was asked to stop.
    """
    from ssenet.stages import close_set

    check_available(settings)
    cams, dataset = spec.image_set("cams"), spec.opened()
    photographs_of(cams, dataset)
    step = spec.step(settings, dataset.fingerprint)
    writer = spec.writer(".npz", step)
    missing = writer.missing(cams.ids)
    work = CrfWork(cams.folder, spec.dataset, settings)
    progress = image_progress(report, len(cams.ids) - len(missing), len(cams.ids))
    processes = wanted_processes(settings, spec.threads)
    for_each_image(missing, work, writer.put, processes=processes, progress=progress, stop=stop)
    close_set(spec, writer, derived_manifest(cams, "crf", spec.lineage(step)), report)
