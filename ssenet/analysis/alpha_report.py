"""The α lab in one call: curves of evaluations on their common images, and the files that hold them. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ssenet.analysis import alpha_figures as figures
from ssenet.analysis.alpha import AlphaCurves, AlphaRow, Draws, Exact, Figures, alpha_row, bands_at, grid_bands
from ssenet.analysis.alpha_figures import AtAlpha, BandsOf
from ssenet.analysis.bands import GRID_ALPHA, Label
from ssenet.analysis.pair import Evaluated
from ssenet.bundle import csv_text, figure_html
from ssenet.config import PAPER_ALPHA
from ssenet.errors import SettingsError
from ssenet.histograms import AlphaHistogram
from ssenet.results import MULTI_SCALE, EvaluationRecord

BACKGROUND = "background"
_ESTIMATES = ("iou", "fn", "fp", "fn_bounded", "fp_bounded")


@dataclass(frozen=True)
class View:
    """What is looked at, and how it is drawn.

    Attributes:
        rows: drawn in Fig. 4; the numbers are of all rows.
        label: a class for Figs. 4 and 5, or None for the means.
        alpha: the chosen threshold.
        draws: resamples of the bands.
        bands: which curves of Fig. 4 have theirs drawn.
        at: which α Fig. 5 is at.
        bounded: whether Fig. 5 has the bounded ratios.
        classes: with a curve of their own.
        class_row: the row of those curves.
    """

    rows: tuple[str, ...]
    label: str | None = None
    alpha: float = PAPER_ALPHA
    draws: Draws = field(default_factory=Draws)
    bands: BandsOf = "MS"
    at: AtAlpha = "chosen"
    bounded: bool = False
    classes: tuple[str, ...] = ()
    class_row: str = MULTI_SCALE


def rows_in_order(records: Sequence[EvaluationRecord]) -> list[str]:
    """Rows that any evaluation has: single scales ascending, then MS."""
    names = dict.fromkeys(name for one in records for name in one.rows)
    return sorted(names, key=lambda name: (name == MULTI_SCALE, float(name) if name != MULTI_SCALE else 0.0))


def report(
    evaluations: Mapping[str, Evaluated], rows: Sequence[str], classes: Sequence[str], alpha: float, draws: Draws
) -> AlphaCurves:
    """Rows with bands, on the images that all evaluations scored, for the mean and for classes.

    Args:
        evaluations: by name.
        rows: those that an evaluation lacks are left out.
        classes: by name; ``background`` is one.
        alpha: the chosen threshold.
        draws: resamples.

    Raises:
        SettingsError: other data or classes, no common image, an unknown class.
    """
    images = _common(list(evaluations.values()))
    made = [
        row
        for name, one in evaluations.items()
        for row_name in rows
        if row_name in one.record.rows
        for row in _rows(name, one, row_name, images, (classes, alpha, draws))
    ]
    return AlphaCurves(images=len(images), draws=draws, alpha=[float(a) for a in GRID_ALPHA], rows=made)


def _common(evaluations: Sequence[Evaluated]) -> tuple[str, ...]:
    records = [one.record for one in evaluations]
    if len({(record.protocol.dataset_fingerprint, record.classes) for record in records}) > 1:
        raise SettingsError("The evaluations are of different data, or of different classes. Evaluate on one data set.")
    shared = set.intersection(*(set(record.image_ids) for record in records))
    if not shared:
        raise SettingsError("The evaluations have no image in common. Evaluate one of them again.")
    return tuple(image for image in records[0].image_ids if image in shared)


def _rows(
    name: str, one: Evaluated, row: str, images: tuple[str, ...], what: tuple[Sequence[str], float, Draws]
) -> list[AlphaRow]:
    classes, alpha, draws = what
    labels: dict[str | None, Label] = {None: None} | {c: _label(one, c) for c in classes}
    histogram = _on(one, row, images)
    bands = grid_bands(histogram, list(labels.values()), draws, one.absent)
    limits = bands_at(histogram, list(labels.values()), alpha, draws, one.absent)
    return [
        alpha_row(
            Exact.of(histogram, k, one.absent), (name, row, c), alpha, bands[k], limits[k], one.record.agreed_alpha
        )
        for c, k in labels.items()
    ]


def _on(one: Evaluated, row: str, images: tuple[str, ...]) -> AlphaHistogram:
    if images == one.record.image_ids:
        return one.histograms[row]
    position = {image: i for i, image in enumerate(one.record.image_ids)}
    return one.histograms[row].take(np.array([position[image] for image in images], np.int64))


def _label(one: Evaluated, name: str) -> int:
    if name == BACKGROUND:
        return 0
    if name not in one.record.classes:
        raise SettingsError(f"There is no class {name!r}; there are {BACKGROUND}, {', '.join(one.record.classes)}.")
    return one.record.classes.index(name) + 1


# Files ---------------------------------------------------------------------------------------------
def alpha_files(curves: AlphaCurves, classes: AlphaCurves | None, names: Sequence[str], view: View) -> dict[str, bytes]:
    """Figures, tables and JSON of a view.

    Args:
        curves: rows by the names of their evaluations.
        classes: rows of the chosen classes, likewise; None without any.
        names: of the evaluations, in the order of their colours.
        view: what is looked at.
    """
    known = {name: name for name in names}
    fig4 = figures.miou_against_alpha(curves, known, view.rows, view.label, view.alpha, view.bands)
    fig5 = figures.ratios_against_scale(curves, known, view.at, view.label, view.bounded)
    files = {
        "alpha.json": _json(curves),
        "curves.csv": curves_csv(curves),
        "figures.csv": figures_csv(curves),
        "figure-4.html": figure_html(fig4, "Fig. 4"),
        "figure-5.html": figure_html(fig5, "Fig. 5"),
    }
    if classes is None:
        return files
    drawn = figures.classes_against_alpha(classes, known, view.class_row, view.classes, view.alpha)
    tables = {"classes.json": _json(classes), "classes.csv": figures_csv(classes)}
    return files | tables | {"classes.html": figure_html(drawn, "Single classes")}


def _json(curves: AlphaCurves) -> bytes:
    return (curves.model_dump_json(indent=1) + "\n").encode()


def curves_csv(curves: AlphaCurves) -> bytes:
    """A line per checkpoint, row, class and α: IoU as a fraction, and its 95 % interval; empty where undefined."""
    header = ["checkpoint", "row", "class", "alpha", "iou", "iou_low", "iou_high"]
    lines = [
        [row.evaluation, row.row, row.label or "mean", *values]
        for row in curves.rows
        for values in zip(curves.alpha, row.iou, row.iou_low, row.iou_high, strict=True)
    ]
    return csv_text(header, lines)


def figures_csv(curves: AlphaCurves) -> bytes:
    """A line per checkpoint, row, class and α that is chosen, fixed or best, with all figures, plateau and rules."""
    parts = [f"{name}{end}" for name in _ESTIMATES for end in ("", "_low", "_high")]
    missing = ["undefined", "undefined_fn_bounded", "undefined_fp_bounded"]
    where = ["alpha_low", "alpha_high", "plateau_low", "plateau_high", "plateau_width"]
    rules = [f"{rule}_{what}" for rule in ("valley", "agreement") for what in ("alpha", "iou")]
    header = ["checkpoint", "row", "class", "at", "alpha", *parts, *missing, *where, *rules]
    lines = [
        [row.evaluation, row.row, row.label or "mean", which, *_cells(found), *_of_row(row, which)]
        for row in curves.rows
        for which, found in (("chosen", row.chosen), ("fixed", row.fixed), ("best", row.best))
        if found is not None
    ]
    return csv_text(header, lines)


def _cells(one: Figures) -> list[float | int | None]:
    estimates = [getattr(one, name) for name in _ESTIMATES]
    values = [value for e in estimates for value in (e.value, e.low, e.high)]
    return [one.alpha, *values, one.undefined, one.undefined_fn_bounded, one.undefined_fp_bounded]


def _of_row(row: AlphaRow, which: str) -> list[float | None]:
    """What belongs to the row and not to one α stands in the line of its best."""
    if which != "best" or row.plateau is None:
        return [None] * 9
    rules = {rule.name: rule for rule in row.rules}
    suggested = [value for name in ("valley", "agreement") for value in (rules[name].alpha, rules[name].iou)]
    return [row.best_alpha.low, row.best_alpha.high, row.plateau.low, row.plateau.high, row.plateau.width, *suggested]
