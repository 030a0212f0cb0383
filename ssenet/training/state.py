"""Resumable training states: safetensors and a small JSON, written so that a crash never leaves half of one."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from ssenet.files import write_atomically
from ssenet.training.notes import State, file_hash, notes_in, read_note, whole_states, write_note

__all__ = ["KEEP", "State", "load_newest", "newest_state", "save_state", "settle_state"]

KEEP = 2
"""States kept: the newest, and one before it in case the newest turns out damaged."""


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

    Raises:
        OSError: it could not be written, for example because the disk is full; earlier states are as they were.
    """
    state = State(step, folder / f"step-{step:08d}.safetensors", pending)
    tensors = _tensors(network, optimiser)
    write_atomically(state.path, lambda path: _save(tensors, path))
    write_note(state, key, file_hash(state.path))
    for old in notes_in(folder)[KEEP:]:
        old.unlink()
        old.with_suffix(".safetensors").unlink(missing_ok=True)
    return state


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    try:
        save_file(tensors, path)
    except SafetensorError as error:  # it wraps what the system said
        number = re.search(r"(?:os error|code:) (\d+)", str(error))
        raise OSError(int(number[1]) if number else 0, str(error), str(path)) from error


def settle_state(state: State) -> State:
    """Note that the epoch that ends at ``state`` is validated and published."""
    note, settled = read_note(state), State(state.step, state.path)
    write_note(settled, note["key"], note["sha256"])
    return settled


def newest_state(folder: Path, key: str) -> State | None:
    """The newest state under ``folder`` that is whole and of the same settings; None when there is none."""
    return next(whole_states(folder, key), None)


def load_newest(folder: Path, key: str, network: nn.Module, optimiser: Optimizer) -> State | None:
    """Put network and optimiser where they were when the newest whole state was saved; None when there is none."""
    for state in whole_states(folder, key):
        try:
            tensors = load_file(state.path)
        except (OSError, SafetensorError):  # removed meanwhile by an earlier attempt that is not dead yet
            continue
        _restore(tensors, network, optimiser)
        return state
    return None


def _restore(tensors: dict[str, Tensor], network: nn.Module, optimiser: Optimizer) -> None:
    network.load_state_dict({k.removeprefix("model."): t for k, t in tensors.items() if k.startswith("model.")})
    moments: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimiser."):
            _, index, name = key.split(".", 2)
            moments.setdefault(int(index), {})[name] = tensor
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": moments, "param_groups": groups})
