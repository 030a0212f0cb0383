"""``ssenet affinity`` and ``ssenet walk``: train AffinityNet, and let CAMs walk along its affinities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from ssenet.cli.common import checkpoint_files, console, dataset_spec, for_people, identifier, parse_settings
from ssenet.cli.stage import open_set, run_in_terminal
from ssenet.config import AffinityTrainSettings, PresetName, WalkSettings, pipeline_preset
from ssenet.errors import SettingsError

DatasetOption = Annotated[str, typer.Option(help="'demo', a VOC folder, or a CSV file: the one the set was made from.")]
LabelFiles = Annotated[str, typer.Option("--label-files", help="Labels of a VOC folder: masks, xml or csv.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="Any other setting, as key=value.")]


def add(app: typer.Typer) -> None:
    """Put the commands into the command tree."""
    app.command("affinity")(affinity)
    app.command("walk")(walk)


@for_people
def affinity(
    crf: Annotated[Path, typer.Argument(help="Folder of 'ssenet crf', or of a set of CRF scores.")],
    dataset: DatasetOption = "demo",
    preset: Annotated[str, typer.Option(help="quick, demo or paper.")] = "demo",
    start: Annotated[
        str | None, typer.Option(help="Checkpoint whose backbone it starts from: a built-in id, or a folder.")
    ] = None,
    backbone: Annotated[str | None, typer.Option(help="resnet38 or any timm model.")] = None,
    stride: Annotated[int | None, typer.Option(help="Of the affinities: 8 or 16 pixels.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the set.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random choice.")] = None,
    setting: SetOption = None,
    label_files: LabelFiles = "masks",
    out: Annotated[Path, typer.Option(help="Folder for states and checkpoints; the same folder resumes.")] = Path(
        "runs/affinity"
    ),
) -> None:
    """Train AffinityNet on the labels that a set of CRF scores gives. Ctrl-C saves a state; repeat to go on."""
    given = {"backbone": backbone, "stride": stride, "epochs": epochs, "seed": seed}
    raw = {**_preset(preset), **{k: v for k, v in given.items() if v is not None}, **parse_settings(setting or [])}
    raw |= {"crf": identifier(str(crf)), "start": identifier(start) if start else None}
    settings = AffinityTrainSettings.model_validate(raw)
    checkpoints = {"start": checkpoint_files(start)} if start else {}
    source, spec = open_set(crf), dataset_spec(dataset, label_files)
    run_in_terminal(
        "train_affinity", settings.model_dump(mode="json"), spec, out, sets={"crf": source}, checkpoints=checkpoints
    )
    card = checkpoint_files(str(out)).card
    figures = ", ".join(f"{name} {value:.3f}" for name, value in card.metrics.items())
    console.print(f"Done: {card.name}, {out / f'epoch-{card.epoch:04d}'} ({figures}).")


def _preset(name: str) -> dict[str, Any]:
    if name not in get_args(PresetName):
        raise SettingsError("--preset is one of quick, demo, paper.")
    chosen: PresetName = "paper" if name == "paper" else "quick" if name == "quick" else "demo"
    return pipeline_preset(chosen, checkpoint="given").affinity.model_dump(mode="json")


@for_people
def walk(
    network: Annotated[str, typer.Argument(metavar="AFFINITYNET", help="Folder of 'ssenet affinity', or of an epoch.")],
    cams: Annotated[Path, typer.Argument(help="Folder of 'ssenet cam --dataset', or of a set of CAMs.")],
    dataset: DatasetOption = "demo",
    beta: Annotated[float, typer.Option(help="Power β of the affinities.")] = 8.0,
    log_steps: Annotated[int, typer.Option(help="The walk takes 2 to this power steps.")] = 8,
    background: Annotated[str, typer.Option(help="constant (α), or power: (1 - max)^power.")] = "constant",
    alpha: Annotated[float, typer.Option(help="Background score of the constant rule.")] = 0.2,
    pictures: Annotated[int, typer.Option(min=0, help="Pictures of the first images, before and after.")] = 8,
    setting: SetOption = None,
    label_files: LabelFiles = "masks",
    out: Annotated[Path, typer.Option(help="Folder to write; what is finished in it is kept.")] = Path("runs/walk"),
) -> None:
    """Random walk of a set of CAMs along affinities. Ctrl-C stops between two images; repeat to go on."""
    given = {"beta": beta, "log_steps": log_steps, "background": background, "alpha": alpha}
    raw = {**given, **parse_settings(setting or []), "checkpoint": identifier(network), "cams": identifier(str(cams))}
    settings = WalkSettings.model_validate(raw)
    source, spec, files = open_set(cams), dataset_spec(dataset, label_files), checkpoint_files(network)
    run_in_terminal(
        "random_walk",
        settings.model_dump(mode="json"),
        spec,
        out,
        sets={"cams": source},
        checkpoints={"checkpoint": files},
    )

    from ssenet.affinity.figures import walk_figure
    from ssenet.data.images import encode_png
    from ssenet.files import write_bytes
    from ssenet.refine.photographs import photographs_in
    from ssenet.sets import item_name

    made, photographs = open_set(out), photographs_in(spec, source.manifest.split)
    for image_id in made.ids[:pictures]:
        picture = encode_png(walk_figure(made, source, photographs, image_id))
        write_bytes(out / "pictures" / item_name(image_id, ".png"), picture)
    console.print(f"Scores of {len(made.ids)} images in {made.folder}; before and after in {out / 'pictures'}.")
