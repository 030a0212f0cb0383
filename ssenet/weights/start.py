"""Where the backbone of a new network starts: ImageNet, or the backbone of an earlier checkpoint.

Key names by network, which the mapping below relies on:

- ResNet38 as CAM network or AffinityNet: the backbone's keys at top level, as released.
- ResNet38 under a segmentation head: the same keys under ``backbone.``.
- timm backbones under any head: ``backbone.model.``, then timm's own names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from torch import Tensor

from ssenet.errors import CheckpointError
from ssenet.models.backbones import TimmBackbone
from ssenet.models.resnet38 import ResNet38, backbone_names
from ssenet.results import CheckpointCard
from ssenet.weights.imagenet import load_imagenet_backbone
from ssenet.weights.loading import read_weights

Backbone = ResNet38 | TimmBackbone
"""A module whose backbone can be started; of a ResNet38 with heads of its own, the heads are left alone."""
RESNET38 = "resnet38"


class Checkpoint(Protocol):
    """Where a checkpoint's weights lie, and its card."""

    @property
    def weights(self) -> Path:
        """Its safetensors file."""

    @property
    def card(self) -> CheckpointCard:
        """What the weights are."""


def start_backbone(backbone: Backbone, name: str, *, pretrained: bool, start: Checkpoint | None) -> str | None:
    """Start ``backbone`` from the checkpoint ``start``, or from ImageNet if ``pretrained``, or leave it random.

    Args:
        backbone: the module.
        name: of the backbone, as settings name it.
        pretrained: whether ImageNet weights are wanted when there is no ``start``.
        start: a CAM, affinity or segmentation checkpoint with the same backbone.

    Returns:
        What it started from, for the card; None for random weights.

    Raises:
        CheckpointError: the weights are not at hand, damaged, or of another backbone.
    """
    if start is not None:
        return load_backbone(backbone, name, start.weights, start.card)
    return load_imagenet_backbone(backbone) if pretrained else None


def load_backbone(backbone: Backbone, name: str, weights: Path, card: CheckpointCard) -> str:
    """Copy the backbone of a checkpoint into ``backbone``; every tensor must be there, in its shape.

    The stride may differ: it changes dilations, and no tensor.

    Returns:
        What was loaded, for the card of the new network.

    Raises:
        CheckpointError: another backbone, a damaged file, or tensors that are missing or of another shape.
    """
    if card.backbone != name:
        raise CheckpointError(
            f"{card.name} has the backbone {card.backbone}, and this network has {name}. "
            f"Choose {card.backbone} as backbone, or a checkpoint of {name} to start from."
        )
    prefix = backbone_prefix(card)
    state = {k.removeprefix(prefix): t for k, t in read_weights(weights, card).items() if k.startswith(prefix)}
    expected = backbone_state(backbone)
    _check(expected, state, card)
    backbone.load_state_dict({k: t for k, t in state.items() if k in expected}, strict=False)
    return f"backbone of {card.name}, sha256 {card.weights_sha256[:12]}"


def backbone_prefix(card: CheckpointCard) -> str:
    """What stands before the backbone's own keys in the weights of ``card``."""
    return "" if card.backbone == RESNET38 and card.role != "segmentation" else "backbone."


def backbone_state(backbone: Backbone) -> dict[str, Tensor]:
    """The tensors of the backbone alone, by its own keys; heads at the top level of a ResNet38 are left out."""
    state = backbone.state_dict()
    if isinstance(backbone, TimmBackbone):
        return state
    own = backbone_names(backbone)
    return {key: tensor for key, tensor in state.items() if key.split(".")[0] in own}


def _check(expected: dict[str, Tensor], given: dict[str, Tensor], card: CheckpointCard) -> None:
    """Old checkpoints lack the counters of batches, which only an average without momentum uses."""
    needed = [key for key in expected if not key.endswith("num_batches_tracked")]
    missing = [key for key in needed if key not in given]
    wrong = [key for key in needed if key in given and given[key].shape != expected[key].shape]
    if missing or wrong:
        raise CheckpointError(
            f"The weights of {card.name} do not hold the whole backbone {card.backbone}: {len(missing)} tensors "
            f"missing {missing[:5]}, {len(wrong)} of another shape {wrong[:5]}. Choose another checkpoint."
        )
