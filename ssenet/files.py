"""Writing files so that a reader never sees half of one, even after a power cut. Free of torch."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def move_into_place(staged: Path, target: Path) -> None:
    """Move a finished file to where readers look, on the same file system, once its bytes are on the disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with staged.open("rb") as file:
        os.fsync(file.fileno())
    staged.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file, then move it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    write(temporary)
    move_into_place(temporary, path)


def write_bytes(path: Path, data: bytes) -> None:
    """``write_atomically`` for bytes at hand."""
    write_atomically(path, lambda temporary: temporary.write_bytes(data))
