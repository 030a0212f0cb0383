"""From gathered logits to the canvas: which classes are sent, and everything that stays while one looks. Pure."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence

import numpy as np
from PIL import Image

from frontend.canvas import HIGHEST, Canvas, Layer
from frontend.components.cams import Gathered, method_name
from frontend.components.strip import Subject
from frontend.components.truth import Truth

MOST_CLASSES = 40
"""A network with at most so many classes sends all of them."""
BEST_CLASSES = 24
"""Of a larger network, the best scored so many are sent, and those known of the photograph."""
PHOTOGRAPH_SIDE = 1024
"""Long side of the photograph on the canvas: twice that of the maps, so that it bears zooming."""


def webp(png: bytes) -> bytes:
    """A photograph in a fifth of the bytes, for the page only; downloads are PNG."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as opened:
        opened.convert("RGB").save(buffer, "WEBP", quality=90, method=2)
    return buffer.getvalue()


def classes_sent(one: Gathered, known: Collection[str], *, given: bool) -> list[int]:
    """Indices of the classes whose maps the canvas gets, in the network's order.

    Args:
        one: logits of a checkpoint.
        known: class names known for the photograph.
        given: send only those, where the network knows any.
    """
    names = one.checkpoint.classes
    told = [k for k, name in enumerate(names) if name in known]
    if given and told:
        return told
    if len(names) <= MOST_CLASSES:
        return list(range(len(names)))
    best = [names.index(name) for name in list(one.scores())[:BEST_CLASSES]]
    return sorted({*best, *told})


def layer(one: Gathered, known: Collection[str], *, given: bool) -> Layer:
    """The canvas' row of a checkpoint."""
    chosen = classes_sent(one, known, given=given)
    names, scores = one.checkpoint.classes, one.scores()
    return Layer(
        key=one.checkpoint.id,
        title=one.label,
        subtitle=method_name(one.checkpoint),
        classes=tuple(names[k] for k in chosen),
        scores=tuple(scores.get(names[k], 0.0) for k in chosen),
        maps={view: maps[chosen].astype(np.float16) for view, maps in one.coarse.items()},
    )


def ranked(layers: Sequence[Layer]) -> list[str]:
    """Classes of all layers, the likeliest first."""
    best: dict[str, float] = {}
    for one in layers:
        for name, score in zip(one.classes, one.scores, strict=True):
            best[name] = max(score, best.get(name, 0.0))
    return sorted(best, key=lambda name: -best[name])


def class_shown(layers: Sequence[Layer], one: Layer, wanted: str) -> str:
    """The class that the canvas shows in a row: the wanted one, or the row's own likeliest when it is not there.

    Args:
        layers: all rows; ``HIGHEST`` means the likeliest class of all that this row has.
        one: the row; one without classes, whose maps are still to come, shows none ("").
        wanted: a class, or ``HIGHEST``.
    """
    order = ranked(layers) if wanted == HIGHEST else [wanted]
    own = max(zip(one.scores, one.classes, strict=True), key=lambda pair: pair[0], default=(0.0, ""))[1]
    return next((name for name in order if name in one.classes), own)


def subjects(found: Sequence[Gathered], layers: Sequence[Layer], wanted: str) -> list[Subject]:
    """What each row shows, for all that is measured and exported; rows as in ``layers``."""
    shown = [one for one in found if not one.problem]
    return [_subject(one, class_shown(layers, row, wanted)) for one, row in zip(shown, layers, strict=True)]


def _subject(one: Gathered, name: str) -> Subject:
    if not name:
        return Subject(one.label, method_name(one.checkpoint), "", 0, {})
    subtitle = f"{method_name(one.checkpoint)} · {name} {one.scores().get(name, 0.0):.2f}"
    return Subject(one.label, subtitle, name, one.checkpoint.classes.index(name), one.coarse)


def scene(
    photograph: bytes,
    size: tuple[int, int],
    found: Sequence[Gathered],
    scales: Sequence[float],
    flip: bool,
    known: Collection[str],
    truth: Truth | None,
    *,
    given: bool = False,
) -> Canvas:
    """Everything the canvas shows.

    Args:
        photograph: encoded, of any size.
        size: (H, W) of the maps, and of the mask.
        found: logits; a checkpoint the service refused is left out.
        scales: columns.
        flip: whether mirrored views are averaged in.
        known: class names known for the photograph.
        truth: its mask, if there is one.
        given: whether only the known classes are looked at.
    """
    layers = tuple(layer(one, known, given=given) for one in found if not one.problem)
    mask = None if truth is None else truth.mask
    return Canvas(photograph, size, layers, tuple(scales), flip, mask, truth.classes if truth else ())
