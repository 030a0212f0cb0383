"""Which training states lie in a folder, and which of them are whole. Free of torch.

A state is ``step-NNNNNNNN.safetensors`` and, written after it, a note ``step-NNNNNNNN.json`` with its hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ssenet.files import write_bytes

STATES = "states"
"""Below a run's folder."""


@dataclass(frozen=True)
class State:
    """A state on disk: ``step`` optimiser steps are done, and validation is still due when ``pending``."""

    step: int
    path: Path
    pending: bool = False


def file_hash(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_note(state: State, key: str, sha256: str) -> None:
    """Make a state known whose tensors lie on the disk."""
    note = {"step": state.step, "key": key, "sha256": sha256, "pending": state.pending}
    write_bytes(state.path.with_suffix(".json"), json.dumps(note).encode())


def read_note(state: State) -> dict[str, Any]:
    """The note of a state. Raises OSError or ValueError when there is none."""
    note: dict[str, Any] = json.loads(state.path.with_suffix(".json").read_text())
    return note


def notes_in(folder: Path) -> list[Path]:
    """Notes of a folder of states, the newest first."""
    return sorted(folder.glob("step-*.json"), reverse=True)


def claimed_steps(folder: Path) -> int:
    """Steps of the newest state by its name alone, 0 when there is none."""
    names = (note.stem.removeprefix("step-") for note in notes_in(folder))
    return max((int(name) for name in names if name.isdecimal()), default=-1) + 1


def whole_states(folder: Path, key: str | None = None) -> Iterator[State]:
    """The states whose hash is right, the newest first; with ``key`` only those of the same settings and data."""
    for note in notes_in(folder):
        state = _verified(note, key)
        if state is not None:
            yield state


def newest_whole(folder: Path) -> tuple[State | None, list[Path]]:
    """The newest state whose hash is right, and the damaged ones that are newer."""
    damaged: list[Path] = []
    for note in notes_in(folder):
        state = _verified(note, None)
        if state is not None:
            return state, damaged
        damaged.append(note.with_suffix(".safetensors"))
    return None, damaged


def _verified(path: Path, key: str | None) -> State | None:
    """The state of a note, unless it is damaged, half written or of another run: the one before it is as good."""
    try:
        note = json.loads(path.read_text())
        state = State(int(note["step"]), path.with_suffix(".safetensors"), bool(note["pending"]))
        right = key in (None, note["key"]) and note["sha256"] == file_hash(state.path)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return state if right else None
