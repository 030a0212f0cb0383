"""Running one stage in the terminal: sets by folder, a bar, and Ctrl-C that loses nothing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ssenet.cli.common import console, progress_bar
from ssenet.config import DatasetSpec, JobKind
from ssenet.errors import DatasetError
from ssenet.events import EventType, Stopped

if TYPE_CHECKING:
    from ssenet.sets import ImageSet
    from ssenet.stages import CheckpointFiles

STOPPED = 75
"""Exit code of a run that was stopped and can go on."""


def open_set(path: Path) -> ImageSet:
    """The set in a folder, or in the ``result`` of a run's folder.

    Raises:
        DatasetError: neither holds a complete set.
    """
    from ssenet.sets import MANIFEST, RESULT, ImageSet

    for folder in (path, path / RESULT):
        if (folder / MANIFEST).is_file():
            return ImageSet(folder)
    raise DatasetError(f"{path} holds no complete set: name the folder of a run that has finished.")


def run_in_terminal(
    kind: JobKind,
    settings: Mapping[str, Any],
    dataset: DatasetSpec,
    out: Path,
    *,
    sets: Mapping[str, ImageSet] | None = None,
    checkpoints: Mapping[str, CheckpointFiles] | None = None,
) -> None:
    """Run a stage into ``out`` with a progress bar; the same call after an interruption goes on.

    Raises:
        UserError: settings, data or inputs cannot be used.
        typer.Exit: with code 75, it was interrupted.
    """
    from ssenet.stages import RunSpec, run_stage

    folders = {field: found.folder for field, found in (sets or {}).items()}
    spec = RunSpec(
        kind=kind,
        settings=dict(settings),
        dataset=dataset,
        sets=folders,
        checkpoints=dict(checkpoints or {}),
        output=out,
    )
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with progress_bar() as progress:
        task = progress.add_task(kind, total=None, note="")

        def report(type: EventType, **values: Any) -> None:
            if type == "progress":
                progress.update(task, completed=values["done"], total=values["total"])

        try:
            run_stage(spec, report, stopping.is_set)
        except Stopped:
            console.print(f"Stopped. The same command goes on with what is in {out}.")
            raise typer.Exit(STOPPED) from None
