"""Labels of a photograph from class probabilities, with a dense CRF if wished. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssenet.config import DatasetSpec
from ssenet.crf import CrfParameters, DenseCrf
from ssenet.data.images import encode_mask_png
from ssenet.refine.photographs import photographs_in
from ssenet.sets import item_name, pack, unpack

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]
CRF_FLOOR = 0.01
"""A class whose probability stays below it everywhere in a photograph takes no part in its CRF.

The time of a CRF grows with its labels, and no pixel is likely to change to a class that nothing speaks for.
"""


def most_probable(probabilities: Floats) -> Labels:
    """The most probable label of every pixel (H, W) of probabilities (K + 1, H, W): 0 background, k + 1 class k."""
    return probabilities.argmax(axis=0).astype(np.uint8)


def crf_labels(probabilities: Floats) -> NDArray[np.int64]:
    """Labels that take part in the CRF, ascending; at least the most probable one."""
    peaks = probabilities.max(axis=(1, 2))
    return np.flatnonzero(peaks >= min(CRF_FLOOR, float(peaks.max())))


def refined(image: Labels, present: NDArray[np.int64], probabilities: Floats, crf: CrfParameters) -> Labels:
    """The most probable label of every pixel (H, W) after the CRF.

    Args:
        image: (H, W, 3) RGB.
        present: (L,) labels that take part.
        probabilities: (L, H, W) of these labels.
        crf: its parameters.

    Raises:
        SettingsError: the library of the CRF is missing.
    """
    scores = DenseCrf(image, len(present), crf).refine(probabilities)
    return present[scores.argmax(axis=0)].astype(np.uint8)


def pack_probabilities(probabilities: Floats) -> bytes:
    """What the CRF of one photograph needs, as npz: ``labels`` (L,) and float16 ``probabilities`` (L, H, W)."""
    present = crf_labels(probabilities)
    return pack({"labels": present, "probabilities": probabilities[present].astype(np.float16)})


@dataclass(frozen=True)
class CrfWork:
    """The CRF of one photograph; it travels to worker processes.

    Attributes:
        dataset: of the photographs.
        split: of it.
        folder: with an npz of ``pack_probabilities`` for each photograph.
        crf: parameters.
    """

    dataset: DatasetSpec
    split: str
    folder: Path
    crf: CrfParameters

    def __call__(self, image_id: str) -> bytes:
        """PNG of the refined labels of a photograph."""
        image = photographs_in(self.dataset, self.split).sample(image_id).image
        item = unpack((self.folder / item_name(image_id, ".npz")).read_bytes())
        labels = refined(image, item["labels"], item["probabilities"].astype(np.float32), self.crf)
        return encode_mask_png(labels)
