"""``ssenet eval``: CAMs against masks at every α at once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ssenet.cli.common import checkpoint_files, console, dataset_spec, for_people, identifier, parse_scales
from ssenet.cli.stage import run_in_terminal
from ssenet.config import CURVE_SCALES, INFERENCE_SCALES, PAPER_ALPHA, EvaluateSettings
from ssenet.curves import curve
from ssenet.errors import DatasetError
from ssenet.histograms import AlphaHistogram, load_histograms, nearest_edge
from ssenet.results import EvaluationRecord

_DEFAULT_OUT = Path("evaluation")
_ALL = ",".join(f"{s:g}" for s in CURVE_SCALES)
_MS = ",".join(f"{s:g}" for s in INFERENCE_SCALES)


@for_people
def evaluate(
    checkpoint_id: Annotated[
        str, typer.Argument(metavar="CHECKPOINT", help="Built-in id, or folder of a training or of an epoch.")
    ],
    dataset: Annotated[str, typer.Option(help="'demo', a VOC folder, or a CSV file with masks.")] = "demo",
    split: Annotated[str, typer.Option(help="Split to score.")] = "val",
    images: Annotated[int | None, typer.Option(min=1, help="Only the first images.")] = None,
    scales: Annotated[str, typer.Option(help="Single scales.")] = _ALL,
    multi_scale: Annotated[str, typer.Option(help="Scales of the multi-scale row.")] = _MS,
    flip: Annotated[bool, typer.Option(help="Also average with the mirrored image.")] = False,
    labels: Annotated[str, typer.Option(help="given, predicted or all.")] = "given",
    relu_order: Annotated[str, typer.Option(help="fast, or official as released.")] = "fast",
    label_files: Annotated[str, typer.Option(help="Labels of a VOC folder: masks, xml or csv.")] = "masks",
    per_class: Annotated[bool, typer.Option(help="Also print IoU, FN/TP and FP/TP of every class.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for evaluation.json and histograms.npz.")] = _DEFAULT_OUT,
) -> None:
    """Score CAMs against masks: mIoU, m_FN and m_FP at every α, for single scales and multi-scale."""
    files = checkpoint_files(checkpoint_id)
    settings = EvaluateSettings(
        checkpoint=identifier(checkpoint_id),
        **_parsed(dataset, split, images, scales, multi_scale, flip, labels, relu_order),
    )
    run_in_terminal(
        "evaluate",
        settings.model_dump(mode="json"),
        dataset_spec(dataset, label_files),
        out,
        checkpoints={"checkpoint": files},
    )
    record, histograms = read_evaluation(out)
    console.print(_table(record, histograms))
    if per_class:
        console.print(_class_table(record, histograms))
    console.print(f"Protocol: {record.protocol.model_dump_json()}", markup=False)


def _parsed(
    dataset: str,
    split: str,
    images: int | None,
    scales: str,
    multi_scale: str,
    flip: bool,
    labels: str,
    relu_order: str,
) -> dict[str, Any]:
    return {
        "dataset": dataset_spec(dataset).name,
        "split": split,
        "images": images,
        "scales": parse_scales(scales),
        "multi_scale": parse_scales(multi_scale),
        "flip": flip,
        "labels": labels,
        "relu_order": relu_order,
    }


def read_evaluation(folder: Path) -> tuple[EvaluationRecord, dict[str, AlphaHistogram]]:
    """What ``ssenet eval`` wrote.

    Raises:
        DatasetError: there is no evaluation in the folder.
    """
    record, histograms = folder / "evaluation.json", folder / "histograms.npz"
    if not record.is_file() or not histograms.is_file():
        raise DatasetError(f"{folder} holds no evaluation. Make one with: ssenet eval CHECKPOINT --out {folder}")
    return EvaluationRecord.model_validate_json(record.read_bytes()), load_histograms(histograms.read_bytes())


def _table(record: EvaluationRecord, histograms: dict[str, AlphaHistogram]) -> Table:
    title = f"{record.checkpoint} on {record.protocol.dataset}/{record.protocol.split}, {record.protocol.images} images"
    columns = ("scale", "best mIoU %", "at α", f"mIoU % at {PAPER_ALPHA}", "m_FN", "m_FP", "undefined classes")
    table = Table(*columns, title=title)
    for name, histogram in histograms.items():
        values = curve(histogram)
        alpha, best = values.best()
        fixed = values.at(PAPER_ALPHA)
        numbers = (f"{100 * float(fixed['miou'] or 0):.1f}", _shown(fixed["m_fn"]), _shown(fixed["m_fp"]))
        table.add_row(name, f"{100 * best:.1f}", f"{alpha:.3f}", *numbers, str(fixed["undefined"]))
    return table


def _class_table(record: EvaluationRecord, histograms: dict[str, AlphaHistogram]) -> Table:
    """IoU, FN/TP and FP/TP of each class and row at the paper's α."""
    at = nearest_edge(PAPER_ALPHA)
    title = f"IoU % (FN/TP, FP/TP) at α = {PAPER_ALPHA}"
    table = Table("class", *histograms, title=title)
    curves = [curve(histogram) for histogram in histograms.values()]
    table.add_row("background", *(f"{100 * c.iou[at, 0]:.1f}" for c in curves))
    for k, name in enumerate(record.classes):
        ratios = [(c.iou[at, k + 1], c.fn_ratio[at, k], c.fp_ratio[at, k]) for c in curves]
        table.add_row(name, *(f"{100 * iou:.1f} ({_ratio(fn)}, {_ratio(fp)})" for iou, fn, fp in ratios))
    return table


def _ratio(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.2f}"


def _shown(value: float | int | None) -> str:
    return "undefined" if value is None else f"{value:.2f}"
