"""Settings between the CAM and the segmentation network: dense CRF, AffinityNet, random walk, pseudo-labels."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from ssenet.config.base import PAPER_ALPHA, Closed, Identifier, TrainOptions, setting

CrfPreset = Literal["off", "psa", "irn", "seam"]
BackgroundRule = Literal["constant", "power"]


class CrfChoice(Closed):
    """Which dense CRF, if any. An empty parameter takes the preset's value."""

    crf: CrfPreset = setting(
        "psa",
        "psa: as AffinityNet's authors and SSENet. irn: from hard labels. seam: SEAM's one-iteration test. off: none.",
        group="crf",
    )
    crf_iterations: int | None = setting(None, "Mean-field iterations.", group="crf", ge=0, le=100)
    gaussian_sxy: float | None = setting(None, "Width of the smoothness kernel.", group="crf", unit="px", gt=0, le=500)
    gaussian_compat: float | None = setting(None, "Weight of the smoothness kernel.", group="crf", ge=0, le=100)
    bilateral_sxy: float | None = setting(
        None, "Width in space of the appearance kernel.", group="crf", unit="px", gt=0, le=500
    )
    bilateral_srgb: float | None = setting(None, "Width in colour of the appearance kernel.", group="crf", gt=0, le=255)
    bilateral_compat: float | None = setting(None, "Weight of the appearance kernel.", group="crf", ge=0, le=100)
    processes: int = setting(
        0,
        "Processes of the CRF; 0 takes one a core. The result does not depend on it.",
        group="run",
        ge=0,
        le=256,
    )


class CrfOptions(CrfChoice):
    """Refine CAMs with a dense CRF under two backgrounds (1 - max)^α, whose agreement labels pairs of pixels."""

    alpha_low: float = setting(
        4.0, "α of the strong background: what is foreground here is confidently so.", group="crf", gt=0, le=100
    )
    alpha_high: float = setting(
        24.0, "α of the weak background: what is background here is confidently so.", group="crf", gt=0, le=100
    )

    @model_validator(mode="after")
    def _ordered(self) -> CrfOptions:
        if self.alpha_low > self.alpha_high:
            raise ValueError("alpha_low must not exceed alpha_high")
        return self


class CrfSettings(CrfOptions):
    """Dense CRF over a set of CAMs."""

    cams: Identifier = setting(..., "Set of CAMs.", group="data")


class AffinityOptions(TrainOptions):
    """AffinityNet (Ahn and Kwak 2018): which neighbouring cells belong to the same class."""

    stride: Literal[8, 16] = setting(8, "Stride of the affinities.", group="network", unit="px")
    radius: int = setting(5, "Pairs lie less than this far apart.", group="method", unit="cells", ge=2, le=16)
    crop: int = setting(256, "Side of the training crop.", group="images", unit="px", ge=32, le=1024, multiple_of=8)
    epochs: int = setting(4, "Passes over the training images.", group="optimiser", ge=1, le=1000)
    batch_size: int = setting(8, "Images a step.", group="optimiser", unit="images", ge=1, le=256)


class AffinityTrainSettings(AffinityOptions):
    """Train AffinityNet on the affinity labels of a CRF set."""

    crf: Identifier = setting(..., "Set of CRF scores under two backgrounds.", group="data")
    start: Identifier | None = setting(
        None, "Checkpoint whose backbone it starts from; empty starts from ImageNet, if pretrained.", group="data"
    )


class WalkOptions(Closed):
    """Random walk of CAMs along affinities: T^(2^log_steps), T from affinities to the power β."""

    beta: float = setting(8.0, "Power β of the affinities.", group="walk", gt=0, le=64)
    log_steps: int = setting(8, "The walk takes 2 to this power steps.", group="walk", ge=0, le=12)
    radius: int = setting(5, "Steps are shorter than this.", group="walk", unit="cells", ge=2, le=16)
    background: BackgroundRule = setting(
        "constant", "constant: α everywhere. power: (1 - max)^power.", group="background"
    )
    alpha: float = setting(PAPER_ALPHA, "Background score α of the constant rule.", group="background", ge=0, le=1)
    power: float = setting(16.0, "Exponent of the power rule.", group="background", gt=0, le=100)
    working_side: int = setting(
        1024,
        "Larger photographs go through the network with this long side.",
        group="run",
        unit="px",
        ge=64,
        le=8192,
    )


class WalkSettings(WalkOptions):
    """Random walk of a set of CAMs."""

    checkpoint: Identifier = setting(..., "AffinityNet.", group="data")
    cams: Identifier = setting(..., "Set of CAMs.", group="data")


class PseudoLabelOptions(CrfChoice):
    """From score maps to labels: argmax with the background; unclear pixels are ignored (255)."""

    crf: CrfPreset = setting("off", "Dense CRF on the scores before labels are taken.", group="crf")
    alpha: float = setting(
        PAPER_ALPHA, "Background score for maps that bring none of their own (CAMs).", group="background", ge=0, le=1
    )
    strong: float = setting(
        1.0,
        "Background score times this: what is foreground all the same is confidently so. Above 1, more is ignored.",
        group="background",
        ge=1,
        le=10,
    )
    weak: float = setting(
        1.0,
        "Background score times this: what is background all the same is confidently so. Below 1, more is ignored.",
        group="background",
        gt=0,
        le=1,
    )


class PseudoLabelSettings(PseudoLabelOptions):
    """Pseudo-labels from a set of score maps."""

    maps: Identifier = setting(..., "Set of random walk scores, or of CAMs.", group="data")
