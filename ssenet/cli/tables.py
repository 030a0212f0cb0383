"""``ssenet tables``: the paper's tables for a data set, from real runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as RichTable

from ssenet.cli.common import console, dataset_spec, for_people
from ssenet.cli.pipeline import pipeline_settings, run_in_terminal
from ssenet.cli.runs import facts_below
from ssenet.config import PipelineSettings
from ssenet.errors import SettingsError
from ssenet.tables import Cell, Table, build

_DEFAULT_OUT = Path("runs/tables")


@for_people
def tables(
    folders: Annotated[list[Path] | None, typer.Argument(help="Folders with runs; the default is --out.")] = None,
    dataset: Annotated[str, typer.Option(help="'demo', a VOC folder, or a CSV file.")] = "demo",
    run: Annotated[
        str | None, typer.Option(help="First run what is missing of these rows, such as baseline,0.5,0.3.")
    ] = None,
    preset: Annotated[str, typer.Option(help="Of those runs: quick, demo or paper.")] = "quick",
    last: Annotated[
        str, typer.Option(help="Stage after which they stop; pseudo_labels is enough for Tables 1 and 2.")
    ] = ("evaluate_segmentation"),
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="Any pipeline setting, as key=value or stage.key=value.")
    ] = None,
    labels: Annotated[str, typer.Option(help="Labels of a VOC folder: masks, xml or csv.")] = "masks",
    out: Annotated[Path, typer.Option(help="Folder of those runs.")] = _DEFAULT_OUT,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tables 1, 2 and 3 from the runs below some folders, with the paper's VOC figures beside them."""
    spec = dataset_spec(dataset, labels)
    if run:
        changes = {"dataset": spec.name, "last": last}
        rows = {row.strip(): row_settings(row.strip(), preset, changes, setting or []) for row in run.split(",")}
        for row, settings in rows.items():
            console.print(f"Row {row}:")
            run_in_terminal(settings, spec, out)
    facts = [fact for folder in folders or [out] for fact in facts_below(folder)]
    built = build(facts, spec.name)
    if as_json:
        console.print_json(json.dumps([table.model_dump(mode="json") for table in built]))
        return
    for table in built:
        console.print(_shown(table))


def row_settings(row: str, preset: str, changes: dict[str, Any], pairs: list[str]) -> PipelineSettings:
    """The pipeline behind a row: ``baseline``, or SSENet's rate.

    Raises:
        SettingsError: the row is neither.
    """
    if row == "baseline":
        return pipeline_settings(preset, "baseline", None, changes, pairs)
    try:
        rate = float(row)
    except ValueError as error:
        raise SettingsError(f"{row!r} is no row: name baseline, or rates such as 0.5.") from error
    return pipeline_settings(preset, "ssenet", None, changes, [*pairs, f"train.rate={rate}"])


def _shown(table: Table) -> RichTable:
    shown = RichTable("", *table.columns, title=f"Table {table.number}: {table.title}", caption="\n".join(table.notes))
    for row in table.rows:
        shown.add_row(row.label, *(_text(cell) for cell in row.cells))
    return shown


def _text(cell: Cell) -> str:
    if cell.value is None:
        return "" if cell.source == "paper" else "not run"
    runs = f" (n = {cell.runs})" if cell.source == "own" else ""
    spread = f" ± {cell.spread:.1f}" if cell.spread is not None else ""
    return f"{cell.value:.1f}{spread}{runs}"
