"""Bytes on disk under keys that the server makes. A key that exists is complete."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ssenet.files import flush_file, move_into_place

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


def image_key(sha: str) -> str:
    """Key of an image's canonical pixels."""
    return f"images/{sha}.png"


def weights_key(sha256: str) -> str:
    """Key of a weights file."""
    return f"weights/{sha256}.safetensors"


def cam_artifact(cam_key: str) -> str:
    """Key of the raw coarse logits that ``ssenet.results.cam_key`` names."""
    return f"cams/{cam_key[:2]}/{cam_key}.npy"


def cam_cost_artifact(cam_key: str) -> str:
    """Key of what computing those logits cost; it lies beside them and leaves with them."""
    return f"cams/{cam_key[:2]}/{cam_key}.cost.json"


def attempt_key(job_id: str, fence: int) -> str:
    """Folder of one attempt at a job: it contains the fence, so a late writer never meets its successor's files."""
    return f"{job_folder(job_id)}/attempt-{fence}"


def job_folder(job_id: str) -> str:
    """Folder of all attempts at a job."""
    return f"jobs/{job_id}"


def evaluation_key(evaluation_id: str) -> str:
    """Key of an evaluation's histograms."""
    return f"evaluations/{evaluation_id}.npz"


def score_key(score_id: str) -> str:
    """Key of a score's confusion matrices."""
    return f"scores/{score_id}.npz"


def ranking_key(ranking_id: str) -> str:
    """Key of a ranking with all its rows."""
    return f"rankings/{ranking_id}.json"


class ArtifactStore:
    """A folder of immutable files; a write is complete or absent, also after power loss."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tmp = root / ".tmp"

    def path(self, key: str) -> Path:
        """Local path of ``key``, whether it exists or not.

        Raises:
            ValueError: not a key, such as one that climbs out of the store.
        """
        if not _KEY.fullmatch(key) or ".." in key:
            raise ValueError(f"not an artifact key: {key!r}")
        return self.root / key

    def key(self, path: Path) -> str:
        """The key of something in the store; the inverse of ``path``. Raises ValueError when it lies elsewhere."""
        return path.resolve().relative_to(self.root.resolve()).as_posix()

    def exists(self, key: str) -> bool:
        """Whether ``key`` is there."""
        return self.path(key).exists()

    def size(self, key: str) -> int:
        """Bytes of ``key``."""
        return self.path(key).stat().st_size

    def read(self, key: str) -> bytes:
        """All bytes of ``key``; marks it as used, which ``trim`` goes by."""
        path = self.path(key)
        data = path.read_bytes()
        with suppress(OSError):
            os.utime(path)
        return data

    def open(self, key: str) -> BinaryIO:
        """``key`` opened for reading."""
        return self.path(key).open("rb")

    def put_bytes(self, key: str, data: bytes) -> Path:
        """Write ``data``; replaces what was there."""
        target = self.path(key)
        with self.staging() as staged:
            staged.write_bytes(data)
            move_into_place(staged, target)
        return target

    def adopt(self, key: str, staged: Path) -> Path:
        """Move a file that was written under ``staging`` to ``key``."""
        target = self.path(key)
        move_into_place(staged, target)
        return target

    @contextmanager
    def staged_copy(self, path: Path) -> Iterator[Path]:
        """A copy of the file at ``path`` to adopt: its bytes are on the disk, so that to adopt it takes no time."""
        with self.staging() as staged:
            shutil.copyfile(path, staged)
            flush_file(staged)
            yield staged

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A path on the store's own disk to write to; what is left there afterwards is removed."""
        self._tmp.mkdir(parents=True, exist_ok=True)
        staged = self._tmp / uuid.uuid4().hex
        try:
            yield staged
        finally:
            staged.unlink(missing_ok=True)

    def set_aside(self, path: Path) -> Path:
        """Move a file or folder of the store to the staging folder, where whoever moved it removes it.

        Raises:
            FileNotFoundError: it is not there.
        """
        self._tmp.mkdir(parents=True, exist_ok=True)
        aside = path.rename(self._tmp / uuid.uuid4().hex)
        os.utime(aside)  # young: what is old there was left by a killed process, and anybody removes it
        return aside

    def delete(self, key: str) -> None:
        """Remove ``key``; nothing happens when it is not there."""
        self.path(key).unlink(missing_ok=True)

    def delete_folder(self, key: str) -> None:
        """Remove the folder ``key`` with all that is in it; nothing happens when it is not there."""
        shutil.rmtree(self.path(key), ignore_errors=True)

    def trim(self, prefix: str, limit: int) -> int:
        """Remove the least recently used files under ``prefix`` until they take at most ``limit`` bytes.

        Files that differ in their endings only, such as a map and what it cost, were used when the last of them
        was, and leave together.

        Returns:
            number of files removed.
        """
        together: dict[Path, list[tuple[float, int, Path]]] = defaultdict(list)
        for path in self.path(prefix).rglob("*"):
            with suppress(FileNotFoundError):
                if path.is_file():
                    found = path.stat()
                    together[path.with_name(path.name.split(".")[0])].append((found.st_mtime, found.st_size, path))
        oldest_first = sorted(together.values(), key=lambda files: max(used for used, _, _ in files))
        excess, removed = sum(size for files in oldest_first for _, size, _ in files) - limit, 0
        for files in oldest_first:
            if excess <= 0:
                break
            for _, size, path in files:
                path.unlink(missing_ok=True)
                excess, removed = excess - size, removed + 1
        return removed
