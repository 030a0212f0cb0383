"""``ssenet aggregate``: a set of CAMs scored under another way of putting its views together."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ssenet.cli.common import console, dataset_spec, for_people, parse_scales, progress_bar
from ssenet.cli.stage import open_set
from ssenet.config import PAPER_ALPHA
from ssenet.errors import DatasetError
from ssenet.files import write_bytes

if TYPE_CHECKING:
    from ssenet.analysis.aggregation import Aggregation, AggregationCounts
    from ssenet.refine.photographs import Photographs
    from ssenet.sets import ImageSet

_PART = 8  # photographs between two steps of the bar


@for_people
def aggregate(
    cams: Annotated[Path, typer.Argument(help="Folder of 'ssenet cam --dataset', or of a set of CAMs.")],
    dataset: Annotated[str, typer.Option(help="'demo', a VOC folder, or a CSV file: that of the set.")] = "demo",
    scales: Annotated[str | None, typer.Option(help="Some of the set's scales, with commas; else all.")] = None,
    flip: Annotated[bool | None, typer.Option(help="Also the mirrored images; else as the set was made.")] = None,
    combine: Annotated[str, typer.Option(help="mean or max over the views.")] = "mean",
    relu: Annotated[
        str | None, typer.Option(help="fast, official (as released), coarse or after; else as made.")
    ] = None,
    normalise: Annotated[str, typer.Option(help="Eq. 3 after combining, or of each view before.")] = "after",
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Background threshold.")] = PAPER_ALPHA,
    images: Annotated[int | None, typer.Option(min=1, help="Only the first images.")] = None,
    label_files: Annotated[str, typer.Option(help="Labels of a VOC folder: masks, xml or csv.")] = "masks",
    out: Annotated[Path | None, typer.Option(help="Folder for aggregation.json and aggregation.csv.")] = None,
) -> None:
    """Score a set of CAMs under one aggregation of its views, at every α, without the network."""
    from ssenet.analysis.aggregation import Aggregation, offered
    from ssenet.refine.photographs import photographs_in

    source = open_set(cams)
    given = {"scales": parse_scales(scales) if scales else None, "flip": flip, "relu": relu}
    given |= {"combine": combine, "normalise": normalise}
    named = {name: value for name, value in given.items() if value is not None}
    how = Aggregation.model_validate({**offered(source).model_dump(), **named})
    photographs = photographs_in(dataset_spec(dataset, label_files), source.manifest.split)
    if photographs.dataset.fingerprint != source.manifest.dataset_fingerprint:
        raise DatasetError(f"{cams} was made from another data set than {dataset}. Name that one with --dataset.")
    counted = _count(source, photographs, how, min(images or len(source.ids), len(source.ids)))
    console.print(_table(counted, alpha))
    console.print(f"Protocol: {counted.protocol.model_dump_json()}", markup=False)
    if out is not None:
        write_bytes(out / "aggregation.json", counted.model_dump_json(indent=1).encode())
        write_bytes(out / "aggregation.csv", curve_csv(counted).encode())
        console.print(f"Wrote {out / 'aggregation.json'} and {out / 'aggregation.csv'}.")


def _count(source: ImageSet, photographs: Photographs, how: Aggregation, images: int) -> AggregationCounts:
    from ssenet.analysis.aggregation import score_part

    whole: AggregationCounts | None = None
    with progress_bar() as progress:
        task = progress.add_task("images", total=images, note="")
        for first in range(0, images, _PART):
            part = score_part(source, photographs, how, first, min(_PART, images - first))
            whole = part if whole is None else whole.plus(part)
            progress.update(task, completed=first + part.images)
    if whole is None:
        raise DatasetError(f"{source.folder} holds no photographs.")
    return whole


def _table(counted: AggregationCounts, alpha: float) -> Table:
    curve, how = counted.curve, counted.how
    views = f"{', '.join(f'{s:g}' for s in how.scales)}{' and flipped' if how.flip else ''}"
    title = f"{counted.images} of {counted.total} photographs · views {views} · {counted.protocol.aggregation}"
    table = Table("at", "α", "mIoU %", "m_FN", "m_FP", "undefined classes", title=title)
    at = int(abs(curve.alpha - alpha).argmin())
    best = int(abs(curve.alpha - curve.best()[0]).argmin())
    for name, i in (("chosen α", at), ("best α, chosen on these images", best)):
        numbers = (
            f"{curve.alpha[i]:.2f}",
            f"{100 * curve.miou[i]:.1f}",
            f"{curve.m_fn[i]:.2f}",
            f"{curve.m_fp[i]:.2f}",
        )
        table.add_row(name, *numbers, str(int(curve.undefined[i])))
    return table


def curve_csv(counted: AggregationCounts) -> str:
    """mIoU, m_FN and m_FP at every α of the grid; an undefined value is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["alpha", "miou", "m_fn", "m_fp", "undefined"])
    c = counted.curve
    for alpha, *values, undefined in zip(c.alpha, c.miou, c.m_fn, c.m_fp, c.undefined, strict=True):
        writer.writerow([f"{alpha:.2f}", *("" if v != v else f"{v:.6g}" for v in values), int(undefined)])
    return buffer.getvalue()
