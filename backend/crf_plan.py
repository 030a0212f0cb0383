"""The dense CRF of one photograph on demand: its content key, and the work for a process of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

import ssenet
from backend.cam_answer import present
from backend.cam_plan import Coarse, Plan
from backend.problems import invalid
from backend.store.artifacts import image_key
from ssenet.data.images import ImageLimits, decode_image, working_image
from ssenet.refine.scrub import (
    MOST_CLASSES,
    SCRUB_VERSION,
    Frames,
    ScrubSettings,
    at_size,
    frames,
    normalised_maps,
    pack_frames,
)
from ssenet.refine.scrub_report import report
from ssenet.render import class_scores
from ssenet.results import View

_STORED = ImageLimits(size=2**31, pixels=2**31, side=2**16)  # stored pixels were within the limits when they came


@dataclass(frozen=True)
class CrfWork:
    """Everything that the work needs; it travels to a process, so it holds no service.

    Attributes:
        photograph: file of its canonical pixels.
        coarse: float16 raw coarse logits (K, h, w) by view.
        names: of the K classes.
        classes: indices of those that are refined.
        truth: (H, W) at the photograph's own size, or None.
    """

    photograph: Path
    coarse: Mapping[View, NDArray[np.float32]]
    names: tuple[str, ...]
    classes: tuple[int, ...]
    settings: ScrubSettings
    truth: NDArray[np.uint8] | None


def do(work: CrfWork) -> tuple[bytes, bytes]:
    """The frames as npz, and the report on them as JSON.

    Raises:
        SettingsError: the CRF library is missing.
        FileNotFoundError: the photograph's pixels are gone.
    """
    image = working_image(decode_image(work.photograph.read_bytes(), limits=_STORED))
    size = (image.shape[0], image.shape[1])
    made = frames(image, normalised_maps(work.coarse, size, work.classes), work.classes, work.settings)
    truth = None if work.truth is None else at_size(work.truth, size)
    whole = Frames(made.classes, made.labels, truth, made.lattice_seconds, made.step_seconds)
    return pack_frames(whole), report(whole, work.names, work.settings).model_dump_json().encode()


def work_on(
    plan: Plan, coarse: Coarse, settings: ScrubSettings, truth: NDArray[np.uint8] | None, artifacts: Path
) -> CrfWork:
    """The work that ``plan`` asks for, once its maps are there.

    Raises:
        Problem: 422, more classes than can be refined.
    """
    classes = plan.named or tuple(present(plan, coarse)) or (_best(plan, coarse),)
    if len(classes) > MOST_CLASSES:
        text = f"The CRF refines at most {MOST_CLASSES} classes, and these are {len(classes)}; name some."
        raise invalid("/query/classes", text)
    photograph = artifacts / image_key(plan.image_sha)
    return CrfWork(photograph, coarse, plan.card.classes, tuple(sorted(classes)), settings, truth)


def _best(plan: Plan, coarse: Coarse) -> int:
    """A network that recognises nothing still has a best guess."""
    return int(class_scores(coarse, exclusive=plan.exclusive).argmax())


def content_key(plan: Plan, work: CrfWork) -> str:
    """Equal keys mean equal frames and reports."""
    truth = "" if work.truth is None else hashlib.sha256(np.ascontiguousarray(work.truth).data).hexdigest()
    settings = work.settings.model_dump(mode="json")
    parts = [SCRUB_VERSION, ssenet.__version__, sorted(plan.keys.values()), work.classes, settings, truth]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def frames_artifact(key: str) -> str:
    """Artifact key of the frames."""
    return f"crf/{key[:2]}/{key}.npz"


def report_artifact(key: str) -> str:
    """Artifact key of the report; written last, so that both are there when it is."""
    return f"crf/{key[:2]}/{key}.json"
