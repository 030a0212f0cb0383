"""The dense CRF of one photograph, iteration by iteration: what each changes in the labels. Free of torch."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import model_validator

from ssenet.affinity.labels import affinity_labels, average_pool
from ssenet.config.base import Closed, setting
from ssenet.crf import PRESETS, CrfParameters, DenseCrf
from ssenet.refine.labels import plain_labels, stack
from ssenet.refine.maps import with_background
from ssenet.render import aggregate, normalise
from ssenet.results import View

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]
Preset = Literal["psa", "irn", "seam"]
Variant = Literal["alpha", "low", "high", "affinity"]
MOST_CLASSES = 20
"""Classes that are refined at most: the cost of an iteration grows with their number."""
CELL = 8
"""Pixels a cell of the AffinityNet labels, the stride that its authors label pairs at."""
SCRUB_VERSION = "1"
"""Part of every content key: raise it when the same inputs would give other frames."""


class ScrubSettings(Closed):
    """Which CRF, over which background, for how many iterations."""

    preset: Preset = setting("psa", "Whose CRF parameters.", group="crf")
    alpha: float | None = setting(
        None, "Constant background score (Eq. 3); empty takes the two powers.", group="background", ge=0, le=1
    )
    power_low: float = setting(
        4.0, "Exponent of the strong background (1 - max)^power.", group="background", gt=0, le=100
    )
    power_high: float = setting(24.0, "Exponent of the weak background.", group="background", gt=0, le=100)
    iterations: int = setting(10, "Mean-field iterations.", group="crf", ge=0, le=20)

    @model_validator(mode="after")
    def _ordered(self) -> ScrubSettings:
        if self.power_low > self.power_high:
            raise ValueError("power_low must not exceed power_high")
        return self

    @property
    def parameters(self) -> CrfParameters:
        """Of the CRF."""
        return replace(PRESETS[self.preset], iterations=self.iterations)

    def backgrounds(self) -> dict[Variant, str]:
        """The variants that are refined, and their background in words."""
        if self.alpha is not None:
            return {"alpha": f"α = {self.alpha:g}"}
        return {"low": f"(1 − max)^{self.power_low:g}", "high": f"(1 − max)^{self.power_high:g}"}

    def scores(self, maps: Floats) -> dict[Variant, Floats]:
        """Scores (k + 1, H, W) under each background, from normalised maps (k, H, W)."""
        if self.alpha is not None:
            return {"alpha": stack(np.full(maps.shape[1:], self.alpha, np.float32), maps)}
        return {"low": with_background(maps, self.power_low), "high": with_background(maps, self.power_high)}


@dataclass(frozen=True)
class Frames:
    """Label maps after 0, 1, … n iterations.

    Attributes:
        classes: (k,) indices; class c has label c + 1.
        labels: of each variant (n + 1, H, W), 0 background, c + 1 class c, 255 ignored (``affinity`` only).
        truth: (H, W) at the working size, 255 where not scored; None when unknown.
        lattice_seconds: that building the kernels took.
        step_seconds: that all iterations of all variants took.
    """

    classes: tuple[int, ...]
    labels: Mapping[Variant, Labels]
    truth: Labels | None = None
    lattice_seconds: float = 0.0
    step_seconds: float = 0.0


def normalised_maps(coarse: Mapping[View, Floats], size: tuple[int, int], classes: Sequence[int]) -> Floats:
    """Maps (k, H, W) of Eq. 3 from the raw coarse logits (K, h, w) of all views."""
    return normalise(aggregate(coarse, size, classes), "eq3")


def frames(image: NDArray[np.uint8], maps: Floats, classes: Sequence[int], settings: ScrubSettings) -> Frames:
    """Refine normalised maps step by step; the lattice is built once for all variants.

    Args:
        image: (H, W, 3) RGB, the photograph at the working size.
        maps: (k, H, W) in [0, 1], of the classes that may be there.
        classes: (k,) their indices.
        settings: of the CRF and the background.

    Raises:
        SettingsError: the CRF library is missing.
        DatasetError: a class has no label below 255.
    """
    started = time.perf_counter()
    scores = settings.scores(maps)
    crf = DenseCrf(image, len(maps) + 1, settings.parameters)
    built = time.perf_counter()
    names = list(scores)
    walks = zip(*(crf.steps(scores[name], settings.iterations) for name in names), strict=True)
    steps = [_step(dict(zip(names, refined, strict=True)), classes) for refined in walks]
    labels: dict[Variant, Labels] = {name: np.stack([step[name] for step in steps]) for name in steps[0]}
    return Frames(tuple(classes), labels, None, built - started, time.perf_counter() - built)


def _step(refined: Mapping[Variant, Floats], classes: Sequence[int]) -> dict[Variant, Labels]:
    """Labels (H, W) of every variant from probabilities (k + 1, H, W), AffinityNet's among them when there are two."""
    indices = np.asarray(classes, np.int64)
    labels = {name: plain_labels(scores, indices) for name, scores in refined.items()}
    if "low" in refined:
        labels["affinity"] = trusted_labels(refined["low"], refined["high"], indices)
    return labels


def trusted_labels(low: Floats, high: Floats, classes: NDArray[np.int64]) -> Labels:
    """AffinityNet's labels (H, W), made on cells of ``CELL`` pixels as in its training and spread over them.

    Args:
        low: probabilities (k + 1, H, W) under the strong background, which decides where a class is trusted.
        high: under the weak background, which decides where the background is.
        classes: (k,) indices.
    """
    cells = affinity_labels(average_pool(low, CELL), average_pool(high, CELL), classes, 1).astype(np.uint8)
    spread = cells.repeat(CELL, axis=0).repeat(CELL, axis=1)
    return spread[: low.shape[1], : low.shape[2]]


def at_size(mask: Labels, size: tuple[int, int]) -> Labels:
    """A mask (H', W') sampled at ``size``; labels are not mixed."""
    if mask.shape == size:
        return mask
    return np.asarray(Image.fromarray(mask).resize(size[::-1], Image.Resampling.NEAREST), np.uint8)


def pack_frames(made: Frames) -> bytes:
    """npz without pickle: ``classes`` (k,), the labels of each variant (n + 1, H, W), ``truth`` (H, W) where known."""
    arrays: dict[str, NDArray[Any]] = {"classes": np.asarray(made.classes, np.int64)}
    arrays |= {str(name): labels for name, labels in made.labels.items()}
    if made.truth is not None:
        arrays["truth"] = made.truth
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_frames(data: bytes) -> Frames:
    """What ``pack_frames`` packed; times are not kept."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        names: tuple[Variant, ...] = ("alpha", "low", "high", "affinity")
        labels = {name: arrays[name] for name in names if name in arrays}
        classes = tuple(int(c) for c in arrays["classes"])
        return Frames(classes, labels, arrays.get("truth"))
