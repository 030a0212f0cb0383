"""``ssenet figures``: Figs. 4 and 5 with bands, plateaus and rules that choose α, as HTML, CSV and JSON."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, cast, get_args

import typer
from plotly.offline import get_plotlyjs
from rich.table import Table

from ssenet.analysis.alpha import MOST_SAMPLES, AlphaCurves, AlphaRow, Draws, Estimate, Rule
from ssenet.analysis.alpha_figures import AtAlpha, BandsOf
from ssenet.analysis.alpha_report import View, alpha_files, report, rows_in_order
from ssenet.analysis.pair import Evaluated
from ssenet.bundle import PLOTLY_JS
from ssenet.cli.common import console, for_people
from ssenet.cli.compare import read
from ssenet.config import PAPER_ALPHA
from ssenet.errors import SettingsError
from ssenet.results import MULTI_SCALE

_DEFAULT_OUT = Path("figures")


@for_people
def figures(
    evaluations: Annotated[list[str], typer.Argument(help="Folders that ssenet eval wrote, or built-in checkpoints.")],
    name: Annotated[list[str] | None, typer.Option(help="What to call them, in order.")] = None,
    alpha: Annotated[float, typer.Option(min=0, max=1, help="The chosen background threshold.")] = PAPER_ALPHA,
    row: Annotated[list[str] | None, typer.Option(help="Rows drawn in Fig. 4; all by default.")] = None,
    class_name: Annotated[str | None, typer.Option("--class", help="Figs. 4 and 5 of one class.")] = None,
    bands: Annotated[str, typer.Option(help="Curves of Fig. 4 drawn with their band: MS, all or none.")] = "MS",
    at: Annotated[
        str, typer.Option(help="Fig. 5 at the chosen α, at the fixed 0.2, or at each row's best.")
    ] = "chosen",
    bounded: Annotated[bool, typer.Option(help="Fig. 5 of FN/(TP + FN) and FP/(TP + FP).")] = False,
    curve: Annotated[list[str] | None, typer.Option(help="A class with a curve of its own; may be repeated.")] = None,
    curve_row: Annotated[str, typer.Option(help="The row of those curves.")] = MULTI_SCALE,
    samples: Annotated[int, typer.Option(min=100, max=MOST_SAMPLES, help="Resamples of the images.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for HTML, CSV and JSON.")] = _DEFAULT_OUT,
) -> None:
    """Draw mIoU against α (Fig. 4) and m_FN, m_FP against scale (Fig. 5), with 95 % bands, on common images."""
    found = _named([read(text) for text in evaluations], name or [])
    known = rows_in_order([one.record for one in found.values()])
    view = View(
        rows=tuple(_one_of(one, known, "row") for one in row or known),
        label=class_name,
        alpha=alpha,
        draws=Draws(samples=samples, seed=seed),
        bands=cast(BandsOf, _one_of(bands, get_args(BandsOf), "choice of bands")),
        at=cast(AtAlpha, _one_of(at, get_args(AtAlpha), "choice of α")),
        bounded=bounded,
        classes=tuple(curve or ()),
        class_row=_one_of(curve_row, known, "row"),
    )
    curves = report(found, known, [class_name] if class_name else [], alpha, view.draws)
    classes = report(found, [view.class_row], view.classes, alpha, view.draws) if view.classes else None
    console.print(_table(curves, class_name))
    console.print(_rules_table(curves, class_name))
    for label, one in found.items():
        console.print(f"Protocol of {label}: {one.record.protocol.model_dump_json()}", markup=False)
    _write(out, alpha_files(curves, classes, list(found), view))


def _one_of(text: str, known: list[str] | tuple[str, ...], what: str) -> str:
    if text not in known:
        raise SettingsError(f"{text!r} is no {what}; there are {', '.join(known)}.")
    return text


def _named(found: list[Evaluated], names: list[str]) -> dict[str, Evaluated]:
    if names and len(names) != len(found):
        raise SettingsError(f"{len(names)} names for {len(found)} evaluations. Give one for each, or none.")
    wanted = names or [one.record.checkpoint for one in found]
    twice = {name for name, count in Counter(wanted).items() if count > 1}
    unique = [f"{name} {i}" if name in twice else name for i, name in enumerate(wanted, 1)]
    return dict(zip(unique, found, strict=True))


def _table(curves: AlphaCurves, label: str | None) -> Table:
    what = "mIoU" if label is None else f"IoU of {label}"
    title = f"{what} on {curves.images} images; [95 % intervals] of {curves.draws.samples} resamples"
    columns = ("checkpoint", "row", "α*", "best %", "plateau", "% at α", "FN/TP", "FP/TP", "undefined")
    table = Table(*columns, title=title)
    for row in curves.rows:
        if row.label == label:
            table.add_row(*_cells(row))
    return table


def _cells(row: AlphaRow) -> list[str]:
    here = row.chosen
    flat = "none" if row.plateau is None else f"{row.plateau.low:.3f} to {row.plateau.high:.3f}"
    best = "none" if row.best is None else _shown(row.best.iou, 100, 1)
    ratios = [_shown(one) for one in (here.fn, here.fp)]
    figures = [_shown(row.best_alpha, digits=3), best, flat, _shown(here.iou, 100, 1), *ratios]
    return [row.evaluation, row.row, *figures, str(here.undefined)]


def _shown(one: Estimate, scale: float = 1, digits: int = 2) -> str:
    if one.value is None:
        return "undefined"
    if one.low is None or one.high is None:
        return f"{scale * one.value:.{digits}f}"
    # The bracket is escaped: rich would take it for markup.
    return f"{scale * one.value:.{digits}f} \\[{scale * one.low:.{digits}f}, {scale * one.high:.{digits}f}]"


def _rules_table(curves: AlphaCurves, label: str | None) -> Table:
    title = "Rules that choose α; valley and agreement are experimental, the oracle uses the ground truth"
    table = Table("checkpoint", "row", "fixed", "valley", "agreement", "oracle", title=title)
    for row in curves.rows:
        if row.label == label:
            table.add_row(row.evaluation, row.row, *(_rule(rule) for rule in row.rules))
    return table


def _rule(rule: Rule) -> str:
    return "none" if rule.alpha is None or rule.iou is None else f"{rule.alpha:.3f}: {100 * rule.iou:.1f} %"


def _write(out: Path, files: dict[str, bytes]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, data in {**files, PLOTLY_JS: get_plotlyjs().encode()}.items():
        (out / name).write_bytes(data)
    console.print(f"Wrote {', '.join(files)} to {out}.", markup=False)
