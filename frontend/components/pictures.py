"""Before and after: what a stage makes of one photograph, beside what it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from frontend import schemas as s
from frontend.client import Problem
from frontend.components.stages import named_results
from frontend.session import image_set, set_picture
from ssenet.config import PAPER_ALPHA
from ssenet.data.base import IGNORED
from ssenet.data.images import voc_palette

SIDE = 420
"""Long side of a picture in pixels: a quarter of the page, sharp on dense screens."""
MOST_LEGEND = 40
"""Classes that a legend names at most."""


@dataclass(frozen=True)
class Shot:
    """One picture: of which set, and what is drawn."""

    title: str
    set_id: str
    what: str
    variant: str | None = None
    of_class: bool = False
    """Whether it is the map of one class."""


@dataclass(frozen=True)
class Drawn:
    """One picture as the page shows it; ``url`` is None when there is none, and ``note`` says why."""

    title: str
    alt: str
    url: str | None
    note: str = ""


def shots(kind: str, settings: Mapping[str, Any], made: s.ImageSet, truth: bool) -> list[list[Shot]]:
    """The pictures of a stage, row by row, the earlier ones to the left.

    Args:
        kind: of the stage.
        settings: of its job.
        made: the set it made.
        truth: whether the photographs have masks.
    """
    photo = Shot("Photograph", made.id, "photo")
    known = [Shot("Ground truth", made.id, "truth")] if truth else []
    before = {field: set_id for field, (set_id, network) in named_results(kind, settings).items() if not network}
    if kind == "crf":
        return _crf(settings, made.id, before["cams"], photo, known)
    if kind == "random_walk":
        given, walked = _map("CAM", before["cams"]), _map("After the random walk", made.id)
        labels = [Shot(f"CAM, α = {PAPER_ALPHA:g}", before["cams"], "labels"), Shot("Walked labels", made.id, "labels")]
        return [[photo, given, walked], [*known, *labels]]
    if kind == "pseudo_labels":
        source = "CAM labels" if image_set(before["maps"]).kind == "cams" else "Random walk"
        return [[photo, Shot(source, before["maps"], "labels"), Shot("Pseudo-labels", made.id, "labels"), *known]]
    if kind == "evaluate_segmentation":
        return [[photo, *known, Shot("Prediction", made.id, "labels")]]
    return [[photo, _map("CAM", made.id), Shot(f"Labels, α = {PAPER_ALPHA:g}", made.id, "labels"), *known]]


def _crf(settings: Mapping[str, Any], own: str, cams: str, photo: Shot, known: list[Shot]) -> list[list[Shot]]:
    variants = [(name, f"CRF, power {settings[f'alpha_{name}']:g}") for name in ("low", "high")]
    maps = [_map("CAM", cams), *(replace(_map(title, own), variant=name) for name, title in variants)]
    labels = [
        Shot(f"CAM, α = {PAPER_ALPHA:g}", cams, "labels"),
        *(Shot(title, own, "labels", variant=name) for name, title in variants),
    ]
    return [[photo, *maps], [*known, *labels]]


def _map(title: str, set_id: str) -> Shot:
    return Shot(title, set_id, "map", of_class=True)


def draw(shot: Shot, index: int, class_name: str | None, max_side: int = SIDE) -> Drawn:
    """Fetch one picture; a refusal becomes a note in its place."""
    what = {"what": shot.what}
    what |= {"variant": shot.variant} if shot.variant else {}
    what |= {"class_": class_name} if shot.of_class and class_name else {}
    title = f"{shot.title}: {class_name}" if shot.of_class and class_name else shot.title
    try:
        return Drawn(title, f"{title}, image {index + 1}", set_picture(shot.set_id, index, max_side, **what))
    except Problem as problem:
        return Drawn(title, title, None, str(problem))


def grid_html(rows: Sequence[Sequence[Drawn]], columns: int | None = None) -> str:
    """Rows of pictures under their titles.

    Args:
        rows: from top to bottom.
        columns: how many there are for photographs of several shapes, which then stand in frames of one shape, and a
            shorter row ends early. None is for one photograph: the longest row counts, and a shorter one is aligned to
            the right, under what it belongs to.
    """
    width = columns or max(len(row) for row in rows)
    cells = []
    for row in rows:
        drawn, gaps = [_figure(one) for one in row], ["<div></div>"] * (width - len(row))
        cells += drawn + gaps if columns else gaps + drawn
    style = f"grid-template-columns:repeat({width}, minmax(0, 1fr))"
    even = " sl-even" if columns else ""
    return f'<div class="sl-pictures{even}" style="{style}">{"".join(cells)}</div>'


def _figure(one: Drawn) -> str:
    picture = (
        f'<img src="{one.url}" alt="{escape(one.alt)}">'
        if one.url
        else f'<div class="sl-wait" style="aspect-ratio:4/3">{escape(one.note)}</div>'
    )
    return f"<figure><figcaption><b>{escape(one.title)}</b></figcaption>{picture}</figure>"


def legend_html(classes: Sequence[str], shown: Sequence[str], *, ignored: bool = False) -> str:
    """The colours of the classes.

    Args:
        classes: of the set, in the order of their labels.
        shown: those to name; all when there are none.
        ignored: whether ignored pixels can occur.
    """
    palette = voc_palette()
    names = [name for name in (shown or classes) if name in classes][:MOST_LEGEND]
    entries = [(name, "rgb({},{},{})".format(*palette[classes.index(name) + 1])) for name in names]
    if ignored:
        stripes = "repeating-linear-gradient(135deg, #ebebeb 0 3px, #a0a0a0 3px 6px)"
        entries.append((f"ignored ({IGNORED})", stripes))
    items = "".join(f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in entries)
    return f'<div class="sl-legend" role="note" aria-label="Colours of the labels">{items}</div>'
