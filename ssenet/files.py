"""Writing files so that a reader never sees half of one, even after a power cut. Free of torch."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from ssenet.faults import fault

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def move_into_place(staged: Path, target: Path) -> None:
    """Move a finished file to where readers look, on the same file system, once its bytes are on the disk."""
    make_folder(target.parent)
    flush_file(staged)
    fault("after_fsync")
    staged.replace(target)
    fault("after_rename")
    sync_folder(target.parent)


def flush_file(path: Path) -> None:
    """Wait until the bytes of a file are on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; each is on the disk before anything is put into it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file, then move it into place; a write that fails leaves nothing behind."""
    make_folder(path.parent)
    temporary = path.with_name(path.name + ".tmp")
    try:
        write(temporary)
        fault("after_write")
        move_into_place(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)  # when the disk is full, its bytes are what others need
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """``write_atomically`` for bytes at hand."""
    write_atomically(path, lambda temporary: temporary.write_bytes(data))


def no_space(error: OSError) -> bool:
    """Whether a write failed because the disk, a quota or the largest allowed file is full."""
    return error.errno in _FULL
