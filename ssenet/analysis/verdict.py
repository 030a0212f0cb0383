"""What a comparison says, in sentences: is the difference real, or could it be chance?"""

from __future__ import annotations

from dataclasses import dataclass

from ssenet.analysis.comparison import ClassDifference, Comparison, RowDifference
from ssenet.analysis.differences import Difference, Estimate
from ssenet.analysis.object_sizes import NetworkSizes, SizeComparison
from ssenet.results import MULTI_SCALE

MINUS = "−"


@dataclass(frozen=True)
class Statement:
    """One sentence about one figure.

    Attributes:
        text: the whole sentence.
        real: whether the interval leaves zero out; None where the figure or its interval is undefined.
        better: whether B is the better of the two; None when equal or undefined.
    """

    text: str
    real: bool | None
    better: bool | None


@dataclass(frozen=True)
class _Figure:
    """How a figure is spoken of: names, what less and more of it mean, and its unit."""

    name: str
    less: str
    more: str
    equal: str
    percent: bool = False


def number(value: float, percent: bool = False) -> str:
    """A value as it is read: two digits, or one digit of percent."""
    return f"{100 * value:.1f} %" if percent else f"{value:.2f}"


def signed(value: float, percent: bool = False) -> str:
    """A difference with its sign; points of a percentage with one digit. What is not zero is never written as zero."""
    size = 100 * abs(value) if percent else abs(value)
    digits = f"{size:.1f}" if percent else f"{size:.2f}"
    if size and not float(digits):
        digits = f"{size:.1g}"
    return (MINUS if value < 0 else "+" if size else "") + digits


def verdict(found: Comparison, class_name: str | None, a: str, b: str) -> list[Statement]:
    """Background covered, object left out, and IoU, each in a sentence; the first says where.

    Args:
        found: the comparison.
        class_name: one of its classes; None speaks of all.
        a: what the baseline is called.
        b: what the other network is called.

    Raises:
        KeyError: there is no such class.
    """
    row = found.row()
    where = f"at {row_words(row.row)} and {alpha_words(found, row, a, b)}"
    parts: tuple[Difference | None, ...] = (row.m_fp, row.m_fn, row.miou)
    names, thing, start = ("m_FP", "m_FN", "mIoU"), "the objects", f"Over all classes, {where},"
    if class_name is not None:
        one = _class(found, class_name)
        parts, names = (one.fp_ratio, one.fn_ratio, one.iou), ("FP/TP", "FN/TP", "IoU")
        thing, start = f"the {class_name}", f"For {class_name} {where},"
    figures = _figures(names, thing)
    said = [_statement(part, figure, found.images, a, b) for part, figure in zip(parts, figures, strict=True) if part]
    first = said[0]
    return [Statement(f"{start} {first.text}", first.real, first.better), *said[1:]]


def _figures(names: tuple[str, str, str], thing: str) -> tuple[_Figure, _Figure, _Figure]:
    return (
        _Figure(names[0], "covers less background than", "covers more background than", "covers as much background as"),
        _Figure(
            names[1], f"leaves out less of {thing} than", f"leaves out more of {thing} than", "leaves out as much as"
        ),
        _Figure(names[2], "fits worse than", "fits better than", "fits as well as", percent=True),
    )


def _class(found: Comparison, name: str) -> ClassDifference:
    for one in found.classes:
        if one.name == name:
            return one
    raise KeyError(name)


def row_words(row: str) -> str:
    """``scale 0.5``, or multi-scale."""
    return "multi-scale" if row == MULTI_SCALE else f"scale {row}"


def alpha_words(found: Comparison, row: RowDifference, a: str, b: str) -> str:
    """At which α the two are compared."""
    if found.choice.alpha_a == found.choice.alpha_b != "best":
        return f"α = {row.alpha_a:g}"
    best = {found.choice.alpha_a, found.choice.alpha_b} == {"best"}
    return f"{'each at its own best α: ' if best else ''}α = {row.alpha_a:g} for {a} and {row.alpha_b:g} for {b}"


def _statement(part: Difference, figure: _Figure, images: int, a: str, b: str) -> Statement:
    if part.a is None or part.b is None or part.difference is None:
        missing = " and ".join(name for name, value in ((a, part.a), (b, part.b)) if value is None)
        return Statement(f"{figure.name} is undefined for {missing}: no true positive at this α.", None, None)
    equal = part.difference == 0
    verb = figure.equal if equal else figure.less if part.difference < 0 else figure.more
    values = f"{figure.name} {number(part.b, figure.percent)} against {number(part.a, figure.percent)}"
    change = signed(part.difference, figure.percent) + (" points" if figure.percent else "")
    better = None if equal else (part.difference > 0) == figure.percent
    limits, end = _interval(part, figure, images)
    return Statement(f"{b} {verb} {a}: {values}, difference {change} ({limits}): {end}", part.real, better)


def _interval(part: Difference, figure: _Figure, images: int) -> tuple[str, str]:
    if part.low is None or part.high is None:
        return f"{images} images", "it is undefined in most resamples, so nothing can be said of chance."
    limits = f"{signed(part.low, figure.percent)} to {signed(part.high, figure.percent)}"
    return f"95 % interval {limits}, {images} images", _end(part)


def _end(part: Difference) -> str:
    return "the difference is real." if part.real else "this could be chance, the interval contains 0."


def size_verdict(found: SizeComparison, a: str, b: str) -> list[Statement]:
    """Whether the best α falls with the area of objects in the chosen row, and whether it does so less in B."""
    change = next(one for one in found.differences if one.row == found.choice.row)
    said = [_falls(name, _chosen(network, found.choice.row)) for name, network in ((a, found.a), (b, found.b))]
    return [*said, _size_change(change.correlation, a, b)]


def _chosen(network: NetworkSizes, row: str) -> Estimate:
    return next(one for one in network.rows if one.row == row).correlation


def _falls(name: str, rho: Estimate) -> Statement:
    if rho.value is None or rho.low is None or rho.high is None:
        return Statement(f"{name}: too few objects have a best α for a correlation with size.", None, None)
    real = rho.low > 0 or rho.high < 0
    way = "falls as objects grow" if rho.high < 0 else "rises as objects grow"
    words = way if real else "is not seen to go with the size of objects"
    limits = f"{signed(rho.low)} to {signed(rho.high)}"
    return Statement(f"{name}: the best α {words} (Spearman's ρ {signed(rho.value)}, {limits}).", real, None)


def _size_change(change: Difference, a: str, b: str) -> Statement:
    if None in (change.a, change.b, change.low, change.high) or change.a is None or change.b is None:
        return Statement("Whether it differs between the two cannot be said.", None, None)
    weaker = abs(change.b) < abs(change.a)
    limits = f"{signed(change.low or 0)} to {signed(change.high or 0)}"
    text = f"The best α goes {'less' if weaker else 'more'} with size in {b} than in {a}: ρ differs by"
    better = weaker if change.real else None
    return Statement(f"{text} {signed(change.difference or 0)} ({limits}): {_end(change)}", change.real, better)
