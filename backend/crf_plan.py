"""The dense CRF of one photograph on demand: its content key, and the work for a process of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

import ssenet
from backend.cam_answer import present
from backend.cam_plan import Coarse, Plan
from backend.problems import invalid
from backend.store.artifacts import image_key
from ssenet.data.images import ImageLimits
from ssenet.refine.scrub import MOST_CLASSES, SCRUB_VERSION, ScrubSettings, pack_frames
from ssenet.refine.scrub_work import CrfWork, refine_in_steps
from ssenet.render import class_scores

_STORED = ImageLimits(size=2**31, pixels=2**31, side=2**16)  # stored pixels were within the limits when they came


def packed(work: CrfWork) -> tuple[bytes, bytes]:
    """The frames as npz, and the report on them as JSON. Raises as ``refine_in_steps``."""
    frames, report = refine_in_steps(work)
    return pack_frames(frames), report.model_dump_json().encode()


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
    return CrfWork(photograph, coarse, plan.card.classes, tuple(sorted(classes)), settings, truth, _STORED)


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
