"""The dense CRF of one photograph, step by step."""

from __future__ import annotations

from frontend.schemas.common import Answer
from ssenet.config import LabelSource
from ssenet.refine.scrub_report import CrfReport


class CrfProtocol(Answer):
    """How the frames came about."""

    scales: tuple[float, ...]
    flip: bool
    label_source: LabelSource
    weights_sha256: str
    crf: str
    uses_ground_truth: bool


class CrfSteps(Answer):
    """What each iteration changed."""

    image: str
    checkpoint: str
    outside: bool
    report: CrfReport
    protocol: CrfProtocol
    cached: bool
    key: str
