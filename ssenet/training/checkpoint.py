"""Publishing weights: safetensors beside the JSON card that says what they are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from ssenet.files import write_bytes
from ssenet.results import CheckpointCard

WEIGHTS, CARD = "weights.safetensors", "card.json"


def weights_bytes(network: nn.Module, dtype: torch.dtype = torch.float32) -> bytes:
    """Parameters and buffers as safetensors; floating point tensors in ``dtype``."""
    state = network.state_dict()
    return save({k: (t.to(dtype) if t.is_floating_point() else t).cpu().contiguous() for k, t in state.items()})


def sha256(data: bytes) -> str:
    """Hash that the card carries."""
    return hashlib.sha256(data).hexdigest()


def publish(folder: Path, weights: bytes, card: CheckpointCard) -> None:
    """Write weights and card, the card last: a folder with a card is complete."""
    write_bytes(folder / WEIGHTS, weights)
    write_bytes(folder / CARD, card.model_dump_json(indent=1).encode())


def read_card(folder: Path) -> CheckpointCard:
    """The card of a published folder."""
    return CheckpointCard.model_validate_json((folder / CARD).read_bytes())
