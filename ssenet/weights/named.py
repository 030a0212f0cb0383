"""Checkpoints by what people call them. Free of torch."""

from __future__ import annotations

from pathlib import Path

from ssenet.errors import CheckpointError
from ssenet.results import CheckpointCard
from ssenet.weights.builtin import builtin, builtin_checkpoints


def named_checkpoint(name: str) -> tuple[Path, CheckpointCard]:
    """A built-in checkpoint by id, a folder with weights.safetensors and card.json, or the last one of a run's folder.

    Returns:
        its weights file and its card.

    Raises:
        CheckpointError: none of them.
    """
    found = builtin(name)
    if found:
        return found.weights, found.card
    cards = sorted([*Path(name).glob("card.json"), *Path(name).glob("epoch-*/card.json")])
    if cards:
        return cards[-1].with_name("weights.safetensors"), CheckpointCard.model_validate_json(cards[-1].read_bytes())
    known = ", ".join(b.id for b in builtin_checkpoints())
    raise CheckpointError(
        f"{name} is neither a built-in checkpoint ({known}) nor a folder with card.json, in it or in its epochs."
    )
