"""``ssenet cam``: class activation maps of photographs, or of a whole split."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from PIL import Image
from rich.table import Table

from ssenet.cli.common import checkpoint_files, console, dataset_spec, for_people, identifier, parse_scales
from ssenet.cli.stage import run_in_terminal
from ssenet.config import CamInferSettings, DatasetSpec
from ssenet.data.images import decode_image, working_image
from ssenet.errors import ImageError, SettingsError
from ssenet.files import write_bytes
from ssenet.render import Normalisation, aggregate, class_scores, normalise, overlay, predicted
from ssenet.results import CheckpointCard, View, views_of

if TYPE_CHECKING:
    from ssenet.inference import Network
    from ssenet.stages import CheckpointFiles

_DEFAULT_OUT = Path("cams")


@for_people
def cam(
    checkpoint_id: Annotated[
        str, typer.Argument(metavar="CHECKPOINT", help="Built-in id, or folder of a training or of an epoch.")
    ],
    images: Annotated[list[Path] | None, typer.Argument(help="Photographs; or give --dataset.")] = None,
    dataset: Annotated[str | None, typer.Option(help="'demo', a VOC folder, or a CSV file.")] = None,
    split: Annotated[str, typer.Option(help="Split of the data set.")] = "val",
    scales: Annotated[str, typer.Option(help="Comma-separated scales.")] = "0.5,1,1.5,2",
    flip: Annotated[bool, typer.Option(help="Also average with the mirrored image.")] = True,
    labels: Annotated[str, typer.Option(help="given (data sets only), predicted or all.")] = "predicted",
    classes: Annotated[list[str] | None, typer.Option("--class", help="Classes of your choice, by name.")] = None,
    label_files: Annotated[str, typer.Option(help="Labels of a VOC folder: masks, xml or csv.")] = "masks",
    relu_order: Annotated[str, typer.Option(help="fast, or official as released.")] = "fast",
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Background threshold of the contour.")] = 0.2,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = _DEFAULT_OUT,
) -> None:
    """Raw coarse logits of every view (npz, float16), and for photographs a picture strip across scales."""
    files = checkpoint_files(checkpoint_id)
    raw: dict[str, Any] = {"scales": parse_scales(scales), "flip": flip, "relu_order": relu_order, "labels": labels}
    if dataset is not None:
        raw |= {"dataset": dataset_spec(dataset).name, "checkpoint": identifier(checkpoint_id), "split": split}
        _split(files, dataset_spec(dataset, label_files), CamInferSettings.model_validate(raw), out)
        return
    if not images:
        raise SettingsError("Name photographs, or a data set with --dataset.")
    settings = CamInferSettings.model_validate({**raw, "checkpoint": "photographs"})
    if settings.labels == "given" and not classes:
        raise SettingsError(
            "A photograph has no given labels: name classes with --class, or choose --labels predicted."
        )
    _photographs(files.weights, files.card, images, settings, classes or [], alpha, out)


def _split(files: CheckpointFiles, dataset: DatasetSpec, settings: CamInferSettings, out: Path) -> None:
    from ssenet.stages import RESULT

    run_in_terminal("infer_cam", settings.model_dump(mode="json"), dataset, out, checkpoints={"checkpoint": files})
    console.print(f"Set of CAMs in {out / RESULT}.")


def _photographs(
    weights: Path,
    card: CheckpointCard,
    images: Sequence[Path],
    settings: CamInferSettings,
    classes: Sequence[str],
    alpha: float,
    out: Path,
) -> None:
    from ssenet.inference import load_network

    unknown = [name for name in classes if name not in card.classes]
    if unknown:
        raise SettingsError(f"{card.name} has no class {', '.join(unknown)}; it has {', '.join(card.classes[:20])}.")
    network = load_network(weights, card)
    table = Table("photograph", "classes", "scores", "label source", title=card.name)
    for path in images:
        table.add_row(*_photograph(network, path, settings, classes, alpha, out))
    console.print(table)
    console.print(f"Strips (columns: photograph, {settings.scales}, all scales) and raw logits in {out}.")


def _photograph(
    network: Network, path: Path, settings: CamInferSettings, classes: Sequence[str], alpha: float, out: Path
) -> tuple[str, str, str, str]:
    if not path.is_file():
        raise ImageError(f"{path} is not a file.")
    image = working_image(decode_image(path.read_bytes()))
    coarse = network.coarse_logits(image, views_of(settings.scales, settings.flip))
    exclusive = network.card.method == "classifier"
    scores = class_scores(coarse, exclusive=exclusive)
    names = network.card.classes
    chosen = [names.index(name) for name in classes] or (
        list(range(len(names))) if settings.labels == "all" else predicted(scores, exclusive=exclusive)
    )
    source = "chosen by name" if classes else settings.labels
    _write(out, path.stem, image, coarse, [(k, names[k]) for k in chosen], settings, alpha)
    if not chosen:
        return path.name, "none: outside this network's classes", f"{scores.max():.2f} at most", source
    return path.name, ", ".join(names[k] for k in chosen), ", ".join(f"{scores[k]:.2f}" for k in chosen), source


def _write(
    out: Path,
    stem: str,
    image: Any,
    coarse: dict[View, Any],
    classes: Sequence[tuple[int, str]],
    settings: CamInferSettings,
    alpha: float,
) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{view.name: maps.astype(np.float16) for view, maps in coarse.items()})
    write_bytes(out / f"{stem}.npz", buffer.getvalue())
    size = (image.shape[0], image.shape[1])
    how: Normalisation = "official" if settings.relu_order == "official" else "eq3"
    for index, name in classes[:20]:
        cells = [image]
        for scale in (*sorted(settings.scales), None):
            views = {view: maps for view, maps in coarse.items() if scale is None or view.scale == scale}
            score = normalise(aggregate(views, size, [index], settings.relu_order), how)[0]
            cells.append(overlay(image, score, alpha=alpha))
        strip = io.BytesIO()
        Image.fromarray(np.concatenate(cells, axis=1)).save(strip, format="PNG")
        safe = "".join(c if c.isalnum() else "-" for c in name)
        write_bytes(out / f"{stem}.{safe}.png", strip.getvalue())
