"""Predicting a split: the network image by image, and a dense CRF in processes of its own where it is wished."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ssenet.config import SegmentationTestSettings
from ssenet.crf import CrfParameters, parameters
from ssenet.data.base import Dataset
from ssenet.data.files import read_mask
from ssenet.data.images import encode_mask_png
from ssenet.events import Reporter, Stopped
from ssenet.refine.parallel import for_each_image
from ssenet.refine.photographs import Photographs
from ssenet.scores import Counts
from ssenet.segmentation.inference import SegmentationNetwork
from ssenet.segmentation.prediction import CrfWork, most_probable, pack_probabilities
from ssenet.segmentation.scoring import scored
from ssenet.sets import ITEMS, SetWriter
from ssenet.stages import Stop

CHUNK = 128
"""Photographs whose probabilities lie on the disk at a time, about 2 MB each at VOC's size."""


class SplitTest:
    """The predictions of one run.

    Args:
        settings: of the run.
        network: that predicts.
        dataset: of the photographs.
        ids: of the photographs.
        writer: of the set of predictions; what is in it is kept.
        scratch: of the probabilities on their way to the CRF.
        report: told of progress.
        stop: asked after every photograph.
    """

    def __init__(
        self,
        settings: SegmentationTestSettings,
        network: SegmentationNetwork,
        dataset: Dataset,
        ids: list[str],
        writer: SetWriter,
        scratch: SetWriter,
        report: Reporter,
        stop: Stop,
    ) -> None:
        self.settings, self.network, self.dataset, self.ids, self.writer = settings, network, dataset, ids, writer
        self.scratch, self.report, self.stop = scratch, report, stop
        self.photographs, self.crf = Photographs(dataset, settings.split), parameters(settings)

    def predict(self, processes: int) -> None:
        """Write the labels of every photograph that is not finished.

        Args:
            processes: of the CRF; 0 takes one a core.

        Raises:
            Stopped: it was asked to stop; finished photographs are kept.
        """
        missing = self.writer.missing(self.ids)
        finished = len(self.ids) - len(missing)
        self._tell(finished, "")
        if self.crf is None:
            self._predict(missing, finished)
            return
        for start in range(0, len(missing), CHUNK):
            self._refine(missing[start : start + CHUNK], finished + start, processes, self.crf)

    def _predict(self, missing: list[str], finished: int) -> None:
        for done, (image_id, probabilities) in enumerate(self._probabilities(missing), finished + 1):
            labels = most_probable(probabilities)
            self.writer.put(image_id, encode_mask_png(labels))
            self._tell(done, "")
            self._stop_before(done)

    def _refine(self, chunk: list[str], finished: int, processes: int, crf: CrfParameters) -> None:
        """The network over the chunk, then the CRF: each keeps all cores busy by itself."""
        wanted = self.scratch.missing(chunk)
        for count, (image_id, probabilities) in enumerate(self._probabilities(wanted), 1 + len(chunk) - len(wanted)):
            self.scratch.put(image_id, pack_probabilities(probabilities))
            self._tell(finished, f"; network: {count} of the next {len(chunk)}")
            self._stop_before(finished)

        def put(image_id: str, png: bytes) -> None:
            self.writer.put(image_id, png)
            self.scratch.path(image_id).unlink()

        work = CrfWork(self.dataset.spec, self.settings.split, self.scratch.folder / ITEMS, crf)
        for_each_image(
            chunk,
            work,
            put,
            processes=processes,
            progress=lambda done: self._tell(finished + done, "; dense CRF"),
            stop=self.stop,
        )

    def _probabilities(self, ids: list[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        for image_id in ids:
            image = self.photographs.sample(image_id).image
            yield image_id, self.network.probabilities(image, self.settings.scales, self.settings.flip)

    def _tell(self, done: int, more: str) -> None:
        total = len(self.ids)
        self.report("progress", done=done, total=total, unit="images", message=f"{done} of {total} images{more}")

    def _stop_before(self, done: int) -> None:
        if done < len(self.ids) and self.stop():
            raise Stopped

    def matrices(self) -> dict[str, Counts]:
        """The confusion matrix of every photograph, from the predictions as they were written.

        Raises:
            DatasetError: a photograph has no mask, or one that does not fit.
        """
        return {image_id: self._counts(image_id) for image_id in self.ids}

    def _counts(self, image_id: str) -> Counts:
        sample = self.photographs.sample(image_id, with_mask=True)
        return scored(sample, read_mask(self.writer.path(image_id)), len(self.dataset.classes))
