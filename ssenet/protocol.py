"""What ground truth had its hand in, in words, and the protocol of what is shown of one photograph. Free of torch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

from ssenet import __version__
from ssenet.config import WORKING_SIDE, LabelSource, ReluOrder
from ssenet.render import Normalisation
from ssenet.results import CAM_VERSION, CheckpointCard, ProtocolCard

AlphaFrom = Literal["fixed", "oracle", "suggested", "none"]
GIVEN_LABELS = "image-level labels are given, which is ground truth"
ORACLE = "α is chosen on the scored images"


def leaks(protocol: ProtocolCard, networks: Iterable[CheckpointCard] = ()) -> list[str]:
    """What was chosen or given with the ground truth of the scored images, in words; empty when nothing was.

    Args:
        protocol: of the number.
        networks: checkpoints that it is of; one of an earlier epoch may have been picked by its score.
    """
    found = [GIVEN_LABELS] if protocol.label_source == "given" else []
    found += [ORACLE] if "scored images" in protocol.alpha_rule else []
    found += [protocol.selection] if protocol.selection is not None else []
    return found + [text for card in networks if (text := _picked(card, protocol)) is not None]


def _picked(card: CheckpointCard, protocol: ProtocolCard) -> str | None:
    """A network of another than the last epoch whose scores on the same split stand in its card."""
    measured, last = card.metrics_protocol, getattr(card.settings, "epochs", None)
    if measured is None or card.epoch is None or last is None or card.epoch >= last:
        return None
    same = (measured.dataset_fingerprint, measured.split) == (protocol.dataset_fingerprint, protocol.split)
    if not same or not any(name.startswith("val_m") for name in card.metrics):
        return None
    return f"{card.name} is of epoch {card.epoch} of {last}, and its card has scores on this split to choose it by"


class NetworkUse(BaseModel):
    """A checkpoint in a protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    method: str
    backbone: str
    weights_sha256: str

    @classmethod
    def of(cls, card: CheckpointCard, name: str | None = None) -> NetworkUse:
        """What a protocol says of a checkpoint; ``name`` where two of one name must be told apart."""
        return cls(
            name=name or card.name, method=card.method, backbone=card.backbone, weights_sha256=card.weights_sha256
        )


class ViewProtocol(BaseModel):
    """How what is shown of one photograph came about: it stands under every number of a single photograph."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    photograph: str = Field(description="sha256 of its pixels.")
    source: str = Field(description="Where it is from: gallery, upload, or a data set with its split.")
    networks: tuple[NetworkUse, ...]
    scales: tuple[float, ...]
    flip: bool
    transformation: str | None = Field(default=None, description="A of Eq. 2 in words, where one is compared with it.")
    relu_order: ReluOrder = "fast"
    normalisation: Normalisation = "eq3"
    label_source: LabelSource = Field(description="Who says which classes are present.")
    classes_shown: tuple[str, ...] = ()
    alpha: float | None = None
    alpha_from: AlphaFrom = "fixed"
    crf: str | None = None
    measured: tuple[str, ...] = Field(default=(), description="Numbers that compare with the photograph's mask.")
    chosen: tuple[str, ...] = Field(default=(), description="Anything else that ground truth chose or gave, in words.")
    working_side: int = WORKING_SIDE
    cam_version: str = CAM_VERSION
    code_version: str = __version__

    @computed_field  # type: ignore[prop-decorator]
    @property
    def leaks(self) -> tuple[str, ...]:
        """What ground truth chose or gave, in words; to measure against a mask is no leak."""
        given = (GIVEN_LABELS,) if self.label_source == "given" else ()
        oracle = ("α is the best one on this photograph's own mask",) if self.alpha_from == "oracle" else ()
        return (*given, *oracle, *self.chosen)

    def of_bundle(self, **more: Any) -> dict[str, Any]:
        """What an export's manifest says: the protocol and ``more``, such as the classes of its maps."""
        return {**self.model_dump(mode="json"), **more}

    def alpha_rule(self) -> str:
        """α and who chose it, in words."""
        value = "" if self.alpha is None else f" {self.alpha:.3f}"
        words = {
            "fixed": f"fixed{value}",
            "oracle": f"best on this photograph's mask:{value}",
            "suggested": f"suggested without ground truth (experimental):{value}",
            "none": "none used",
        }
        return words[self.alpha_from]
