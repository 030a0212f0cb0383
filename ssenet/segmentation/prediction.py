"""Labels of a photograph from class probabilities, with a dense CRF if wished. Free of torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssenet.crf import CrfParameters, DenseCrf

CRF_FLOOR = 0.01
"""A class whose probability stays below it everywhere in a photograph takes no part in its CRF.

The time of a CRF grows with its labels, and no pixel is likely to change to a class that nothing speaks for.
"""


def predicted_labels(
    image: NDArray[np.uint8], probabilities: NDArray[np.float32], crf: CrfParameters | None
) -> NDArray[np.uint8]:
    """The most probable label of every pixel (H, W): 0 background, k + 1 class k.

    Args:
        image: (H, W, 3) RGB.
        probabilities: (K + 1, H, W), background first.
        crf: parameters of the dense CRF that refines them; None leaves them as they are.

    Raises:
        SettingsError: a CRF is wanted and its library is missing.
    """
    if crf is None:
        return probabilities.argmax(axis=0).astype(np.uint8)
    present = crf_labels(probabilities)
    refined = DenseCrf(image, len(present), crf).refine(probabilities[present])
    return present[refined.argmax(axis=0)].astype(np.uint8)


def crf_labels(probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
    """Labels that take part in the CRF, ascending; at least the most probable one."""
    peaks = probabilities.max(axis=(1, 2))
    return np.flatnonzero(peaks >= min(CRF_FLOOR, float(peaks.max())))
