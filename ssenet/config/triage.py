"""Settings of triage: which photographs of a data set are worth a look."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from ssenet.config.base import PAPER_ALPHA, Closed, Identifier, Scales, setting
from ssenet.config.cam import INFERENCE_SCALES, ReluOrder

TriageLabels = Literal["predicted", "given"]


class TriageSettings(Closed):
    """Measure every photograph of a split, so that the strangest can be looked at first."""

    checkpoint: Identifier = setting(..., "Network whose maps are measured (A).", group="data")
    other: Identifier | None = setting(
        None, "Second network (B), of the same classes: how far its maps differ from A's is measured too.", group="data"
    )
    dataset: Identifier = setting("demo", "Data set; it needs no masks.", group="data")
    split: Identifier = setting("val", "Split.", group="data")
    images: int | None = setting(None, "Only the first images; empty takes all.", group="data", unit="images", ge=1)
    scales: Scales = setting(INFERENCE_SCALES, "Scales that are compared, two at least.", group="views")
    flip: bool = setting(False, "Also average with the mirrored image.", group="views")
    relu_order: ReluOrder = setting(
        "fast",
        "fast: coarse logits → image size → ReLU. official: → scaled input size → ReLU → image size, as released.",
        group="views",
    )
    labels: TriageLabels = setting(
        "predicted",
        "Which classes are measured: those that a network predicts, which needs no ground truth, or those given.",
        group="labels",
    )
    alpha: float = setting(PAPER_ALPHA, "Background threshold α of areas and of IoU.", group="background", ge=0, lt=1)

    @model_validator(mode="after")
    def _comparable(self) -> TriageSettings:
        if len(set(self.scales)) < 2:
            raise ValueError("give two different scales at least: inconsistency is what differs between them")
        if self.other == self.checkpoint:
            raise ValueError("the second network must be another one than the first")
        return self
