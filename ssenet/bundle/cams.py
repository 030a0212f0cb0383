"""The export of a photograph's maps: the same files from a page, the API and the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ssenet.bundle.archive import Bundle, command
from ssenet.bundle.files import csv_text, npz16, palette_png, png
from ssenet.bundle.look import Look
from ssenet.bundle.redraw import PHOTOGRAPH
from ssenet.bundle.svg import Cell, svg_strip
from ssenet.cams import Cams
from ssenet.render import normalise, overlay, winner_and_score

MOST_DRAWN = 20
"""Classes that are drawn; the raw maps of all are there."""
_LABELS = 254  # a palette has 256 entries, the background's and the ignored among them


def cams_bundle(
    many: Mapping[str, Cams], look: Look, *, stem: str, address: str = "", before: Sequence[str] = ()
) -> Bundle:
    """The maps of one photograph by one network or several.

    Files, for several networks in a folder each: ``cams.npz`` (raw coarse logits of all classes by view, float16),
    ``scores.csv``, ``labels.png`` (foreground above α, in VOC's colours) with ``labels.csv``, and for each shown
    class ``strip-<class>.svg`` and ``overlay-<class>.png``. ``photograph.png`` is the working image: from it the
    command lines give the same maps.

    Args:
        many: maps by what the command line calls the network: a built-in id or a folder; at least one.
        look: how they are drawn.
        stem: name of the zip without its ending.
        address: of the view.
        before: command lines that must run first, such as those that fetch weights.

    Raises:
        ValueError: there are no maps, or they are of several photographs.
    """
    if len({cams.sha for cams in many.values()}) != 1:
        raise ValueError("a bundle is of one photograph")
    first = next(iter(many.values()))
    files = {PHOTOGRAPH: png(first.photograph)}
    for name, folder in file_names(tuple(many)).items():
        inside = f"{folder}/" if len(many) > 1 else ""
        files |= {f"{inside}{key}": data for key, data in view_files(many[name], look).items()}
    lines = [cam_command(name, cams, look) for name, cams in many.items()]
    return Bundle(stem, files, (*before, *lines), address, _protocol(many, look), _notes(first))


def _protocol(many: Mapping[str, Cams], look: Look) -> dict[str, object]:
    """That of the first network, with the others' names and hashes, and what the snippet draws."""
    first = next(iter(many.values()))
    own = first.protocol(look.alpha, look.normalisation)
    networks = tuple(use for cams in many.values() for use in cams.protocol(look.alpha).networks)
    shown = tuple(dict.fromkeys(name for cams in many.values() for name in cams.shown))
    whole = own.model_copy(update={"networks": networks, "classes_shown": shown})
    drawn = first.shown[0] if first.shown else next(iter(first.scores))
    return whole.of_bundle(**{"class": drawn, "classes": list(first.classes), "look": look.model_dump(mode="json")})


def _notes(cams: Cams) -> str:
    height, width = cams.size
    return (
        f"Maps are raw coarse logits at the network's stride; {PHOTOGRAPH} is the photograph at scale 1, "
        f"{width} × {height} px, which they are upsampled to."
    )


def cam_command(name: str, cams: Cams, look: Look) -> str:
    """The command line that makes the files of one network again, in the folder of its bundle."""
    scales = ",".join(f"{scale:g}" for scale in cams.scales)
    words: list[object] = [
        "ssenet",
        "cam",
        name,
        PHOTOGRAPH,
        "--scales",
        scales,
        "--flip" if cams.flip else "--no-flip",
    ]
    words += ["--relu-order", cams.relu_order, "--normalisation", look.normalisation, "--alpha", f"{look.alpha:g}"]
    words += ["--colours", look.colours, "--opacity", f"{look.opacity:g}"]
    if cams.label_source == "given":
        words += [word for shown in cams.shown for word in ("--class", shown)]
    else:
        words += ["--labels", cams.label_source]
    return command(*words, "--bundle", f"again-{file_names([name])[name]}.zip")


def view_files(cams: Cams, look: Look) -> dict[str, bytes]:
    """The files of one network's maps, by name."""
    files = {"cams.npz": npz16({view.name: maps for view, maps in cams.coarse.items()})}
    present = set(cams.shown)
    rows = [[name, score, name in present] for name, score in cams.scores.items()]
    files["scores.csv"] = csv_text(["class", "score", "shown"], rows)
    drawn = cams.shown[:MOST_DRAWN] or tuple(cams.scores)[:1]
    files |= _label_files(cams, look)
    for name, safe in file_names(drawn).items():
        picture = _coloured(cams, look, cams.maps([name], None, look.normalisation)[0])
        files |= {f"overlay-{safe}.png": png(picture), f"strip-{safe}.svg": class_strip(cams, look, name)}
    return files


def _coloured(cams: Cams, look: Look, score: NDArray[np.float32], *, contour: bool = True) -> NDArray[np.uint8]:
    alpha = look.alpha if contour else None
    return overlay(cams.photograph, score, colours=look.colours, opacity=look.opacity, alpha=alpha)


def class_strip(cams: Cams, look: Look, name: str) -> bytes:
    """SVG: the photograph, every single scale and all views together, with α contours as vectors."""
    scales: list[float | None] = [*cams.scales, *([None] if len(cams.scales) > 1 else [])]
    cells = [Cell(cams.photograph, "photograph")]
    for scale, score in zip(scales, _scores(cams, look, name, scales), strict=True):
        label = "multi-scale" if scale is None else f"scale {scale:g}"
        cells.append(Cell(_coloured(cams, look, score, contour=False), label, score, look.alpha))
    title = f"{cams.card.name} · {name} {cams.scores[name]:.2f}"
    flip = "yes" if cams.flip else "no"
    how = f"α {look.alpha:g} · normalisation {look.normalisation} · flip {flip} · ReLU order {cams.relu_order}"
    return svg_strip([(title, cells)], how)


def _scores(cams: Cams, look: Look, name: str, scales: Sequence[float | None]) -> list[NDArray[np.float32]]:
    """Normalised maps (H, W) of a class by scale; ``shared`` means one maximum for all of them."""
    if look.normalisation != "shared":
        return [cams.maps([name], scale, look.normalisation)[0] for scale in scales]
    return list(normalise(np.concatenate([cams.maps([name], scale, "none") for scale in scales]), "shared"))


def _label_files(cams: Cams, look: Look) -> dict[str, bytes]:
    """Foreground where the winning shown class is above α: k + 1 of the network's classes while a palette has room."""
    shown = cams.shown[:_LABELS]
    index = {name: k + 1 for k, name in enumerate(cams.classes if len(cams.classes) <= _LABELS else shown)}
    maps = cams.maps(shown, None, look.normalisation) if shown else np.empty((0, *cams.size), np.float32)
    winner, score = winner_and_score(maps, [index[name] - 1 for name in shown])
    labels = np.where(score > np.float32(look.alpha), winner, 0).astype(np.uint8)
    rows = [(0, "background"), *((index[name], name) for name in shown)]
    return {"labels.png": palette_png(labels), "labels.csv": csv_text(["label", "class"], rows)}


def file_names(names: Sequence[str]) -> dict[str, str]:
    """Each of ``names`` as a part of a file name, no two alike."""
    found: dict[str, str] = {}
    for name in names:
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:60] or "unnamed"
        found[name] = f"{safe}-{len(found)}" if safe in found.values() else safe
    return found
