"""What the commands share: the console, errors for people, data sets and checkpoints by name or path."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ssenet.config import DatasetSpec
from ssenet.errors import DatasetError, SettingsError, UserError
from ssenet.weights.named import named_checkpoint

if TYPE_CHECKING:
    from ssenet.stages import CheckpointFiles

console = Console()
errors = Console(stderr=True)
P = ParamSpec("P")
R = TypeVar("R")

checkpoint = named_checkpoint


def for_people(command: Callable[P, R]) -> Callable[P, R]:
    """Turn errors a person can act on into one message and exit code 2."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except UserError as error:
            message = str(error)
        except ValidationError as error:
            message = "\n".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
        errors.print(message, style="red", markup=False, highlight=False)
        raise typer.Exit(2)

    return wrapped


def identifier(text: str) -> str:
    """``text`` as an id: what may not stand in one becomes a dash."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in text)
    return safe.strip("-._")[:100] or "unnamed"


def dataset_spec(text: str, labels: str = "masks") -> DatasetSpec:
    """``demo``, the folder of a VOC-layout set, or a CSV file.

    Raises:
        DatasetError: neither.
    """
    if text == "demo":
        return DatasetSpec(name="demo", kind="demo")
    path = Path(text).expanduser().resolve()
    name = identifier(path.stem)
    if path.is_dir():
        return DatasetSpec.model_validate({"name": name, "kind": "voc", "path": str(path), "labels": labels})
    if path.is_file():
        return DatasetSpec(name=name, kind="csv", path=str(path))
    raise DatasetError(f"{text} is neither 'demo', nor the folder of a VOC-layout data set, nor a CSV file.")


def checkpoint_files(text: str) -> CheckpointFiles:
    """``checkpoint`` as a stage takes it. Raises CheckpointError."""
    from ssenet.stages import CheckpointFiles

    weights, card = checkpoint(text)
    return CheckpointFiles(weights=weights, card=card)


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """``key=value`` pairs, values in JSON where they parse as such.

    Raises:
        SettingsError: a pair without ``=``.
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator:
            raise SettingsError(f"{pair!r} is not of the form key=value.")
        try:
            settings[key] = json.loads(value)
        except json.JSONDecodeError:
            settings[key] = value
    return settings


def parse_scales(text: str) -> tuple[float, ...]:
    """Comma-separated scales.

    Raises:
        SettingsError: one is not a number.
    """
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(f"{text!r} is not a comma-separated list of scales such as 0.5,1,2.") from error


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar with counts, time elapsed and time left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), TextColumn("{task.fields[note]}"), console=console) as progress:
        yield progress
