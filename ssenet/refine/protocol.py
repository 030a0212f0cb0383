"""How pseudo-labels came about, in words and figures. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence

from ssenet import __version__
from ssenet.config import CamInferSettings, PseudoLabelSettings, WalkSettings
from ssenet.crf import parameters
from ssenet.data.base import Dataset
from ssenet.errors import DatasetError
from ssenet.lineage import Step
from ssenet.results import ProtocolCard
from ssenet.sets import ImageSet

UNKNOWN_WEIGHTS = "unknown"
"""In place of a hash, for CAMs of a network whose lineage names none."""


def last_step(lineage: Sequence[Step], kind: str) -> Step:
    """The latest step of a kind. Raises DatasetError when there is none."""
    for step in reversed(lineage):
        if step.kind == kind:
            return step
    raise DatasetError(f"The set does not say which {kind} it comes from; make it again.")


def background_rule(maps: ImageSet, settings: PseudoLabelSettings) -> str:
    """Where the background's score came from, and what became of pixels that the labels ignore, in words."""
    scored = "" if settings.strong == settings.weak == 1 else "; ignored pixels scored under the plain background"
    if maps.manifest.kind == "cams":
        return f"fixed {settings.alpha:g}{scored}"
    walk = WalkSettings.model_validate(maps.manifest.settings)
    rule = f"constant {walk.alpha:g}" if walk.background == "constant" else f"(1 - max) to the power {walk.power:g}"
    return f"background of the random walk ({rule}){scored}"


def cam_weights(lineage: Sequence[Step]) -> str:
    """sha256 of the CAM network's weights."""
    hashes = [step.weights_sha256 for step in lineage if step.kind in ("train_cam", "infer_cam")]
    return next((found for found in reversed(hashes) if found), UNKNOWN_WEIGHTS)


def label_protocol(
    maps: ImageSet, dataset: Dataset, settings: PseudoLabelSettings, lineage: Sequence[Step]
) -> ProtocolCard:
    """The card of the scores of pseudo-labels.

    Args:
        maps: the set they were taken from.
        dataset: whose masks they are scored against.
        settings: of the labels.
        lineage: of the labels.
    """
    cams = CamInferSettings.model_validate(last_step(lineage, "infer_cam").settings)
    crf = parameters(settings)
    scales = tuple(sorted(set(cams.scales)))
    return ProtocolCard(
        dataset=dataset.spec.name,
        dataset_fingerprint=dataset.fingerprint,
        split=maps.manifest.split,
        images=len(maps.ids),
        label_source=cams.labels,
        scales=scales,
        multi_scale=scales,
        flip=cams.flip,
        relu_order=cams.relu_order,
        normalisation="official" if cams.relu_order == "official" else "eq3",
        crf=None if crf is None else str(crf),
        alpha_rule=background_rule(maps, settings),
        weights_sha256=cam_weights(lineage),
        code_version=__version__,
    )
