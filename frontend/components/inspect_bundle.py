"""What can be taken away from the Inspect page: strip, raw maps, numbers, label maps, and how to make them again."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from frontend.components import strip
from frontend.components.cams import Gathered
from frontend.components.covered import CSV_HEADER, csv_rows
from frontend.components.export import fetch_lines
from frontend.components.inspected import Inspected, caption
from frontend.components.scene import classes_sent
from ssenet.bundle import Bundle, Cell, command, csv_text, npz16, palette_png, svg_strip
from ssenet.data.images import decode_image, working_image
from ssenet.render import aggregate, normalise, winner_and_score

MOST_LABELS = 254
"""Classes that a label map in VOC colours can tell apart: 0 is background, 255 ignored."""
Rgb = NDArray[np.uint8]


def look(inspected: Inspected) -> strip.Look:
    """How the canvas colours maps."""
    view = inspected.view
    return strip.Look(view.alpha, view.opacity, view.colours, view.normalisation)


def strip_png(inspected: Inspected, photograph: bytes) -> bytes:
    """The strip as one PNG; ``photograph`` is its PNG at any size."""
    working = working_image(decode_image(photograph))
    drawn = strip.build(working, inspected.subjects, inspected.scales, look(inspected))
    return strip.to_png(drawn, caption(inspected))


def strip_svg(inspected: Inspected, photograph: Rgb) -> bytes:
    """The strip with contours as vectors, normalised as on the canvas."""
    how, size = look(inspected), (photograph.shape[0], photograph.shape[1])
    maps = strip.drawn_maps(inspected.subjects, inspected.scales, size, how.normalisation)
    rows = []
    for i, row in enumerate(strip.build(photograph, inspected.subjects, inspected.scales, how, contour=False).rows):
        cells = [
            Cell(picture, strip.column_title(column), maps[i, column], how.alpha)
            for column, picture in row.pictures.items()
            if picture is not None
        ]
        rows.append((f"{row.subject.title} · {row.subject.subtitle}", [Cell(photograph, "photograph"), *cells]))
    return svg_strip(rows, caption(inspected))


def label_map(one: Gathered, inspected: Inspected, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Labels (H, W) of a checkpoint's maps of all scales at α: 0 background, k + 1 class k of the network."""
    classes = _present(one, inspected)
    if not classes:
        return np.zeros(size, np.uint8)
    views = {view: maps for view, maps in one.coarse.items() if view.scale in inspected.scales}
    maps = normalise(aggregate(views, size, classes) / np.float32(len(views)))
    winner, score = winner_and_score(maps, classes)
    return np.where(score > np.float32(inspected.view.alpha), winner, 0).astype(np.uint8)


def _present(one: Gathered, inspected: Inspected) -> list[int]:
    names = one.checkpoint.classes
    if inspected.labels == "predicted":
        return [names.index(name) for name in one.predicted()]
    if inspected.labels == "given":
        return [k for k, name in enumerate(names) if name in inspected.photograph.labels]
    return classes_sent(one, inspected.photograph.labels, given=False)


def commands(inspected: Inspected) -> tuple[str, ...]:
    """The lines that compute the raw maps and a picture strip again, one a checkpoint, after those that fetch it."""
    pairs = zip(inspected.found, inspected.subjects, strict=True)
    again = (_cam_line(inspected, one, subject.class_name) for one, subject in pairs)
    return (*fetch_lines(one.checkpoint for one in inspected.found), *again)


def _cam_line(inspected: Inspected, one: Gathered, class_name: str) -> str:
    view, scales = inspected.view, ",".join(f"{scale:g}" for scale in inspected.scales)
    return command(
        "ssenet", "cam", one.checkpoint.id, "photograph.png", "--scales", scales,
        "--flip" if inspected.flip else "--no-flip", "--class", class_name, "--alpha", f"{view.alpha:g}",
        "--normalisation", view.normalisation, "--colours", view.colours, "--opacity", f"{view.opacity:g}",
        "--out", f"again/{safe(one.label)}",
    )  # fmt: skip


def safe(name: str) -> str:
    """A checkpoint's name as it may stand in a file name."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-.") or "checkpoint"


def bundle(inspected: Inspected, fetch: Callable[[], bytes], address: str) -> Bundle:
    """Everything the page shows.

    Args:
        inspected: with all maps there.
        fetch: gives the PNG of the photograph at full size.
        address: of the view.
    """
    png = fetch()
    photograph = working_image(decode_image(png))
    size = (photograph.shape[0], photograph.shape[1])
    logits = {f"{one.label}/{view.name}": maps for one in inspected.found for view, maps in one.coarse.items()}
    labelled = [one for one in inspected.found if len(one.checkpoint.classes) <= MOST_LABELS]
    first = inspected.found[0]
    files = {
        "photograph.png": png,
        "strip.png": strip_png(inspected, png),
        "strip.svg": strip_svg(inspected, photograph),
        "cams.npz": npz16(logits),
        "coverage.csv": csv_text(CSV_HEADER, csv_rows(inspected.measured, inspected.view.alpha)),
        **{f"labels/{safe(one.label)}.png": palette_png(label_map(one, inspected, size)) for one in labelled},
        **({"ground-truth.png": palette_png(inspected.truth.mask)} if inspected.truth else {}),
    }
    more = {"classes": first.checkpoint.classes, "class": inspected.subjects[0].class_name}
    stem = f"inspect-{(inspected.photograph.sha or inspected.photograph.id)[:8]}"
    return Bundle(stem, files, commands(inspected), address, inspected.protocol.of_bundle(**more), _notes(inspected))


def _notes(inspected: Inspected) -> str:
    """What the files are, and what is missing."""
    lines = [
        "cams.npz holds raw coarse logits (K, h, w) in float16, one array a checkpoint and view; a mirrored view is "
        "mirrored back. labels/ holds label maps of all scales together: label k + 1 is class k of the network, of "
        f"the classes that are {inspected.labels}, at the size of the maps.",
    ]
    if inspected.view.normalisation != "eq3":
        lines.append("Coverage and label maps are of maps normalised by Eq. 3, whatever the strip shows.")
    if inspected.view.normalisation == "shared" and len(inspected.found) > 1:
        lines.append("A command line draws one network: its maximum is shared by the maps of that network alone.")
    many = [one.label for one in inspected.found if len(one.checkpoint.classes) > MOST_LABELS]
    if many:
        lines.append(f"{', '.join(many)} knows more classes than an indexed PNG has labels: it has no label map.")
    return " ".join(lines)
