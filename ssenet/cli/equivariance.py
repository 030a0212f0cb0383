"""``ssenet equivariance``: how far a network is from f(Ax) = A f(x) on photographs, without ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table

from ssenet.analysis.equivariance import PLAIN as X
from ssenet.analysis.equivariance import ClassError, Coarse, Equivariance, ScaleMatrices, compare, measure, views_needed
from ssenet.analysis.equivariance_pictures import COLUMNS, draw, raw_peak, sheet
from ssenet.analysis.warp import warp_photograph
from ssenet.cli.common import checkpoint, console, for_people, parse_scales
from ssenet.config import PAPER_ALPHA, CamInferSettings
from ssenet.data.images import decode_image, encode_png, working_image
from ssenet.errors import ImageError, SettingsError
from ssenet.files import write_bytes
from ssenet.results import View
from ssenet.sets import pack

if TYPE_CHECKING:
    from ssenet.inference import Network

_DEFAULT_OUT = Path("equivariance")


@for_people
def equivariance(
    checkpoint_id: Annotated[
        str, typer.Argument(metavar="CHECKPOINT", help="Built-in id, or folder of a training or of an epoch.")
    ],
    photographs: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="PNG, JPEG or WebP.")],
    scale: Annotated[float, typer.Option(min=0.1, max=4, help="Scale of Ax.")] = 0.5,
    flip: Annotated[bool, typer.Option(help="Mirror, last of all.")] = False,
    rotation: Annotated[float, typer.Option(min=-180, max=180, help="Degrees, counter-clockwise.")] = 0.0,
    shift_x: Annotated[float, typer.Option(min=-0.5, max=0.5, help="To the right, of the width.")] = 0.0,
    shift_y: Annotated[float, typer.Option(min=-0.5, max=0.5, help="Down, of the height.")] = 0.0,
    classes: Annotated[list[str] | None, typer.Option("--class", help="Classes by name; else the predicted.")] = None,
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Background threshold.")] = PAPER_ALPHA,
    scales: Annotated[str, typer.Option(help="Scales of the matrices.")] = "0.5,1,1.5,2",
    out: Annotated[Path, typer.Option(help="Folder to write.")] = _DEFAULT_OUT,
) -> None:
    """Errors of every class under A = flip ∘ shift ∘ rotate ∘ scale, and how maps of all scales differ."""
    from ssenet.inference import load_network

    weights, card = checkpoint(checkpoint_id)
    unknown = [name for name in classes or [] if name not in card.classes]
    if unknown:
        raise SettingsError(f"{card.name} has no class {', '.join(unknown)}; it has {', '.join(card.classes[:20])}.")
    view = View(scale=scale, flip=flip, rotation=rotation, shift_x=shift_x, shift_y=shift_y)
    chosen = [card.classes.index(name) for name in classes or []] or None
    rows = CamInferSettings(checkpoint="photographs", scales=parse_scales(scales)).scales
    network = load_network(weights, card)
    for path in photographs:
        _photograph(network, path, view, chosen, alpha, rows, out)
    console.print(f"Figures (JSON), pictures and raw logits in {out}.")


def _photograph(
    network: Network,
    path: Path,
    view: View,
    classes: Sequence[int] | None,
    alpha: float,
    scales: Sequence[float],
    out: Path,
) -> None:
    if not path.is_file():
        raise ImageError(f"{path} is not a file.")
    image = decode_image(path.read_bytes())
    shown = working_image(image)
    computed = network.coarse_logits(shown, views_needed(view, scales))
    # As the service keeps them, so that both say the same.
    halves = {one: maps.astype(np.float16) for one, maps in computed.items()}
    coarse = {one: maps.astype(np.float32) for one, maps in halves.items()}
    exclusive, names = network.card.method == "classifier", network.card.classes
    size = (image.shape[0], image.shape[1])
    report = measure(coarse, view, names, size, alpha=alpha, scales=scales, classes=classes, exclusive=exclusive)
    console.print(_errors(report, path.name, network.card.name))
    for matrices in report.matrices:
        console.print(_matrices(matrices, report.scales, alpha))
    write_bytes(out / f"{path.stem}.json", (report.model_dump_json(indent=1) + "\n").encode())
    write_bytes(out / f"{path.stem}.npz", pack({one.name: maps for one, maps in halves.items()}))
    for one in report.errors:
        picture = _picture(shown, coarse, view, names.index(one.name), one, report, network.card.mean)
        safe = "".join(c if c.isalnum() else "-" for c in one.name)
        write_bytes(out / f"{path.stem}.{safe}.png", encode_png(picture))


def _picture(
    image: NDArray[np.uint8],
    coarse: Coarse,
    view: View,
    index: int,
    found: ClassError,
    report: Equivariance,
    mean: Sequence[float],
) -> NDArray[np.uint8]:
    compared = compare(coarse[X][index], coarse[view][index], view, (image.shape[0], image.shape[1]))
    warped, peak = warp_photograph(image, view, mean), raw_peak([compared])
    row = draw(image, warped, compared, report.alpha, peak)
    text = f"{found.name}: equivariance error {_shown(found.error)}"
    ends = f"Colours end at 1 (Eq. 3) and at {peak:.2f} logits (raw)."
    caption = f"A: {report.transformation}. α = {report.alpha:g}. {ends}"
    return sheet(["x", "Ax", *COLUMNS.values()], [(text, [image, warped, *row.pictures.values()])], caption)


def _errors(report: Equivariance, photograph: str, name: str) -> Table:
    title = f"{name} on {photograph}: {report.transformation}; valid area {100 * report.valid_area:.0f} %"
    table = Table("class", "probability", "equivariance error", "mean difference", "raw, logits", title=title)
    for one in report.errors:
        table.add_row(one.name, f"{one.score:.2f}", _shown(one.error), _shown(one.difference), _shown(one.raw))
    return table


def _matrices(found: ScaleMatrices, scales: Sequence[float], alpha: float) -> Table:
    table = Table("", "scale", *(f"{scale:g}" for scale in scales), title=f"{found.name}, scale against scale")
    measures = {"distance": found.distance, "correlation": found.correlation, f"IoU at α = {alpha:g}": found.iou}
    for measure_name, matrix in measures.items():
        for i, (scale, row) in enumerate(zip(scales, matrix, strict=True)):
            cells = (_shown(value, 2) for value in row)
            table.add_row("" if i else measure_name, f"{scale:g}", *cells, end_section=i == len(scales) - 1)
    return table


def _shown(value: float | None, digits: int = 3) -> str:
    return "undefined" if value is None else f"{value:.{digits}f}"
