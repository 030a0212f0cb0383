"""``ssenet crf-steps``: the dense CRF of one photograph, iteration by iteration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from rich.table import Table

from ssenet.cli.common import checkpoint_files, console, for_people, parse_scales
from ssenet.config import CamInferSettings
from ssenet.data.images import DEFAULT_LIMITS, decode_image, encode_mask_png, working_image
from ssenet.errors import ImageError, SettingsError
from ssenet.files import write_bytes
from ssenet.refine.scrub import MOST_CLASSES, ScrubSettings, pack_frames
from ssenet.refine.scrub_report import CrfReport, csv_rows
from ssenet.refine.scrub_work import CrfWork, refine_in_steps
from ssenet.render import class_scores, predicted
from ssenet.results import CheckpointCard, View, views_of

if TYPE_CHECKING:
    from ssenet.refine.scrub import Frames
    from ssenet.stages import CheckpointFiles

_DEFAULT_OUT = Path("crf-steps")
Coarse = dict[View, NDArray[np.float32]]


@for_people
def crf_steps(
    checkpoint_id: Annotated[
        str, typer.Argument(metavar="CHECKPOINT", help="Built-in id, or folder of a training or of an epoch.")
    ],
    photograph: Annotated[Path, typer.Argument(help="PNG, JPEG or WebP.")],
    scales: Annotated[str, typer.Option(help="Comma-separated scales.")] = "0.5,1,1.5,2",
    flip: Annotated[bool, typer.Option(help="Also average with the mirrored image.")] = True,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="Classes to refine, by name; without it the predicted ones.")
    ] = None,
    preset: Annotated[str, typer.Option("--crf", help="psa, irn or seam.")] = "psa",
    alpha: Annotated[float | None, typer.Option(help="Constant background; without it the two powers.")] = None,
    power_low: Annotated[float, typer.Option(help="Power of the strong background (1 - max)^power.")] = 4.0,
    power_high: Annotated[float, typer.Option(help="Power of the weak background.")] = 24.0,
    iterations: Annotated[int, typer.Option(help="Mean-field iterations.")] = 10,
    mask: Annotated[Path | None, typer.Option(help="Ground truth: an indexed PNG of labels, 255 ignored.")] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = _DEFAULT_OUT,
) -> None:
    """Label maps after 0, 1, … iterations (npz and PNG), and what each iteration changed (CSV, JSON)."""
    given = {"preset": preset, "alpha": alpha, "power_low": power_low, "power_high": power_high}
    settings = ScrubSettings.model_validate({**given, "iterations": iterations})
    views = CamInferSettings.model_validate({"checkpoint": "one", "scales": parse_scales(scales), "flip": flip})
    files = checkpoint_files(checkpoint_id)
    names, named = files.card.classes, _named(files.card, classes or [])
    truth = None if mask is None else _mask(mask, len(names))
    coarse = _coarse(files, photograph, views_of(views.scales, views.flip))
    chosen = named or _recognised(files.card, coarse)
    made, report = refine_in_steps(CrfWork(photograph, coarse, names, chosen, settings, truth))
    _write(out, made, report)
    console.print(_table(report))
    console.print(f"Label maps of {iterations + 1} steps, numbers and pictures in {out}.")


def _coarse(files: CheckpointFiles, photograph: Path, views: list[View]) -> Coarse:
    """Raw coarse logits (K, h, w) of every view."""
    if not photograph.is_file():
        raise ImageError(f"{photograph} is not a file.")
    image = working_image(decode_image(photograph.read_bytes(), limits=DEFAULT_LIMITS))
    from ssenet.inference import load_network

    return load_network(files.weights, files.card).coarse_logits(image, views)


def _named(card: CheckpointCard, classes: list[str]) -> tuple[int, ...]:
    """Indices of the named classes, ascending."""
    unknown = [name for name in classes if name not in card.classes]
    if unknown:
        raise SettingsError(f"{card.name} has no class {', '.join(unknown)}; it has {', '.join(card.classes[:20])}.")
    found = sorted({card.classes.index(name) for name in classes})
    if len(found) > MOST_CLASSES:
        raise SettingsError(f"The CRF refines at most {MOST_CLASSES} classes at a time; name fewer with --class.")
    return tuple(found)


def _recognised(card: CheckpointCard, coarse: Coarse) -> tuple[int, ...]:
    """Indices of the predicted classes, ascending; of none, the best guess."""
    exclusive = card.method == "classifier"
    scores = class_scores(coarse, exclusive=exclusive)
    found = predicted(scores, exclusive=exclusive)[:MOST_CLASSES] or [int(scores.argmax())]
    return tuple(sorted(found))


def _mask(path: Path, classes: int) -> NDArray[np.uint8]:
    """Labels (H, W) of an indexed PNG."""
    try:
        with Image.open(path) as opened:
            mode, labels = opened.mode, np.array(opened)
    except (OSError, UnidentifiedImageError) as error:
        raise ImageError(f"{path} cannot be read as a PNG of labels.") from error
    if mode not in ("P", "L"):
        raise ImageError(f"{path} holds colours, not labels; give an indexed PNG as VOC's masks are.")
    highest = labels[labels != 255].max(initial=0)
    if highest > classes:
        raise ImageError(f"{path} has a label {highest}, and the network has {classes} classes.")
    return labels.astype(np.uint8)


def _write(out: Path, made: Frames, report: CrfReport) -> None:
    from ssenet.bundle import csv_text

    write_bytes(out / "frames.npz", pack_frames(made))
    write_bytes(out / "report.json", report.model_dump_json(indent=1).encode())
    write_bytes(out / "steps.csv", csv_text(*csv_rows(report)))
    for name, labels in made.labels.items():
        for step, one in enumerate(labels):
            write_bytes(out / f"{name}-{step:02d}.png", encode_mask_png(one))


def _table(report: CrfReport) -> Table:
    table = Table(
        "variant", "iteration", "changed", "of all since 0", "mIoU", "right of the sure", title=report.parameters
    )
    for variant in report.variants:
        for step in range(report.settings.iterations + 1):
            miou = variant.miou[step] if variant.miou else None
            right = variant.right[step] if variant.right else None
            numbers = (variant.changed[step], variant.moved[step], miou, right)
            table.add_row(variant.name, str(step), *("–" if v is None else f"{100 * v:.1f} %" for v in numbers))
    return table
