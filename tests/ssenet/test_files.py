"""Every writer of results, killed at every point of writing: what is there is whole, or it is not there."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.store.artifacts import ArtifactStore
from ssenet import faults
from ssenet.files import no_space, write_atomically, write_bytes
from ssenet.journal import Journal
from ssenet.sets import SetWriter
from ssenet.training.notes import State, file_hash, newest_whole, write_note

BIG = b"x" * 200_000
Write = Callable[[Path, int], None]


def a_state(folder: Path, step: int) -> None:
    """As ``save_state`` does it."""
    state = State(step, folder / f"step-{step:08d}.safetensors")
    write_bytes(state.path, BIG + str(step).encode())
    write_note(state, "key", file_hash(state.path))


def an_item(folder: Path, number: int) -> None:
    """One image of a set."""
    SetWriter(folder, ".npz", "k" * 64).put(f"image-{number}", BIG + str(number).encode())


def a_line(folder: Path, number: int) -> None:
    """One image of a journal."""
    Journal(folder, "k").add(f"image-{number}", "x" * 50_000 + str(number))


def an_artifact(folder: Path, number: int) -> None:
    """Bytes under a key."""
    ArtifactStore(folder).put_bytes(f"weights/{number}.bin", BIG + str(number).encode())


def killed_at(point: str, times: int, write: Write, folder: Path) -> int:
    """Write 1, 2, 3 … in a process that dies at that point; the number that it was at."""
    read, told = os.pipe()
    child = os.fork()
    if child == 0:  # no exception may leave this process
        try:
            os.environ[faults.VARIABLE] = f"{point}:{times}"
            faults._passed.clear()
            for number in range(1, 9):
                os.write(told, bytes([number]))
                write(folder, number)
        finally:
            os._exit(1)
    os.close(told)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    with os.fdopen(read, "rb") as pipe:
        return pipe.read()[-1]


@pytest.mark.promise("R8")
@pytest.mark.parametrize("point", ["after_write", "after_fsync", "after_rename"])
@pytest.mark.parametrize("times", [3, 4])
def test_a_kill_while_a_state_is_written(point: str, times: int, tmp_path: Path) -> None:
    at = killed_at(point, times, a_state, tmp_path)
    newest, damaged = newest_whole(tmp_path)
    assert damaged == [] and newest is not None and newest.step in (at - 1, at)
    a_state(tmp_path, at)
    assert newest_whole(tmp_path)[0] == State(at, tmp_path / f"step-{at:08d}.safetensors")


@pytest.mark.promise("R8")
@pytest.mark.parametrize("point", ["after_write", "after_fsync", "after_rename"])
def test_a_kill_while_an_item_is_written(point: str, tmp_path: Path) -> None:
    at = killed_at(point, 4, an_item, tmp_path)
    whole = [BIG + str(number).encode() for number in range(1, at + 1)]
    found = sorted((tmp_path / "items").glob("*.npz"))
    assert [path.read_bytes() for path in found] == whole[: len(found)] and len(found) >= at - 1
    later = tmp_path / "later"
    missing = SetWriter(later, ".npz", "k" * 64, earlier=tmp_path).missing([f"image-{n}" for n in range(1, at + 1)])
    assert missing == ([] if len(found) == at else [f"image-{at}"]), "only what is whole is taken over"


@pytest.mark.promise("R8")
@pytest.mark.parametrize("point", ["after_write", "after_fsync", "after_rename"])
def test_a_kill_while_a_line_of_a_journal_is_written(point: str, tmp_path: Path) -> None:
    at = killed_at(point, 5, a_line, tmp_path)
    results = Journal(tmp_path, "k").results
    assert all(result.endswith(name.removeprefix("image-")) for name, result in results.items())
    assert len(results) in (at - 1, at) and all(len(result) > 50_000 for result in results.values())


@pytest.mark.promise("R8")
@pytest.mark.parametrize("point", ["after_fsync", "after_rename"])
def test_a_kill_while_an_artifact_is_written(point: str, tmp_path: Path) -> None:
    at = killed_at(point, 3, an_artifact, tmp_path)
    store = ArtifactStore(tmp_path)
    keys = [f"weights/{number}.bin" for number in range(1, at + 1)]
    there = [key for key in keys if store.exists(key)]
    assert len(there) >= at - 1 and all(store.size(key) == len(BIG) + 1 for key in there)


def test_without_the_variable_nothing_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(faults.VARIABLE, raising=False)
    for number in range(1, 6):
        a_state(tmp_path, number)
    assert newest_whole(tmp_path)[0] is not None


@pytest.mark.promise("R10")
def test_a_write_that_finds_no_space_leaves_what_was_there_and_no_half(tmp_path: Path) -> None:
    target = tmp_path / "card.json"
    write_bytes(target, b"old")

    def full(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError) as caught:
        write_atomically(target, full)
    assert no_space(caught.value) and not no_space(OSError(errno.EACCES, "no"))
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"] and target.read_bytes() == b"old"


def test_folders_are_on_the_disk_before_what_is_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_bytes(tmp_path / "a" / "b" / "c.json", json.dumps({}).encode())
    names = [Path(path).relative_to(tmp_path).as_posix() for path in synced]
    assert names == [".", "a", "a/b/c.json.tmp", "a/b"]
