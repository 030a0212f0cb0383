"""A journal of finished work, an image a line: a run that was killed goes on after the last whole line.

For work whose results are small: where each is a file of its own, ``ssenet.sets`` keeps them. Free of torch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ssenet.errors import SettingsError
from ssenet.faults import fault
from ssenet.files import write_bytes

JOURNAL = Path("states") / "finished.jsonl"
"""Below a run's folder."""


class Journal:
    """Results by image id, each written as soon as it is there.

    Args:
        folder: of the run.
        key: content key of the step; results under another one are never taken for its own.
        earlier: folder of an earlier attempt at the same step, whose results are taken over.

    Raises:
        SettingsError: the folder holds results of another step.
    """

    def __init__(self, folder: Path, key: str, earlier: Path | None = None) -> None:
        self._path = folder / JOURNAL
        found, results = _read(self._path)
        if found not in (None, key):
            raise SettingsError(f"{folder} holds results from other settings or inputs. Choose another folder.")
        if earlier is not None:
            other, more = _read(earlier / JOURNAL)
            results = {**(more if other == key else {}), **results}
        self.results: dict[str, Any] = results
        lines = [{"key": key}, *({"id": image_id, "result": result} for image_id, result in results.items())]
        write_bytes(self._path, "".join(map(_line, lines)).encode())  # a torn last line ends here

    def add(self, image_id: str, result: Any) -> None:
        """Keep the result of one image, which is JSON-safe."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_line({"id": image_id, "result": result}))
            fault("after_write")
            file.flush()
            os.fsync(file.fileno())
            fault("after_fsync")
        self.results[image_id] = result


def finished_in(folder: Path) -> int:
    """How many results a run's folder holds."""
    return len(_read(folder / JOURNAL)[1])


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value) + "\n"


def _read(path: Path) -> tuple[str | None, dict[str, Any]]:
    """Key and results; None and nothing where there is no journal."""
    entries = list(_entries(path)) if path.is_file() else []
    if not entries or "key" not in entries[0]:
        return None, {}
    return str(entries[0]["key"]), {str(e["id"]): e["result"] for e in entries[1:]}


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines, up to one that a kill has torn."""
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            yield json.loads(line)
        except ValueError:
            return
