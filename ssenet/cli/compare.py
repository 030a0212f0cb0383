"""``ssenet compare``: is the difference between two evaluations real, and does it depend on the size of objects?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ssenet.analysis.comparison import Comparison, compare
from ssenet.analysis.comparison_tables import comparison_files
from ssenet.analysis.differences import Difference
from ssenet.analysis.object_sizes import SizeChoice, SizeComparison, SizeDifference, compare_sizes
from ssenet.analysis.objects import SIZES
from ssenet.analysis.pair import AlphaChoice, Evaluated
from ssenet.analysis.verdict import number, row_words, signed, size_verdict, verdict
from ssenet.cli.common import console, for_people
from ssenet.cli.evaluate import read_evaluation
from ssenet.config import PAPER_ALPHA
from ssenet.errors import SettingsError
from ssenet.histograms import load_histograms
from ssenet.results import MULTI_SCALE
from ssenet.weights.builtin import builtin

_DEFAULT_OUT = Path("comparison")
BEST = "best"
THIRDS = "thirds"


@for_people
def compare_evaluations(
    a: Annotated[str, typer.Argument(help="The baseline: a folder that ssenet eval wrote, or a built-in checkpoint.")],
    b: Annotated[str, typer.Argument(help="What is compared with it, likewise.")],
    row: Annotated[str, typer.Option(help="A single scale such as 0.5, or MS.")] = MULTI_SCALE,
    alpha: Annotated[str, typer.Option(help="Background threshold, or 'best': each row's own.")] = f"{PAPER_ALPHA:g}",
    alpha_b: Annotated[str | None, typer.Option(help="Another one for B.")] = None,
    class_name: Annotated[
        str | None, typer.Option("--class", help="What the verdict speaks of; all by default.")
    ] = None,
    sizes: Annotated[str, typer.Option(help="'thirds', or two areas as fractions, such as 0.05,0.2.")] = THIRDS,
    samples: Annotated[int, typer.Option(help="Resamples of the images.")] = 2000,
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the results as JSON and CSV.")] = _DEFAULT_OUT,
) -> None:
    """Compare two evaluations on their common images by a paired bootstrap: scales, classes, sizes of objects."""
    choice = SizeChoice(
        row=row,
        alpha_a=_alpha(alpha),
        alpha_b=_alpha(alpha if alpha_b is None else alpha_b),
        samples=samples,
        seed=seed,
        limits=_limits(sizes),
    )
    one, other = read(a), read(b)
    found = compare(one, other, choice.plain)
    by_size = compare_sizes(one, other, choice)
    names = found.a, found.b
    _check_class(found, class_name)
    for table in (_rows_table(found), _class_table(found), _size_table(by_size)):
        console.print(table)
    for statement in [*verdict(found, class_name, *names), *size_verdict(by_size, *names)]:
        console.print(statement.text, markup=False, highlight=False)
    for side, card in (("A", found.protocol_a), ("B", found.protocol_b)):
        console.print(f"Protocol {side}: {card.model_dump_json()}", markup=False)
    _write(out, comparison_files(found, by_size))


def read(text: str) -> Evaluated:
    """The evaluation in a folder, or that of a built-in checkpoint.

    Raises:
        DatasetError: neither has one.
    """
    found = builtin(text)
    if found and found.evaluations and not Path(text).is_dir():
        record, path = found.evaluations[0]
        return Evaluated(record, load_histograms(path.read_bytes()))
    return Evaluated(*read_evaluation(Path(text)))


def _alpha(text: str) -> AlphaChoice:
    if text == BEST:
        return "best"
    try:
        return float(text)
    except ValueError as error:
        raise SettingsError(f"{text!r} is no α: give a number from 0 to 1, or 'best'.") from error


def _limits(text: str) -> tuple[float, float] | None:
    if text == THIRDS:
        return None
    try:
        small, medium = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(f"{text!r} is neither 'thirds' nor two areas such as 0.05,0.2.") from error
    return small, medium


def _check_class(found: Comparison, name: str | None) -> None:
    known = [one.name for one in found.classes]
    if name is not None and name not in known:
        raise SettingsError(f"There is no class {name!r}; there are {', '.join(known)}.")


# Tables --------------------------------------------------------------------------------------------
def _rows_table(found: Comparison) -> Table:
    title = f"{found.b} against {found.a}: B - A and its 95 % interval, {found.images} images"
    table = Table("row", "α A", "α B", "mIoU %", "m_FN", "m_FP", title=title)
    for row in found.rows:
        figures = [change(row.miou, percent=True), change(row.m_fn), change(row.m_fp)]
        table.add_row(row.row, f"{row.alpha_a:g}", f"{row.alpha_b:g}", *figures)
    return table


def _class_table(found: Comparison) -> Table:
    row = found.row()
    title = f"By class at {row_words(row.row)}, α = {row.alpha_a:g} and {row.alpha_b:g}"
    table = Table("class", "IoU %", "FN/TP", "FP/TP", title=title)
    for one in found.classes:
        ratios = [change(ratio) if ratio else "" for ratio in (one.fn_ratio, one.fp_ratio)]
        table.add_row(one.name, change(one.iou, percent=True), *ratios)
    return table


def _size_table(found: SizeComparison) -> Table:
    low, high = (f"{100 * limit:.1f} %" for limit in found.limits)
    limits = f"small up to {low} of the photograph, medium up to {high}"
    row = next(one for one in found.differences if one.row == found.choice.row)
    title = f"By object size at {row_words(row.row)}: {limits}"
    table = Table("size", "objects", "mean IoU %", "FN/TP", "FP/TP", "best α", title=title)
    for name, count, one in zip(SIZES, found.counts, row.sizes, strict=True):
        table.add_row(name, str(count), *_size_cells(one))
    return table


def _size_cells(one: SizeDifference) -> list[str]:
    return [change(one.iou, percent=True), change(one.fn_ratio), change(one.fp_ratio), change(one.best_alpha)]


def change(one: Difference, *, percent: bool = False) -> str:
    """``A → B, difference [interval]``, a star where the interval leaves zero out."""
    if one.a is None or one.b is None or one.difference is None:
        return "undefined"
    a, b = (number(value, percent).removesuffix(" %") for value in (one.a, one.b))
    if one.low is None or one.high is None:
        return f"{a} → {b}, {signed(one.difference, percent)} (interval undefined)"
    limits = f"{signed(one.low, percent)}, {signed(one.high, percent)}"
    return f"{a} → {b}, {signed(one.difference, percent)} [{limits}]{' *' if one.real else ''}"


def _write(out: Path, files: dict[str, bytes]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (out / name).write_bytes(data)
    console.print(f"Wrote {', '.join(files)} to {out}.", markup=False)
