"""The α lab's numbers as words and tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from statistics import mean

from frontend.components import markup
from frontend.components.alpha_data import Lab
from ssenet.analysis.alpha import AlphaRow, Estimate, Figures, Rule
from ssenet.analysis.alpha_figures import AtAlpha, at
from ssenet.results import MULTI_SCALE

NUMBERS = (
    "checkpoint", "row", "α*", "best {what} (%)", "plateau", "{what} at α (%)", "{fn}", "{fp}", "undefined",
)  # fmt: skip
RULES = ("checkpoint", "row", "fixed 0.2", "valley", "agreement of scales", "oracle α*")
CLASSES = ("class", "checkpoint", "α*", "best IoU (%)", "plateau", "IoU at α (%)", "IoU at 0.2 (%)")


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction in percent."""
    return "undefined" if value is None else f"{100 * value:.{digits}f}"


def with_interval(one: Estimate, scale: float = 1.0, digits: int = 2) -> str:
    """A figure and its 95 % interval."""
    if one.value is None:
        return "undefined"
    if one.low is None or one.high is None:
        return f"{scale * one.value:.{digits}f}"
    low, high = (_short(scale * limit, digits) for limit in (one.low, one.high))
    return f"{scale * one.value:.{digits}f} [{low}, {high}]"


def _short(value: float, digits: int) -> str:
    """Without digits that say nothing: an interval of FN/TP may end at thousands."""
    return f"{value:.{digits}f}" if abs(value) < 100 else f"{value:.0f}"


def plateau(row: AlphaRow) -> str:
    """The α-range and its width."""
    if row.plateau is None:
        return "none"
    return f"{row.plateau.low:.3f}–{row.plateau.high:.3f} (width {row.plateau.width:.3f})"


def headline(lab: Lab, label: str | None) -> str:
    """Tiles: what each checkpoint reaches with all scales, and how forgiving it is."""
    items = []
    for name in lab.evaluations:
        row = lab.row(name, MULTI_SCALE, label)
        if row is None or row.best is None or row.plateau is None:
            items.append((name, "–", "no best α"))
            continue
        meaning = f"at α* {row.best.alpha:.3f} · {percent(row.fixed.iou.value)} % at 0.2 · plateau {plateau(row)}"
        items.append((f"{name}, {MULTI_SCALE}", f"{percent(row.best.iou.value)} %", meaning))
    return markup.tiles(items)


def numbers(lab: Lab, rows: Sequence[str], label: str | None, bounded: bool) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the table of all figures."""
    fn, fp = ("FN/(TP+FN)", "FP/(TP+FP)") if bounded else ("FN/TP", "FP/TP")
    words = {"what": "mIoU" if label is None else "IoU", "fn": fn, "fp": fp}
    if label is None:
        words |= {"fn": f"mean {fn}", "fp": f"mean {fp}"} if bounded else {"fn": "m_FN", "fp": "m_FP"}
    cells = [
        _numbers_of(name, row, bounded)
        for name in lab.evaluations
        for row_name in rows
        if (row := lab.row(name, row_name, label)) is not None
    ]
    return [part.format(**words) for part in NUMBERS], cells


def _numbers_of(name: str, row: AlphaRow, bounded: bool) -> list[str]:
    best = "none" if row.best is None else with_interval(row.best.iou, 100, 1)
    here = row.chosen
    fn, fp = (here.fn_bounded, here.fp_bounded) if bounded else (here.fn, here.fp)
    alpha = with_interval(row.best_alpha, digits=3)
    ratios = [with_interval(one) for one in (fn, fp)]
    return [name, row.row, alpha, best, plateau(row), with_interval(here.iou, 100, 1), *ratios, missing(here, bounded)]


def missing(figures: Figures, bounded: bool) -> str:
    """Classes that are left out of the two means."""
    if not bounded:
        return str(figures.undefined)
    return f"{figures.undefined_fn_bounded} / {figures.undefined_fp_bounded}"


def rules(lab: Lab, rows: Sequence[str], label: str | None) -> list[list[str]]:
    """What each rule chooses and gives."""
    return [
        [name, row.row, *(_rule(rule) for rule in row.rules)]
        for name in lab.evaluations
        for row_name in rows
        if (row := lab.row(name, row_name, label)) is not None
    ]


def _rule(rule: Rule) -> str:
    if rule.alpha is None:
        return "not measured" if rule.name == "agreement" else "none"
    figure = f"{percent(rule.iou)} %"
    return figure if rule.name == "fixed" else f"α {rule.alpha:.3f}: {figure}"


def rules_in_words(lab: Lab, rows: Sequence[str], label: str | None) -> str:
    """How the rules fare on these images, in a sentence each; HTML."""
    found = [row for name in lab.evaluations for r in rows if (row := lab.row(name, r, label)) is not None]
    sentences = []
    for index, title in ((1, "The valley"), (2, "The agreement of scales")):
        pairs = [(row.rules[index].iou, row.rules[0].iou, row.rules[3].iou) for row in found]
        known = [(a, b, c) for a, b, c in pairs if a is not None and b is not None and c is not None]
        if known:
            better = sum(a > b for a, b, _ in known)
            gap, fixed = mean(c - a for a, _, c in known), mean(c - b for _, b, c in known)
            sentences.append(
                f"{title} is better than the fixed 0.2 in {better} of {len(known)} of these rows; on average it stays "
                f"{100 * gap:.1f} points below the oracle; the fixed 0.2 stays {100 * fixed:.1f} below it."
            )
    if any(row.rules[2].alpha is None for row in found):
        sentences.append("Where the agreement is not measured, evaluate the checkpoint again.")
    return "<p>" + escape(" ".join(sentences)) + "</p>" if sentences else ""


def classes(lab: Lab, row_name: str, names: Sequence[str]) -> list[list[str]]:
    """Each class with its own α* in one row."""
    return [
        [
            label,
            name,
            with_interval(row.best_alpha, digits=3),
            "none" if row.best is None else with_interval(row.best.iou, 100, 1),
            plateau(row),
            with_interval(row.chosen.iou, 100, 1),
            with_interval(row.fixed.iou, 100, 1),
        ]
        for label in names
        for name in lab.evaluations
        if (row := lab.row(name, row_name, label)) is not None
    ]


def undefined_in_words(lab: Lab, which: AtAlpha, label: str | None, bounded: bool) -> str:
    """Which points of Fig. 5 leave classes out, in words; empty when none does."""
    names = {e.id: name for name, e in lab.evaluations.items()}
    found = []
    for row in lab.curves.rows:
        figures = at(row, which)
        if row.label != label or row.row == MULTI_SCALE or figures is None:
            continue
        left_out = (figures.undefined_fn_bounded, figures.undefined_fp_bounded) if bounded else (figures.undefined,)
        if any(left_out):
            found.append(f"{names[row.evaluation]} at {row.row}: {' and '.join(map(str, left_out))}")
    return "; ".join(found)
