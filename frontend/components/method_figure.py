"""Drawings of the Method page: the network of Fig. 3, and the toy masks of Eqs. 4 to 6; legible on light and dark."""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ssenet.figures import COLOURS

BLUE, ORANGE, GREEN = COLOURS[0], COLOURS[1], COLOURS[2]
OUTCOMES = {"TP": ("found", "#009E73"), "FN": ("missed", "#D55E00"), "FP": ("too much", "#0072B2")}
"""Outcome of a pixel → in words, its colour."""
_INFERNO = ("#000004", "#420a68", "#932667", "#dd513a", "#fca50a", "#fcffa4")


def network_svg() -> str:
    """The two branches of SSENet, as in Fig. 3 of the paper, drawn anew; its words say what it shows."""
    parts = [
        *_branch(96, "x", "photograph x", 78, "f(x)", 11, "large branch"),
        *_branch(316, "Ax", "down-scaled copy Ax", 46, "f(Ax)", 7, "small branch"),
        _arrow(62, 152, 62, 275), _text(72, 218, "A: bilinear", anchor="start"),
        _line(318, 160, 318, 252, dash="2 5"), _text(328, 210, "shared weights", anchor="start"),
        _arrow(536, 148, 536, 178), _text(528, 166, "A", anchor="end", bold=True),
        *_cam(506, 180, 60, 7), _text(576, 214, "A f(x)", anchor="start", bold=True),
        _path("M 622 210 H 712", arrow=True), _path("M 571 316 H 676 V 238 H 712", arrow=True),
        *_box(716, 184, 132, 58, "SER loss", "‖f(Ax) − A f(x)‖", ORANGE),
        *_gradients(),
    ]  # fmt: skip
    title = "The network of SSENet"
    says = (
        "The photograph and a down-scaled copy of it go through one network with shared weights. Its last layer, a 1 "
        "by 1 convolution, gives a class activation map in each branch. Global average pooling of each map leads to a "
        "classification loss. The map of the large branch is down-scaled to the size of the other, and the scale "
        "equivariant regularisation measures how far the two are apart. The gradients of all three losses flow back "
        "into both branches."
    )
    return _svg(980, 412, title, says, "".join(parts))


def _branch(y: int, short: str, caption: str, side: int, output: str, cells: int, name: str) -> list[str]:
    """One row: picture, backbone, classifier, map, pooling, loss; ``y`` is its middle."""
    cam = 9 * cells
    return [
        _text(12, y - 52 if short == "x" else y + 58, name, anchor="start", bold=True),
        *_picture(62, y, side, short),
        _text(12, y + side / 2 + 18, caption, anchor="start") if short == "Ax" else "",
        _arrow(62 + side * 0.68, y, 196, y),
        _polygon([(198, y - 56), (438, y - 26), (438, y + 26), (198, y + 56)], BLUE),
        _text(312, y - 4, "backbone", bold=True), _text(312, y + 14, "convolutions, stride 8 or 16"),
        _arrow(440, y, 502, y), _text(470, y - 9, "1×1 conv"),
        *_cam(506, y - cam / 2, cam, cells),
        _text(518 + cam, y - 9, output, anchor="start", bold=True),
        _arrow(508 + cam, y, 714, y) if short == "x" else _path(f"M {508 + cam} {y + 12} H 714", arrow=True),
        *_box(716, y - 24 if short == "x" else y - 12, 60, 48, "GAP", "", GREEN),
        _arrow(778, y if short == "x" else y + 12, 826, y if short == "x" else y + 12),
        *_box(828, y - 29 if short == "x" else y - 17, 132, 58, "Cls loss", "labels of the image", GREEN),
    ]  # fmt: skip


def _gradients() -> list[str]:
    """Dotted: where gradients go."""
    return [
        _path("M 894 64 V 30 H 318 V 52", dash="2 5", arrow=True, colour=GREEN),
        _path("M 894 360 V 398 H 318 V 374", dash="2 5", arrow=True, colour=GREEN),
        _path("M 848 205 H 930 V 172 H 400 V 140", dash="2 5", arrow=True, colour=ORANGE),
        _path("M 848 222 H 930 V 264 H 400 V 284", dash="2 5", arrow=True, colour=ORANGE),
        _text(640, 22, "gradients (dotted) of all losses reach both branches"),
    ]


def _picture(x: float, y: float, side: float, name: str) -> list[str]:
    width, height = side * 1.3, side
    left, top = x - width / 2, y - height / 2
    hill = [(left, top + height), (left + width * 0.35, top + height * 0.45), (left + width * 0.75, top + height)]
    return [
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" rx="3" fill="#7fb2d9"/>',
        f'<polygon points="{_points(hill)}" fill="#5d8a4f"/>',
        f'<circle cx="{left + width * 0.62:.0f}" cy="{top + height * 0.5:.0f}" r="{side * 0.2:.0f}" fill="#e8a33d"/>',
        f'<text x="{left + 6:.0f}" y="{top + 16:.0f}" font-weight="600" fill="#000">{name}</text>',
    ]


def _cam(x: float, y: float, side: float, cells: int) -> list[str]:
    """A map of cells with one warm region."""
    size, middle = side / cells, (cells - 1) / 2
    out = []
    for row in range(cells):
        for column in range(cells):
            distance = math.hypot(row - middle, column - middle * 1.1) / (cells / 2)
            level = min(len(_INFERNO) - 1, max(0, round((1 - distance) * (len(_INFERNO) - 1))))
            place = f'x="{x + column * size:.1f}" y="{y + row * size:.1f}" width="{size:.1f}" height="{size:.1f}"'
            out.append(f'<rect {place} fill="{_INFERNO[level]}"/>')
    return [*out, f'<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="none" stroke="currentColor"/>']


def _box(x: float, y: float, width: float, height: float, title: str, note: str, colour: str) -> list[str]:
    middle = x + width / 2
    words = [_text(middle, y + height / 2 + (5 if not note else -3), title, bold=True)]
    words += [_text(middle, y + height / 2 + 15, note)] if note else []
    shape = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{colour}" fill-opacity=".16" '
    return [f'{shape}stroke="{colour}" stroke-width="1.5"/>', *words]


def _polygon(points: list[tuple[float, float]], colour: str) -> str:
    return (
        f'<polygon points="{_points(points)}" fill="{colour}" fill-opacity=".16" stroke="{colour}" stroke-width="1.5"/>'
    )


def _points(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.0f},{y:.0f}" for x, y in points)


def _text(x: float, y: float, words: str, *, anchor: str = "middle", bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{weight} fill="currentColor">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, dash: str = "") -> str:
    return _path(f"M {x1:.0f} {y1:.0f} L {x2:.0f} {y2:.0f}", dash=dash)


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return _path(f"M {x1:.0f} {y1:.0f} L {x2:.0f} {y2:.0f}", arrow=True)


def _path(d: str, *, dash: str = "", arrow: bool = False, colour: str = "currentColor") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    line = f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="1.6"{dashes}/>'
    return line + (_head(d, colour) if arrow else "")


def _head(d: str, colour: str) -> str:
    """A triangle at the end of a path, in the direction of its last piece."""
    (x0, y0), (x, y) = _ends(d)
    angle = math.degrees(math.atan2(y - y0, x - x0))
    place = f'transform="translate({x:.0f} {y:.0f}) rotate({angle:.0f})"'
    return f'<polygon points="0,0 -9,4.5 -9,-4.5" fill="{colour}" {place}/>'


def _ends(d: str) -> tuple[tuple[float, float], tuple[float, float]]:
    words, x, y, before = d.split(), 0.0, 0.0, (0.0, 0.0)
    while words:
        kind = words.pop(0)
        before = (x, y)
        x = x if kind == "V" else float(words.pop(0))
        y = y if kind == "H" else float(words.pop(0))
    return before, (x, y)


def _svg(width: int, height: int, title: str, says: str, body: str) -> str:
    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}. {escape(says)}" '
    style = f'style="width:100%;max-width:{width * 1.25:.0f}px;height:auto;display:block" font-size="13" '
    return f'{head}{style}font-family="inherit"><title>{escape(title)}</title>{body}</svg>'


def toy_svg(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> str:
    """What a prediction finds, misses and adds, class by class: runs of pixels (H, W) as rectangles."""
    outcome = np.zeros(truth.shape, np.uint8)
    outcome[(truth > 0) & (truth == predicted)] = 1
    outcome[(truth > 0) & (predicted == 0)] = 2
    outcome[(predicted > 0) & (truth != predicted)] = 3
    colours = [colour for _, colour in OUTCOMES.values()]
    runs = "".join(_run(row, start, stop, colours[kind - 1]) for row, start, stop, kind in _runs(outcome))
    height, width = truth.shape
    frame = f'<rect width="{width}" height="{height}" fill="#808080" fill-opacity=".12"/>'
    says = ", ".join(
        f"{words}: {int((outcome == n).sum())} pixels" for n, (words, _) in enumerate(OUTCOMES.values(), 1)
    )
    return _svg(width, height, "Toy masks", says, frame + runs).replace(
        f"max-width:{width * 1.25:.0f}px", "max-width:420px"
    )


def _run(row: int, start: int, stop: int, colour: str) -> str:
    return f'<rect x="{start}" y="{row}" width="{stop - start}" height="1.03" fill="{colour}"/>'


def _runs(outcome: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
    """(row, start, stop, value) of every run of equal values above 0."""
    found = []
    for number, row in enumerate(outcome):
        edges = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
        found += [(number, a, b, int(row[a])) for a, b in pairwise(edges) if row[a]]
    return found


def toy_legend() -> str:
    """Colours of the toy."""
    items = "".join(
        f'<span><i style="background:{colour}"></i>{name}: {words}</span>' for name, (words, colour) in OUTCOMES.items()
    )
    return f'<div class="sl-legend" role="note" aria-label="Colours of the toy masks">{items}</div>'
