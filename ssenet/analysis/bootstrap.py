"""Resampling of images: how far a figure moves when other images of the same kind had been scored. Free of torch.

The images are the unit that is drawn, with replacement, so pixels of one photograph stay together. Both networks of a
comparison see the same draws (a paired bootstrap): what makes a photograph hard for both cancels in the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

LEVEL = 0.95
"""Level of the intervals."""
MOST_SAMPLES = 10_000
BLOCK = 250
"""Resamples in memory at a time."""


def weight_blocks(images: int, samples: int, seed: int, block: int = BLOCK) -> Iterator[NDArray[np.float32]]:
    """``resample_weights`` in blocks of at most ``block`` rows: a large data set does not fill the memory.

    Raises:
        ValueError: there is no image or no sample.
    """
    if images < 1 or samples < 1:
        raise ValueError(f"resampling takes at least one image and one sample, not {images} and {samples}")
    random = np.random.default_rng(seed)
    for start in range(0, samples, block):
        rows = min(block, samples - start)
        weights = np.empty((rows, images), np.float32)
        for row in weights:
            row[:] = np.bincount(random.integers(0, images, images), minlength=images)
        yield weights


def resample_weights(images: int, samples: int, seed: int) -> NDArray[np.float32]:
    """How often each image is drawn in each resample.

    The first rows do not depend on how many follow, and equal arguments give equal weights.

    Args:
        images: N, at least 1.
        samples: B, at least 1.
        seed: of the generator.

    Returns:
        (B, N); every row sums to N.

    Raises:
        ValueError: there is no image or no sample.
    """
    return np.concatenate(list(weight_blocks(images, samples, seed)))


def absent_iou(absent: Literal["zero", "excluded"], drawable: NDArray[np.bool_] | None = None) -> Doubles:
    """IoU that a class of neither truth nor prediction adds to a mean: 0, as the released code has it, or nothing, NaN.

    A resample misses classes of few images. That is a gap of the draw and no failure of the network: counted as 0, it
    would push every interval below its own figure. So a class that some mask has adds nothing where it was not drawn.

    Args:
        absent: what a class adds that no mask and no prediction has.
        drawable: (K + 1,) classes that some mask has; None of the scored images themselves.
    """
    nothing = 0.0 if absent == "zero" else np.nan
    return np.asarray(nothing if drawable is None else np.where(drawable, np.nan, nothing))


def interval(values: Doubles, level: float = LEVEL) -> tuple[Doubles, Doubles]:
    """Percentile interval over the first axis, of the values that are defined.

    Args:
        values: (B, ...), NaN where a resample leaves the figure undefined.
        level: share of the resamples between the limits.

    Returns:
        low and high, (...) each; NaN where fewer than half of the resamples are defined.

    Raises:
        ValueError: the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval lies between 0 and 1, not at {level}")
    values = np.asarray(values, np.float64)
    enough = 2 * np.sum(~np.isnan(values), axis=0) >= len(values)
    # A column without any value would only raise a warning: it is undefined in any case.
    filled = np.where(enough, values, 0.0)
    low, high = np.nanquantile(filled, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.where(enough, low, np.nan), np.where(enough, high, np.nan)


def two_sided_p(differences: Doubles, observed: Doubles) -> Doubles:
    """Two-sided bootstrap p: twice the share of resamples whose difference is not on the observed side of zero.

    A difference of exactly zero counts against, and so does the observation itself, so p is never 0: with B
    resamples it cannot be smaller than 2 / (B + 1).

    Args:
        differences: (B, ...), NaN where undefined.
        observed: (...), the difference on the images themselves.

    Returns:
        (...), at most 1; NaN where fewer than half of the resamples are defined or the observation is not.
    """
    differences, observed = np.asarray(differences, np.float64), np.asarray(observed, np.float64)
    defined = ~np.isnan(differences)
    with np.errstate(invalid="ignore"):
        against = np.where(observed > 0, differences <= 0, differences >= 0) & defined
    share = (against.sum(axis=0) + 1) / (defined.sum(axis=0) + 1)
    known = (2 * defined.sum(axis=0) >= len(differences)) & ~np.isnan(observed)
    return np.where(known, np.minimum(1.0, 2 * share), np.nan)
