"""How well each checkpoint covers the object of the photograph: measured, said in a sentence, and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from frontend.components.markup import badge, table, tiles
from frontend.components.strip import Subject, consistency
from frontend.components.truth import Truth
from frontend.components.words import number
from ssenet.analysis.coverage import Balance, Coverage, balance, best_alpha, coverage, score_maps
from ssenet.analysis.suggest import most_consistent, valley
from ssenet.render import Normalisation
from ssenet.results import MULTI_SCALE

MEASURED = "measured against its ground truth"
FORMULAS = (
    "TP, FP and FN are pixels at the size of the maps; the mask's ignored border counts for nothing, and objects of "
    "other classes are background. FP/TP is what is covered beside the object, FN/TP what is left out of it (Eqs. 5 "
    "and 6 for one photograph); without a true positive they are undefined. A map over-covers while FP > FN."
)


@dataclass(frozen=True)
class Measured:
    """One checkpoint's maps of the chosen class.

    Attributes:
        name: of the checkpoint.
        method: baseline, ssenet …
        class_name: whose maps.
        scores: Eq. 3 maps (H, W) by row: scales, and MS.
        complete: whether every scale is there.
        consistency: of the scales, without ground truth.
        rows: coverage by row; empty without a mask that shows the class.
        balance: where over-covering ends; None until all scales are there, and without a mask.
        oracle: best α and its IoU of the row that suggestions are made for.
    """

    name: str
    method: str
    class_name: str
    scores: Mapping[str, NDArray[np.float32]]
    complete: bool
    consistency: float | None
    rows: Mapping[str, Coverage]
    balance: Balance | None
    oracle: tuple[float, float] | None

    @property
    def main_row(self) -> str | None:
        """All scales together, or the only one."""
        return MULTI_SCALE if MULTI_SCALE in self.scores else next(iter(self.scores), None)

    @property
    def balance_row(self) -> str | None:
        """The row at which over-covering ends."""
        return None if self.balance is None or self.balance.scale is None else f"{self.balance.scale:g}"


def measure(
    subject: Subject, method: str, scales: Sequence[float], size: tuple[int, int], truth: Truth | None, alpha: float
) -> Measured:
    """Measure one row of the strip.

    Args:
        subject: raw logits and class.
        method: of its checkpoint.
        scales: the columns.
        size: (H, W) of the maps, and of the mask.
        truth: ground truth, if there is one.
        alpha: threshold.
    """
    scores = score_maps(subject.coarse, size, subject.class_index, scales) if subject.coarse else {}
    complete = {f"{scale:g}" for scale in scales} <= set(scores)
    label = truth.label(subject.class_name) if truth else None
    rows: dict[str, Coverage] = {}
    found: Balance | None = None
    oracle = None
    if truth is not None and label is not None:
        rows = {row: coverage(score, truth.mask, label, alpha) for row, score in scores.items()}
        found = balance({scale: rows[f"{scale:g}"] for scale in scales}) if complete else None
        main = scores.get(MULTI_SCALE, next(iter(scores.values()), None))
        oracle = best_alpha(main, truth.mask, label) if complete and main is not None else None
    return Measured(
        subject.title, method, subject.class_name, scores, complete, consistency(subject, scales, size), rows,
        found, oracle,
    )  # fmt: skip


def suggestions(one: Measured) -> dict[str, float | None]:
    """α for this checkpoint's maps of the photograph without any ground truth: by rule, None where it gives none."""
    if not one.complete or one.main_row is None:
        return {}
    single = [score for row, score in one.scores.items() if row != MULTI_SCALE]
    return {
        "valley": valley(one.scores[one.main_row]),
        "scales agree": most_consistent(np.stack(single)) if len(single) > 1 else None,
    }


# The answer ---------------------------------------------------------------------------------------
def answer(measured: Sequence[Measured]) -> str:
    """One sentence: at which scale each checkpoint stops over-covering the object; escaped HTML.

    Args:
        measured: rows with a balance; SSENet's comes first.
    """
    said, full = [], True
    for one in sorted(measured, key=lambda one: one.method != "ssenet"):
        if one.balance is not None:
            said.append(_said(one, one.balance, full=full))
            full = one.balance.scale is None
    return "; ".join(said) + "."


def _said(one: Measured, found: Balance, *, full: bool) -> str:
    name, the_class = escape(one.name), f"the {escape(one.class_name)}"
    if found.scale is not None:
        row = f"{found.scale:g}"
        verb = f"stops over-covering {the_class} at scale" if full else "does at scale"
        ratio = f"FP/TP {number(one.rows[row].over)}" if one.rows[row].tp else "and covers nothing of it there"
        return f"<b>{name}</b> {verb} <b>{row}</b> ({ratio})"
    if found.over_covers == "always":
        row = max((r for r in one.rows if r != MULTI_SCALE), key=float)
        ratio = number(one.rows[row].over)
        return f"<b>{name}</b> over-covers {the_class} up to the largest scale, {row} (FP/TP {ratio})"
    missed = [row for row, counts in one.rows.items() if row != MULTI_SCALE and not counts.tp]
    blind = f", and covers nothing of it at {', '.join(missed)}" if missed else ""
    return f"<b>{name}</b> over-covers {the_class} at no scale{blind}"


def answer_html(measured: Sequence[Measured], alpha: float, normalisation: Normalisation = "eq3") -> str:
    """The sentence with its α and its badge; where the canvas is normalised otherwise, what α is of."""
    of = "" if normalisation == "eq3" else " on maps normalised by Eq. 3"
    return (
        f'<p class="sl-answer" role="status">{answer(measured)} <span>α = {alpha:g}{of}, this photograph.</span> '
        f"{badge(MEASURED, 'blue')}</p>"
    )


def unknown_html(class_names: Sequence[str], truth: Truth | None) -> str:
    """Why there is no coverage, and what to do."""
    if truth is None:
        text = "Coverage needs a mask, and this photograph has none: open one with ground truth above."
    else:
        shown = ", ".join(truth.shown) or "nothing"
        looked = " and ".join(dict.fromkeys(class_names)) or "no class"
        text = f"The mask shows {shown}, and the maps are those of {looked}: choose a class that the mask shows."
    return f'<p class="sl-answer" role="status">{escape(text)}</p>'


# The table ----------------------------------------------------------------------------------------
def coverage_table(measured: Sequence[Measured], columns: Sequence[str]) -> str:
    """Ratios of every checkpoint and row."""
    kinds = (("FP/TP", "over"), ("FN/TP", "under"), ("IoU", "iou"))
    rows = []
    for one in measured:
        for title, name in kinds if one.rows else ():
            cells = [number(getattr(one.rows[c], name)) if c in one.rows else "…" for c in columns]
            rows.append([one.name, title, *cells])
    header = ["checkpoint", "", *(c if c == MULTI_SCALE else f"scale {c}" for c in columns)]
    return table(header, rows, "Coverage of the object by checkpoint and scale", left=2)


def consistency_html(measured: Sequence[Measured]) -> str:
    """How equal each checkpoint's maps are over all scales; it needs no mask."""
    items = [
        (one.name, number(one.consistency) if one.complete else "…", f"scale consistency, {one.class_name or '…'}")
        for one in measured
    ]
    return tiles(items)


CSV_HEADER = ("checkpoint", "class", "row", "alpha", "tp", "fp", "fn", "fp_over_tp", "fn_over_tp", "iou", "consistency")


def csv_rows(measured: Sequence[Measured], alpha: float) -> list[list[object]]:
    """A line per checkpoint and row; what needs a mask is empty without one."""
    lines: list[list[object]] = []
    for one in measured:
        for row in one.scores:
            c = one.rows.get(row)
            counts = [c.tp, c.fp, c.fn, c.over, c.under, c.iou] if c else [None] * 6
            lines.append([one.name, one.class_name, row, alpha, *counts, one.consistency])
    return lines
