"""``ssenet data``: compose the demo set, check a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ssenet.cli.common import console, dataset_spec, for_people
from ssenet.config import DatasetSpec

app = typer.Typer(help="Compose the demo set, check a data set.", no_args_is_help=True)


@app.command()
@for_people
def compose(
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    train: Annotated[int, typer.Option(help="Training images.")] = 400,
    val: Annotated[int, typer.Option(help="Validation images.")] = 120,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
) -> None:
    """Write the composed demo set as a VOC-layout folder with exact masks."""
    from ssenet.data import open_dataset
    from ssenet.data.export import write_voc

    spec = DatasetSpec(name="demo", kind="demo", seed=seed, train_images=train, val_images=val)
    write_voc(open_dataset(spec), out)
    console.print(f"Wrote {train} training and {val} validation images to {out}.")


@app.command()
@for_people
def check(
    dataset: Annotated[str, typer.Argument(help="'demo', a VOC folder, or a CSV file.")],
    labels: Annotated[str, typer.Option(help="Labels of a VOC folder: masks, xml or csv.")] = "masks",
) -> None:
    """Open a data set and report what is wrong with it; exit code 1 when anything is."""
    from ssenet.data import open_dataset

    opened = open_dataset(dataset_spec(dataset, labels))
    counts = ", ".join(f"{name} {count}" for name, count in opened.splits.items())
    console.print(f"{opened.spec.name}: {len(opened.classes)} classes; {counts}; labels from {opened.label_source}.")
    problems = opened.check()
    for problem in problems:
        console.print(f"- {problem}", markup=False)
    if problems:
        raise typer.Exit(1)
    console.print("No problems found.")
