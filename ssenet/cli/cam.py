"""``ssenet cam``: class activation maps of photographs, or of a whole split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.table import Table

from ssenet.bundle import Look, cams_bundle, npz16, pack_bundle, png
from ssenet.cams import Cams
from ssenet.cli.common import checkpoint_files, console, dataset_spec, for_people, identifier, parse_scales
from ssenet.cli.stage import run_in_terminal
from ssenet.config import CamInferSettings, DatasetSpec
from ssenet.errors import SettingsError
from ssenet.files import write_bytes
from ssenet.render import Normalisation, colormaps, overlay

if TYPE_CHECKING:
    from ssenet.stages import CheckpointFiles

_DEFAULT_OUT = Path("cams")
_MOST_STRIPS = 20


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
    opacity: Annotated[float, typer.Option(min=0, max=1, help="Of the map over the photograph.")] = 0.6,
    colours: Annotated[str, typer.Option(help=f"{', '.join(colormaps())}.")] = "inferno",
    normalisation: Annotated[
        str, typer.Option(help="eq3, official, minmax, shared or none; by default that of the ReLU order.")
    ] = "",
    bundle: Annotated[
        Path | None, typer.Option(help="Write one zip with everything of one photograph, and no folder.")
    ] = None,
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
    if bundle is not None and len(images) != 1:
        raise SettingsError("A bundle is of one photograph: name one, or leave out --bundle.")
    settings = CamInferSettings.model_validate({**raw, "checkpoint": "photographs"})
    usual: Normalisation = "official" if settings.relu_order == "official" else "eq3"
    look = Look.model_validate(
        {"alpha": alpha, "opacity": opacity, "colours": colours, "normalisation": normalisation or usual}
    )
    table = Table("photograph", "classes", "scores", "label source", title=files.card.name)
    for path, cams in _photographs(files, images, settings, classes or []):
        table.add_row(path.name, *_said(cams))
        if bundle is None:
            _write(out, path.stem, cams, look)
        else:
            write_bytes(bundle, pack_bundle(cams_bundle({checkpoint_id: cams}, look, stem=identifier(bundle.stem))))
    console.print(table)
    strips = f"Strips (columns: photograph, {settings.scales}, all scales) and raw logits in {out}."
    console.print(strips if bundle is None else f"Pictures, raw logits and their manifest in {bundle}.")


def _split(files: CheckpointFiles, dataset: DatasetSpec, settings: CamInferSettings, out: Path) -> None:
    from ssenet.sets import RESULT

    run_in_terminal("infer_cam", settings.model_dump(mode="json"), dataset, out, checkpoints={"checkpoint": files})
    console.print(f"Set of CAMs in {out / RESULT}.")


def _photographs(
    files: CheckpointFiles, images: Sequence[Path], settings: CamInferSettings, classes: Sequence[str]
) -> Iterator[tuple[Path, Cams]]:
    from ssenet.inference import load_network
    from ssenet.photograph import cam as cams_of

    if settings.labels == "given" and not classes:
        raise SettingsError(
            "A photograph has no given labels: name classes with --class, or choose --labels predicted."
        )
    network = load_network(files.weights, files.card)
    how: dict[str, Any] = {"flip": settings.flip, "labels": settings.labels, "relu_order": settings.relu_order}
    for path in images:
        yield path, cams_of(path, network, settings.scales, classes=classes, **how)


def _said(cams: Cams) -> tuple[str, str, str]:
    source = "chosen by name" if cams.label_source == "given" else cams.label_source
    if not cams.shown:
        return "none: outside this network's classes", f"{max(cams.scores.values()):.2f} at most", source
    return ", ".join(cams.shown), ", ".join(f"{cams.scores[name]:.2f}" for name in cams.shown), source


def _write(out: Path, stem: str, cams: Cams, look: Look) -> None:
    write_bytes(out / f"{stem}.npz", npz16({view.name: maps for view, maps in cams.coarse.items()}))
    for name in cams.shown[:_MOST_STRIPS]:
        cells = [cams.photograph]
        for scale in (*cams.scales, None):
            score = cams.maps([name], scale, look.normalisation)[0]
            drawn = overlay(cams.photograph, score, colours=look.colours, opacity=look.opacity, alpha=look.alpha)
            cells.append(drawn)
        safe = "".join(c if c.isalnum() else "-" for c in name)
        write_bytes(out / f"{stem}.{safe}.png", png(np.concatenate(cells, axis=1)))
