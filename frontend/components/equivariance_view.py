"""What the Equivariance page shows, as HTML: the answer in words, pictures row by row, figures class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from frontend.components.cams import method_name
from frontend.components.equivariance_maps import Seen
from frontend.components.markup import image, table
from frontend.components.words import number
from ssenet.analysis.equivariance import PLAIN, ClassError, Compared, Equivariance, compare, transformation
from ssenet.analysis.equivariance_pictures import COLOURS, COLUMNS, Row, draw, raw_peak
from ssenet.analysis.warp import warp_photograph
from ssenet.render import colormap
from ssenet.results import View

Rgb = NDArray[np.uint8]
LINE = 3
"""Width of contours in pixels: pictures are shown at about half their size."""
STYLE = """<style>
.sl-eq { width: 100%; border-collapse: collapse; table-layout: fixed; margin: 0; }
.sl-eq th, .sl-eq td { border: 0; padding: 2px; vertical-align: top; }
.sl-eq thead th { font-weight: 500; font-size: .86rem; text-align: center; padding-bottom: 4px; }
.sl-eq tbody th { text-align: left; font-weight: 600; font-size: .95rem; padding: 12px 2px 5px; }
.sl-eq tbody th span { font-weight: 400; }
.sl-eq tbody th .sl-right { float: right; }
.sl-eq img { width: 100%; display: block; border-radius: 3px; }
.sl-eq tfoot td { font-size: .8rem; }
.sl-eq tfoot i { display: block; height: 9px; border-radius: 3px; }
.sl-eq tfoot div { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
.sl-eq-pair { display: flex; align-items: flex-end; justify-content: center; gap: 10px; }
.sl-eq-pair figure { margin: 0; min-width: 0; }
.sl-eq-pair figcaption { font-size: .82rem; text-align: center; padding-top: 3px; }
.sl-eq-pair img { width: 100%; display: block; border-radius: 3px; }
.sl-eq-errors { display: flex; flex-wrap: wrap; gap: 10px 34px; margin: 0 0 8px; }
.sl-eq-errors span { display: block; font-size: .86rem; }
.sl-eq-errors b { display: block; font-size: 2.1rem; font-weight: 600; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
</style>"""


@dataclass(frozen=True)
class Measured:
    """One network's figures, and its error for the class that is shown; None when it does not know that class."""

    seen: Seen
    report: Equivariance
    shown: ClassError | None

    @property
    def title(self) -> str:
        """The network and what it is."""
        return f"{self.seen.label} · {method_name(self.seen.checkpoint)}"


# The answer ----------------------------------------------------------------------------------------
def answer_html(rows: Sequence[Measured], class_name: str, view: View) -> str:
    """The error of each network beside the others, and what it means."""
    cells = "".join(
        f"<div><span>{escape(row.title)}</span><b>{number(row.shown.error)}</b>"
        f"<span>mean difference {number(row.shown.difference, 3)} · raw {number(row.shown.raw)} logits</span></div>"
        for row in rows
        if row.shown
    )
    label = f"Equivariance error for {class_name}"
    told = f'<p class="sl-answer">{escape(verdict(rows, class_name, view))}</p>'
    return (
        f'{STYLE}<div role="status"><div class="sl-eq-errors" role="group" aria-label="{escape(label)}">{cells}</div>'
        f"{told}</div>"
    )


def verdict(rows: Sequence[Measured], class_name: str, view: View) -> str:
    """One or two sentences about the class under A."""
    known = [row for row in rows if row.shown and row.shown.error is not None]
    if view == PLAIN:
        return f"A changes nothing: f(Ax) = f(x), and the equivariance error for {class_name} is 0, as it must be."
    if not known:
        return f"No network responds to {class_name} in this photograph, so there is nothing to compare."
    under = transformation(view)
    if len(known) == 1:
        return f"{under.capitalize()}: {_share(known[0])} of the activation for {class_name} does not follow."
    best, worst = min(known, key=_error), max(known, key=_error)
    if number(_error(best)) == number(_error(worst)):
        return f"{under.capitalize()}: {_share(best)} of the activation for {class_name} does not follow, in every row."
    return (
        f"{under.capitalize()}: {_share(best)} of the activation of {best.seen.label} for {class_name} does not "
        f"follow, and {_share(worst)} of that of {worst.seen.label}: {best.seen.label} is closer to f(Ax) = A f(x) "
        "on this photograph."
    )


def _error(row: Measured) -> float:
    assert row.shown is not None and row.shown.error is not None
    return row.shown.error


def _share(row: Measured) -> str:
    return f"{100 * _error(row):.0f} %"


# The pictures --------------------------------------------------------------------------------------
def pair_html(photograph: Rgb, warped: Rgb, view: View, name: str) -> str:
    """x and Ax, in proportion."""
    largest = max(1.0, view.scale)
    figures = (("x", photograph, 1 / largest, name), ("Ax", warped, view.scale / largest, f"{name}, transformed"))
    parts = "".join(
        f'<figure style="width:{50 * share:.1f}%">{image(picture, alt)}<figcaption>{label}</figcaption></figure>'
        for label, picture, share, alt in figures
    )
    return f'{STYLE}<div class="sl-eq-pair">{parts}</div>'


def compared(row: Measured, view: View, size: tuple[int, int]) -> Compared | None:
    """The shown class's maps at a size; None when the network does not know the class."""
    if row.shown is None:
        return None
    k = row.seen.checkpoint.classes.index(row.shown.name)
    return compare(row.seen.coarse[PLAIN][k], row.seen.coarse[view][k], view, size)


def warped_for(photograph: Rgb, view: View, rows: Sequence[Measured]) -> Rgb:
    """Ax as the first network sees it."""
    return warp_photograph(photograph, view, rows[0].seen.checkpoint.card.mean)


def drawn(photograph: Rgb, warped: Rgb, rows: Sequence[Measured], view: View, alpha: float) -> list[Row | None]:
    """Pictures of every row, raw differences in one range of colours."""
    maps = [compared(row, view, (photograph.shape[0], photograph.shape[1])) for row in rows]
    peak = raw_peak([one for one in maps if one is not None])
    return [None if one is None else draw(photograph, warped, one, alpha, peak, line=LINE) for one in maps]


def pictures_html(rows: Sequence[Measured], pictures: Sequence[Row | None], class_name: str) -> str:
    """The table of pictures."""
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in COLUMNS.values())
    body = "".join(_row_html(row, picture, class_name) for row, picture in zip(rows, pictures, strict=True))
    peak = next((picture.raw_peak for picture in pictures if picture), 0.0)
    foot = "".join(f"<td>{cell}</td>" for cell in ("", "", "", _bar("1"), _bar(f"{peak:.1f} logits")))
    return (
        f'{STYLE}<table class="sl-eq" aria-label="Maps of x and Ax"><thead><tr>{head}</tr></thead>{body}'
        f"<tfoot><tr>{foot}</tr></tfoot></table>"
    )


def _row_html(row: Measured, picture: Row | None, class_name: str) -> str:
    if picture is None or row.shown is None:
        cells, value = "", ""
        text = f"{row.title} · does not know “{class_name}”"
    else:
        alts = {key: f"{row.seen.label}: {title} for {row.shown.name}" for key, title in COLUMNS.items()}
        cells = "".join(f"<td>{image(picture.pictures[key], alt)}</td>" for key, alt in alts.items())
        text = f"{row.title} · {row.shown.name} {row.shown.score:.2f}"
        value = f'<span class="sl-right">equivariance error <b>{number(row.shown.error)}</b></span>'
    heading = f'<tr><th scope="rowgroup" colspan="{len(COLUMNS)}">{escape(text)}{value}</th></tr>'
    return f"<tbody>{heading}{f'<tr>{cells}</tr>' if cells else ''}</tbody>"


def _bar(end: str) -> str:
    colours = ",".join(f"rgb({r},{g},{b})" for r, g, b in colormap(COLOURS)[::15].tolist())
    return f'<i style="background:linear-gradient(90deg,{colours})"></i><div><span>0</span><span>{end}</span></div>'


# The figures ---------------------------------------------------------------------------------------
HEADER = ("class", "network", "probability", "equivariance error", "mean difference", "raw difference (logits)")
DEFINITIONS = (
    "**Equivariance error**: 1 − Σ min / Σ max of the Eq. 3 maps of f(Ax) and A f(x), one minus their soft IoU: 0 when "
    "they are equal, 1 when nothing coincides. **Mean difference**: mean |f(Ax) − A f(x)| of the same maps, 0 to 1. "
    "**Raw difference**: the same of the raw logits, as in Eq. 2, without an upper end. All are taken on the valid "
    "area, where A f(x) comes wholly from inside the photograph; *undefined* means that neither map responds. "
    "Nothing here uses ground truth, so a small error says that maps agree, not that they are right."
)


def cells(rows: Sequence[Measured]) -> list[tuple[str, str, float, float | None, float | None, float | None]]:
    """Figures of every class and network, grouped by class."""
    names = dict.fromkeys(one.name for row in rows for one in row.report.errors)
    return [
        (name, row.seen.label, one.score, one.error, one.difference, one.raw)
        for name in names
        for row in rows
        for one in row.report.errors
        if one.name == name
    ]


def figures_html(rows: Sequence[Measured]) -> str:
    """The table of figures."""
    lines = [
        [name, network, f"{score:.2f}", number(error), number(difference, 3), number(raw)]
        for name, network, score, error, difference, raw in cells(rows)
    ]
    return table(HEADER, lines, "Equivariance of every class and network", left=2)
