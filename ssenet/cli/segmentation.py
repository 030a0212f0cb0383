"""``ssenet segment``, ``test``, ``gallery`` and ``export-results``: the segmentation network and its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import numpy as np
import typer
from rich.table import Table

from ssenet.cli.common import (
    checkpoint_files,
    console,
    dataset_spec,
    for_people,
    identifier,
    parse_scales,
    parse_settings,
    progress_bar,
)
from ssenet.cli.stage import open_set, run_in_terminal
from ssenet.config import (
    DEFAULT_BACKBONE,
    TEST_SCALES,
    PresetName,
    SegmentationTestSettings,
    SegmentationTrainSettings,
    pipeline_preset,
)
from ssenet.errors import SettingsError

if TYPE_CHECKING:
    from ssenet.scores import SegmentationRecord

_ALL = ",".join(f"{scale:g}" for scale in TEST_SCALES)
DatasetOption = Annotated[str, typer.Option(help="'demo', a VOC folder, or a CSV file.")]
LabelFiles = Annotated[str, typer.Option("--label-files", help="Labels of a VOC folder: masks, xml or csv.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="Any other setting, as key=value.")]
Predictions = Annotated[Path, typer.Argument(help="Folder that 'ssenet test' wrote, or a set of masks.")]


def add(app: typer.Typer) -> None:
    """Put the commands into the command tree."""
    app.command("segment")(segment)
    app.command("test")(test)
    app.command("gallery")(gallery)
    app.command("export-results")(export_results)


@for_people
def segment(
    labels: Annotated[Path, typer.Argument(help="Folder of 'ssenet labels', or of any set of masks.")],
    dataset: DatasetOption = "demo",
    preset: Annotated[str, typer.Option(help="quick, demo or paper.")] = "demo",
    backbone: Annotated[str | None, typer.Option(help="resnet38 or any timm model.")] = None,
    start: Annotated[
        str | None, typer.Option(help="Checkpoint whose backbone it starts from, in place of ImageNet.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the labelled images.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random choice.")] = None,
    setting: SetOption = None,
    label_files: LabelFiles = "masks",
    out: Annotated[Path, typer.Option(help="Folder for states and checkpoints; the same folder resumes.")] = Path(
        "runs/segmentation"
    ),
) -> None:
    """Train DeepLab on pseudo-labels. Ctrl-C saves a state; the same command goes on from it."""
    given: dict[str, Any] = {"epochs": epochs, "seed": seed, "start": identifier(start) if start else None}
    if backbone:
        given |= {"backbone": backbone, "pretrained": backbone in ("resnet38", DEFAULT_BACKBONE)}
    changes = {key: value for key, value in given.items() if value is not None}
    changes |= {"labels": identifier(str(labels)), **parse_settings(setting or [])}
    settings = segmentation_settings(preset, changes)
    source, starts = open_set(labels), {"start": checkpoint_files(start)} if start else {}
    run_in_terminal(
        "train_segmentation",
        settings.model_dump(mode="json"),
        dataset_spec(dataset, label_files),
        out,
        sets={"labels": source},
        checkpoints=starts,
    )
    _print_epochs(out)


def segmentation_settings(preset: str, changes: Mapping[str, Any]) -> SegmentationTrainSettings:
    """The preset's settings with single ones replaced.

    Raises:
        SettingsError: no such preset.
        pydantic.ValidationError: a setting is unknown or out of range.
    """
    names: tuple[PresetName, ...] = get_args(PresetName)
    chosen = next((name for name in names if name == preset), None)
    if chosen is None:
        raise SettingsError(f"--preset is one of {', '.join(names)}.")
    options = pipeline_preset(chosen, checkpoint="none").segmentation
    return SegmentationTrainSettings.model_validate({**options.model_dump(mode="json"), **changes})


def _print_epochs(folder: Path) -> None:
    from ssenet.results import CheckpointCard

    cards = [CheckpointCard.model_validate_json(p.read_bytes()) for p in sorted(folder.glob("epoch-*/card.json"))]
    names = sorted({name for card in cards for name in card.metrics})
    table = Table("epoch", "step", *names, title=cards[-1].name)
    for card in cards:
        table.add_row(str(card.epoch), str(card.step), *(_shown(card.metrics.get(name)) for name in names))
    console.print(table)
    console.print(f"Checkpoints in {folder}; the last one is used by: ssenet test {folder}")


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


@for_people
def test(
    checkpoint_id: Annotated[
        str, typer.Argument(metavar="CHECKPOINT", help="Folder that 'ssenet segment' wrote, or one with card.json.")
    ],
    dataset: DatasetOption = "demo",
    split: Annotated[str, typer.Option(help="Split to predict.")] = "val",
    images: Annotated[int | None, typer.Option(min=1, help="Only the first images.")] = None,
    scales: Annotated[str, typer.Option(help="Comma-separated scales.")] = _ALL,
    flip: Annotated[bool, typer.Option(help="Also average with the mirrored image.")] = True,
    crf: Annotated[str, typer.Option(help="psa, irn, seam or off.")] = "off",
    setting: SetOption = None,
    label_files: LabelFiles = "masks",
    out: Annotated[Path, typer.Option(help="Folder to write; what is finished in it is kept.")] = Path("runs/test"),
) -> None:
    """Predict every image of a split; score the predictions where the split has masks."""
    files, spec = checkpoint_files(checkpoint_id), dataset_spec(dataset, label_files)
    raw: dict[str, Any] = {"checkpoint": identifier(checkpoint_id), "dataset": spec.name, "split": split}
    raw |= {"images": images, "scales": parse_scales(scales), "flip": flip, "crf": crf, **parse_settings(setting or [])}
    settings = SegmentationTestSettings.model_validate(raw)
    run_in_terminal(
        "evaluate_segmentation", settings.model_dump(mode="json"), spec, out, checkpoints={"checkpoint": files}
    )

    from ssenet.cli.runs import scores

    record = scores(out)
    console.print(f"Predictions in {open_set(out).folder}.")
    console.print("The split has no masks, so there are no scores." if record is None else class_table(record))


def class_table(record: SegmentationRecord) -> Table:
    """IoU of every class, its mean, and what it was measured on."""
    from ssenet.scores import m_fn_m_fp

    p = record.protocol
    views = f"scales {', '.join(f'{scale:g}' for scale in p.scales)}{' and mirrored' if p.flip else ''}"
    title = f"{p.dataset}/{p.split}, {p.images} images; {views}; {p.crf or 'no CRF'}"
    table = Table("class", "IoU (%)", "pixels", title=title)
    pixels = record.counts.sum(axis=1)
    for name, value, count in zip(("background", *record.classes), record.iou, pixels, strict=True):
        table.add_row(name, f"{100 * value:.1f}", f"{count:,}", end_section=name == record.classes[-1])
    false_negatives, false_positives = m_fn_m_fp(record.counts)
    # Neither is defined for a class without one right pixel, so the mean is one over the others.
    found = f"of {np.count_nonzero(np.diagonal(record.counts)[1:])} of {len(record.classes)} classes"
    table.add_row("mean (mIoU)", f"{record.miou:.1f}", f"{pixels.sum():,}", end_section=True)
    table.add_row(f"m_FN {found}", f"{false_negatives:.2f}", "")
    table.add_row(f"m_FP {found}", f"{false_positives:.2f}", "")
    return table


@for_people
def gallery(
    predictions: Predictions,
    dataset: DatasetOption = "demo",
    images: Annotated[int, typer.Option(min=1, max=200, help="How many, from the first on.")] = 8,
    names: Annotated[list[str] | None, typer.Option("--image", help="These images, by id.")] = None,
    across: Annotated[int, typer.Option(min=1, max=10, help="Examples side by side.")] = 2,
    cell: Annotated[int, typer.Option(min=32, max=1000, help="Largest side of a picture, in pixels.")] = 240,
    opacity: Annotated[float, typer.Option(min=0, max=1, help="Below 1, labels lie over the photograph.")] = 1.0,
    label_files: LabelFiles = "masks",
    out: Annotated[Path, typer.Option(help="PNG file to write.")] = Path("figure-6.png"),
) -> None:
    """Draw Fig. 6: photographs, ground truth and predictions, with the legend of the classes that occur."""
    from ssenet.data import open_dataset
    from ssenet.data.images import encode_png
    from ssenet.files import write_bytes
    from ssenet.refine.photographs import photographs_of
    from ssenet.segmentation.gallery import examples_of
    from ssenet.segmentation.gallery import gallery as draw

    image_set = open_set(predictions)
    photographs = photographs_of(image_set, open_dataset(dataset_spec(dataset, label_files)))
    chosen = names or list(image_set.ids[:images])
    unknown = [name for name in chosen if name not in image_set.ids]
    if unknown or image_set.manifest.kind != "masks":
        raise SettingsError(f"{predictions} holds no masks of {', '.join(unknown) or 'any image'}.")
    examples = examples_of(image_set, photographs, chosen)
    picture = draw(examples, image_set.manifest.classes, across=across, cell=cell, opacity=opacity)
    write_bytes(out, encode_png(picture))
    console.print(f"Wrote {len(examples)} examples to {out}.")


@for_people
def export_results(
    predictions: Predictions,
    out: Annotated[Path, typer.Argument(help="Folder to write below; without earlier results.")],
    archive: Annotated[bool, typer.Option(help="Also pack results.tgz, which the server takes.")] = True,
) -> None:
    """Write predictions as the PASCAL VOC evaluation server wants them."""
    from ssenet.segmentation.export import write_server_results

    image_set = open_set(predictions)
    with progress_bar() as progress:
        task = progress.add_task("predictions", total=None, note="")
        written = write_server_results(
            image_set,
            out,
            archive=archive,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    console.print(f"{len(image_set.ids)} predictions in {written}.")
