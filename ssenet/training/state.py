"""Resumable training states: safetensors and a small JSON, written so that a crash never leaves half of one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from ssenet.files import write_atomically, write_bytes

KEEP = 2
"""States kept: the newest, and one before it in case the newest turns out damaged."""


@dataclass(frozen=True)
class State:
    """A state on disk: ``step`` optimiser steps are done, and validation is still due when ``pending``."""

    step: int
    path: Path
    pending: bool = False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tensors(network: nn.Module, optimiser: Optimizer) -> dict[str, Tensor]:
    tensors = {f"model.{name}": t for name, t in network.state_dict().items()}
    for index, values in optimiser.state_dict()["state"].items():
        # Tensor or number; SGD keeps None where it has no momentum yet.
        kept = {name: value for name, value in values.items() if value is not None}
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value) for name, value in kept.items()}
    return {name: t.detach().cpu().contiguous() for name, t in tensors.items()}


def save_state(
    folder: Path, step: int, key: str, network: nn.Module, optimiser: Optimizer, *, pending: bool = False
) -> State:
    """Save all that a run needs to go on after ``step`` steps; older states beyond ``KEEP`` go.

    Args:
        folder: where states lie.
        step: optimiser steps done.
        key: hash of settings and data; a state is only resumed under the same one.
        network: its parameters and buffers.
        optimiser: its moments.
        pending: an epoch ends here that is not validated and published yet.
    """
    path = folder / f"step-{step:08d}.safetensors"
    tensors = _tensors(network, optimiser)
    write_atomically(path, lambda p: save_file(tensors, p))
    _write_note(path, {"step": step, "key": key, "sha256": _sha256(path), "pending": pending})
    for old in sorted(folder.glob("step-*.json"))[:-KEEP]:
        old.unlink()
        old.with_suffix(".safetensors").unlink(missing_ok=True)
    return State(step, path, pending)


def settle_state(state: State) -> State:
    """Note that the epoch that ends at ``state`` is validated and published."""
    note = json.loads(state.path.with_suffix(".json").read_text())
    _write_note(state.path, {**note, "pending": False})
    return State(state.step, state.path)


def _write_note(path: Path, note: dict[str, Any]) -> None:
    write_bytes(path.with_suffix(".json"), json.dumps(note).encode())


def newest_state(folder: Path, key: str) -> State | None:
    """The newest state under ``folder`` that is whole and of the same settings; None when there is none."""
    for note_path in sorted(folder.glob("step-*.json"), reverse=True):
        try:
            note = json.loads(note_path.read_text())
            path = note_path.with_suffix(".safetensors")
            if note["key"] == key and note["sha256"] == _sha256(path):
                return State(int(note["step"]), path, bool(note["pending"]))
        except (OSError, ValueError, KeyError):
            continue  # damaged or half written: the one before it is as good
    return None


def load_state(state: State, network: nn.Module, optimiser: Optimizer) -> None:
    """Put network and optimiser where they were when ``state`` was saved."""
    tensors = load_file(state.path)
    network.load_state_dict({k.removeprefix("model."): t for k, t in tensors.items() if k.startswith("model.")})
    moments: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimiser."):
            _, index, name = key.split(".", 2)
            moments.setdefault(int(index), {})[name] = tensor
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": moments, "param_groups": groups})
