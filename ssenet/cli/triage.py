"""``ssenet triage``: which photographs of a data set are worth a look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from ssenet.cli.common import checkpoint_files, console, dataset_spec, for_people, identifier, parse_scales
from ssenet.cli.stage import run_in_terminal
from ssenet.config import INFERENCE_SCALES, PAPER_ALPHA, TriageSettings

if TYPE_CHECKING:
    from ssenet.analysis.ranking import Measure, Ranking
    from ssenet.analysis.triage_record import TriageRecord

RANKING_CSV = "ranking.csv"
_SHOWN: tuple[Measure, ...] = ("inconsistency", "disagreement", "iou", "iou_b", "score")
"""Columns that are printed; the files hold all."""
_SCALES = ",".join(f"{scale:g}" for scale in INFERENCE_SCALES)


@for_people
def triage(
    checkpoint_id: Annotated[
        str, typer.Argument(metavar="CHECKPOINT", help="Network A: built-in id, or folder of a training or an epoch.")
    ],
    other: Annotated[str | None, typer.Option(help="Network B, to see where the two disagree.")] = None,
    dataset: Annotated[str, typer.Option(help="'demo', a VOC folder, or a CSV file.")] = "demo",
    split: Annotated[str, typer.Option(help="Split; it needs no labels when classes are predicted.")] = "val",
    images: Annotated[int | None, typer.Option(min=1, help="Only the first images.")] = None,
    scales: Annotated[str, typer.Option(help="Scales that are compared.")] = _SCALES,
    flip: Annotated[bool, typer.Option(help="Also average with the mirrored image.")] = False,
    labels: Annotated[str, typer.Option(help="Classes to measure: predicted, or given (ground truth).")] = "predicted",
    relu_order: Annotated[str, typer.Option(help="fast, or official as released.")] = "fast",
    alpha: Annotated[float, typer.Option(min=0, max=1, help="α of areas and of IoU.")] = PAPER_ALPHA,
    by: Annotated[str, typer.Option(help="Rank by: inconsistency, disagreement, iou …")] = "inconsistency",
    order: Annotated[
        str | None, typer.Option(help="descending or ascending; by default the strangest photographs come first.")
    ] = None,
    class_name: Annotated[str | None, typer.Option("--class", help="Only this class.")] = None,
    size: Annotated[str | None, typer.Option(help="Only small, medium or large objects; needs masks.")] = None,
    low: Annotated[float | None, typer.Option("--min", help="Only values of at least this.")] = None,
    high: Annotated[float | None, typer.Option("--max", help="Only values of at most this.")] = None,
    top: Annotated[int, typer.Option(min=1, max=1000, help="How many to print; the files hold all.")] = 10,
    label_files: Annotated[str, typer.Option(help="Labels of a VOC folder: masks, xml or csv.")] = "masks",
    out: Annotated[Path, typer.Option(help="Folder for ranking.json and ranking.csv; the same folder resumes.")] = Path(
        "triage"
    ),
) -> None:
    """Rank photographs by how much their maps differ between scales, between two networks, or from the masks."""
    spec, files = dataset_spec(dataset, label_files), {"checkpoint": checkpoint_files(checkpoint_id)}
    raw: dict[str, Any] = {"checkpoint": identifier(checkpoint_id), "dataset": spec.name, "split": split}
    raw |= {"images": images, "scales": parse_scales(scales), "flip": flip, "labels": labels}
    raw |= {"relu_order": relu_order, "alpha": alpha}
    if other is not None:
        raw["other"], files["other"] = identifier(other), checkpoint_files(other)
    settings = TriageSettings.model_validate(raw)
    run_in_terminal("triage", settings.model_dump(mode="json"), spec, out, checkpoints=files)

    from ssenet.analysis.ranking import Choice, csv_of, rank
    from ssenet.files import write_bytes

    record = _read(out)
    choice = Choice.model_validate(
        {"sort": by, "order": order, "class": class_name, "size": size, "min": low, "max": high}
    )
    found = rank(record, choice)
    write_bytes(out / RANKING_CSV, csv_of(found.rows).encode())
    console.print(_table(record, choice.sort, found, top))
    console.print(_counted(record, choice.sort, found))
    console.print(f"Protocol: {choice.protocol(record.protocol).model_dump_json()}", markup=False)
    console.print(f"Wrote {out / RANKING_CSV} and, with all classes and figures, {out / 'ranking.json'}.")


def _read(folder: Path) -> TriageRecord:
    from ssenet.analysis.triage_record import TriageRecord
    from ssenet.stages import RANKING

    return TriageRecord.model_validate_json((folder / RANKING).read_bytes())


def _table(record: TriageRecord, by: Measure, found: Ranking, top: int) -> Table:
    from ssenet.analysis.ranking import COLUMNS, available, figure

    p, shown = record.protocol, [name for name in _SHOWN if name in available(record) and name != by]
    count = min(top, len(found.rows))
    title = (
        f"The {count} {COLUMNS[by].most} of {record.images} photographs: {p.dataset}/{p.split}, α = {record.alpha:g}"
    )
    table = Table(
        "", Column("photograph", no_wrap=True), "class", *(COLUMNS[name].title for name in (by, *shown)), title=title
    )
    for place, row in enumerate(found.rows[:top], 1):
        figures = [figure(row, name) for name in (by, *shown)]
        table.add_row(str(place), row.image_id, row.class_name, *("–" if v is None else f"{v:.3f}" for v in figures))
    return table


def _counted(record: TriageRecord, by: Measure, found: Ranking) -> str:
    """What is not in the ranking, and why."""
    from ssenet.analysis.ranking import COLUMNS

    labels = "given" if record.protocol.label_source == "given" else "predicted"
    text = f"{len(found.rows)} photographs ranked, each by the class that puts it first. "
    text += f"{record.without_class} have no class that is {labels}; "
    return text + f"in {found.undefined} measured classes {COLUMNS[by].title} is undefined."
