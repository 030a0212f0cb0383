"""The CRF of one photograph, step by step, as work that can travel to a process of its own. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssenet.data.images import DEFAULT_LIMITS, ImageLimits, decode_image, working_image
from ssenet.refine.scrub import Frames, ScrubSettings, at_size, frames, normalised_maps
from ssenet.refine.scrub_report import CrfReport, report
from ssenet.results import View


@dataclass(frozen=True)
class CrfWork:
    """Everything that the work needs.

    Attributes:
        photograph: an image file.
        coarse: raw coarse logits (K, h, w) by view; they count as float16, as they are kept.
        names: of the K classes.
        classes: indices of those that are refined.
        truth: (H, W) labels, at the photograph's own size or the working size; None when unknown.
        limits: of the image file.
    """

    photograph: Path
    coarse: Mapping[View, NDArray[np.floating]]
    names: tuple[str, ...]
    classes: tuple[int, ...]
    settings: ScrubSettings
    truth: NDArray[np.uint8] | None = None
    limits: ImageLimits = DEFAULT_LIMITS


def refine_in_steps(work: CrfWork) -> tuple[Frames, CrfReport]:
    """The frames at the working size, and the numbers of every iteration.

    Raises:
        ImageError: the photograph cannot be read.
        SettingsError: the CRF library is missing.
        FileNotFoundError: there is no such file.
    """
    image = working_image(decode_image(work.photograph.read_bytes(), limits=work.limits))
    size = (image.shape[0], image.shape[1])
    coarse = {view: maps.astype(np.float16).astype(np.float32) for view, maps in work.coarse.items()}
    made = frames(image, normalised_maps(coarse, size, work.classes), work.classes, work.settings)
    if work.truth is not None:
        made = replace(made, truth=at_size(work.truth, size))
    return made, report(made, work.names, work.settings)
