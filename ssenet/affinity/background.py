"""The background's score in a random walk. Free of torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ssenet.config import WalkOptions
from ssenet.refine.maps import with_background

Floats = NDArray[np.float32]


def background_first(maps: Floats, settings: WalkOptions) -> Floats:
    """Scores (k + 1, H, W): the background by its rule, α everywhere or (1 - max)^power, and CAMs (k, H, W)."""
    if settings.background == "power":
        return with_background(maps, settings.power)
    background = np.full((1, *maps.shape[1:]), settings.alpha, np.float32)
    return np.concatenate([background, maps]).astype(np.float32)
