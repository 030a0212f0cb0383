"""The stages of the pipeline in words, and which results their settings name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from ssenet.config import INPUTS, NETWORKS, JobKind, PipelineKind

ORDER: tuple[JobKind, ...] = get_args(PipelineKind)


@dataclass(frozen=True)
class StageText:
    """What a stage is called, and what it does in one sentence."""

    title: str
    sentence: str


STAGE_TEXTS: dict[JobKind, StageText] = {
    "train_cam": StageText(
        "CAM network", "Trains the classifier whose class activation maps everything else is built on."
    ),
    "infer_cam": StageText(
        "CAMs", "Computes the class activation maps of every photograph at all scales; the later stages start here."
    ),
    "evaluate": StageText(
        "CAM evaluation",
        "Scores those maps against the masks at every background threshold α: what all else must beat.",
    ),
    "crf": StageText(
        "Dense CRF",
        "Snaps the maps to the edges of the photograph under a strong and a weak background; where both agree, the "
        "label of a pixel is trusted.",
    ),
    "train_affinity": StageText(
        "AffinityNet", "Learns from trusted pixels which neighbouring cells of a photograph belong to the same class."
    ),
    "random_walk": StageText(
        "Random walk", "Spreads each map along the learned affinities: it fills objects and leaves the background."
    ),
    "pseudo_labels": StageText(
        "Pseudo-labels", "Turns the walked maps into one label a pixel; unclear pixels are ignored in training."
    ),
    "train_segmentation": StageText(
        "Segmentation network", "Trains DeepLab on the pseudo-labels as if they were ground truth."
    ),
    "evaluate_segmentation": StageText(
        "Segmentation test",
        "Predicts photographs that no stage has seen, and scores the predictions (Table 3, Fig. 6).",
    ),
    "triage": StageText(
        "Triage",
        "Measures every photograph of a split: how much its maps change with the scale, and how far two networks "
        "disagree about it.",
    ),
}


def title(kind: str) -> str:
    """Name of a stage for people."""
    return next((text.title for name, text in STAGE_TEXTS.items() if name == kind), kind.replace("_", " "))


def named_results(kind: str, settings: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    """The earlier results that settings name: field → (id, whether it is a network; else it is a set)."""
    return {
        field: (str(settings[field]), kinds[0] in NETWORKS)
        for name, fields in INPUTS.items()
        if name == kind
        for field, kinds in fields.items()
        if settings.get(field)
    }
