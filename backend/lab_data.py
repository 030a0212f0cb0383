"""``ssenet-lab data …`` and ``ssenet-lab import``: what only the operator may do, since it names paths."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ssenet.errors import DatasetError

if TYPE_CHECKING:  # the commands import what they need: help answers at once
    from backend.settings import Settings
    from backend.store.database import Database
    from backend.store.models import Dataset
    from ssenet.config import DatasetSpec

data_app = typer.Typer(no_args_is_help=True, help="Data sets of this installation.")
_console = Console(highlight=False, soft_wrap=True)


class Labels(StrEnum):
    """Where a VOC folder's image-level labels come from."""

    masks = "masks"
    xml = "xml"
    csv = "csv"


ClassFile = Annotated[
    Path | None,
    typer.Option("--classes", exists=True, dir_okay=False, help="File of class names, one a line, in order."),
]


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Database]:
    """The installation's database, migrated if need be."""
    from backend.settings import Settings
    from backend.store.database import Database
    from backend.store.migrate import upgrade

    database = Database((settings or Settings()).database)
    try:
        upgrade(database.engine)
        yield database
    finally:
        database.dispose()


@data_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Id that the API and the pages use.")],
    path: Annotated[Path, typer.Argument(exists=True, help="A folder in VOC layout, or a CSV file.")],
    classes: ClassFile = None,
    labels: Annotated[Labels, typer.Option(help="Source of the image-level labels of a VOC folder.")] = Labels.masks,
) -> None:
    """Register a data set, or describe it anew. Its images stay where they are."""
    from backend.store import datasets
    from ssenet.data import open_dataset

    dataset = open_dataset(spec(name, path, classes, labels.value))
    with opened() as database, database.write() as session:
        row = datasets.register(session, dataset.spec, dataset)
        _console.print(escape(describe(row)))
    _console.print(f"Look through every file with: ssenet-lab data check {escape(name)}")


def spec(name: str, path: Path, classes: Path | None, labels: Literal["masks", "xml", "csv"]) -> DatasetSpec:
    """What the arguments mean: a file is a CSV list, a folder is in VOC layout.

    Raises:
        DatasetError: the name or another value is not allowed.
    """
    from pydantic import ValidationError

    from ssenet.config import DatasetSpec

    kind: Literal["csv", "voc"] = "csv" if path.is_file() else "voc"
    names = tuple(line.strip() for line in classes.read_text().splitlines() if line.strip()) if classes else None
    try:
        return DatasetSpec(name=name, kind=kind, path=str(path.absolute()), classes=names, labels=labels)
    except ValidationError as error:
        first = error.errors()[0]
        raise DatasetError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from None


@data_app.command("list")
def show() -> None:
    """List the registered data sets."""
    from backend.store.models import Dataset

    table = Table("name", "kind", "classes", "images", "labels from", "path", box=None, pad_edge=False)
    with opened() as database, database.read() as session:
        for row in session.query(Dataset).order_by(Dataset.id):
            images = ", ".join(f"{split} {count}" for split, count in row.splits.items())
            path = escape(row.spec.get("path") or "")
            table.add_row(row.id, row.spec["kind"], str(len(row.classes)), images, escape(row.label_source), path)
    _console.print(table)


@data_app.command("check")
def check(name: Annotated[str, typer.Argument(help="Name of a registered data set.")]) -> None:
    """Read every file of a data set and list what is wrong with it."""
    from backend.store import datasets
    from backend.store.models import Dataset
    from ssenet.data import open_dataset

    with opened() as database, database.read() as session:
        row = session.get(Dataset, name)
        known = ", ".join(session.scalars(session.query(Dataset.id).statement))
    if row is None:
        raise DatasetError(f"No data set {name!r} is registered; there are: {known or 'none'}.")
    problems = open_dataset(datasets.spec_of(row)).check()
    for problem in problems:
        _console.print(escape(problem), style="red")
    _console.print(f"{len(problems)} problems" if problems else f"{escape(name)} is fine.")
    raise typer.Exit(1 if problems else 0)


def describe(row: Dataset) -> str:
    """A data set in one line."""
    images = ", ".join(f"{count} in {split}" for split, count in row.splits.items())
    masks = f"masks for {', '.join(row.masked_splits)}" if row.masked_splits else "no masks"
    return f"{row.id}: {len(row.classes)} classes, images: {images}; labels from {row.label_source}; {masks}."


def import_run(
    run: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder that 'ssenet train' wrote.")],
    every: Annotated[bool, typer.Option("--every", help="Also the checkpoints of earlier epochs.")] = False,
) -> None:
    """Bring in a training from the command line: its last checkpoint and its evaluations."""
    from backend.importing import import_run as bring_in
    from backend.settings import Settings
    from backend.store.artifacts import ArtifactStore

    settings = Settings()
    with opened(settings) as database:
        for item in bring_in(database, ArtifactStore(settings.artifacts), run, every=every):
            what = "imported" if item.new else "was there already"
            _console.print(escape(f"{item.name} {what}: {item.checkpoint_id}, {item.evaluations} new evaluations."))
            for reason in item.skipped:
                _console.print(escape(f"  skipped {reason}"))
