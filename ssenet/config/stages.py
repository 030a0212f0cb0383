"""The kinds of work there are: settings, inputs and outputs of each. What joins command line, service and pages."""

from __future__ import annotations

from typing import Literal, get_args

from ssenet.config.base import Closed
from ssenet.config.cam import CamInferSettings, CamTrainSettings, EvaluateSettings
from ssenet.config.refine import AffinityTrainSettings, CrfSettings, PseudoLabelSettings, WalkSettings
from ssenet.config.segmentation import SegmentationTestSettings, SegmentationTrainSettings
from ssenet.config.triage import TriageSettings

PipelineKind = Literal[
    "train_cam",
    "infer_cam",
    "evaluate",
    "crf",
    "train_affinity",
    "random_walk",
    "pseudo_labels",
    "train_segmentation",
    "evaluate_segmentation",
]
"""The stages of the pipeline, in its order."""
JobKind = Literal[PipelineKind, "triage"]
"""All kinds of work; what follows the pipeline's stages stands by itself."""
NetworkRole = Literal["cam", "affinity", "segmentation"]
SetKind = Literal["cams", "crf", "walk", "masks"]
InputKind = NetworkRole | SetKind

STAGES: dict[JobKind, type[Closed]] = {
    "train_cam": CamTrainSettings,
    "infer_cam": CamInferSettings,
    "evaluate": EvaluateSettings,
    "crf": CrfSettings,
    "train_affinity": AffinityTrainSettings,
    "random_walk": WalkSettings,
    "pseudo_labels": PseudoLabelSettings,
    "train_segmentation": SegmentationTrainSettings,
    "evaluate_segmentation": SegmentationTestSettings,
    "triage": TriageSettings,
}
NETWORKS: frozenset[str] = frozenset(get_args(NetworkRole))
_ANY_NETWORK: tuple[InputKind, ...] = ("cam", "affinity", "segmentation")

INPUTS: dict[JobKind, dict[str, tuple[InputKind, ...]]] = {
    "train_cam": {},
    "infer_cam": {"checkpoint": ("cam",)},
    "evaluate": {"checkpoint": ("cam",), "cams": ("cams",)},
    "crf": {"cams": ("cams",)},
    "train_affinity": {"crf": ("crf",), "start": _ANY_NETWORK},
    "random_walk": {"checkpoint": ("affinity",), "cams": ("cams",)},
    "pseudo_labels": {"maps": ("walk", "cams")},
    "train_segmentation": {"labels": ("masks",), "start": _ANY_NETWORK},
    "evaluate_segmentation": {"checkpoint": ("segmentation",)},
    "triage": {"checkpoint": ("cam",), "other": ("cam",)},
}
"""Settings fields that name an earlier result, and what it may be. A field that may be None is optional."""

OUTPUTS: dict[JobKind, InputKind | None] = {
    "train_cam": "cam",
    "infer_cam": "cams",
    "evaluate": None,
    "crf": "crf",
    "train_affinity": "affinity",
    "random_walk": "walk",
    "pseudo_labels": "masks",
    "train_segmentation": "segmentation",
    "evaluate_segmentation": "masks",
    "triage": None,
}
"""What later stages can use of a stage."""
