"""``ssenet crf``, ``labels``, ``export-labels`` and ``convert``: from CAMs to pseudo-labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ssenet.cli.common import console, dataset_spec, for_people, identifier, parse_scales, parse_settings, progress_bar
from ssenet.cli.stage import open_set, run_in_terminal
from ssenet.config import PAPER_ALPHA, CrfSettings, PseudoLabelSettings
from ssenet.errors import SettingsError

if TYPE_CHECKING:
    from ssenet.refine.pictures import Picture

DatasetOption = Annotated[str, typer.Option(help="'demo', a VOC folder, or a CSV file: the one the set was made from.")]
LabelFiles = Annotated[str, typer.Option("--label-files", help="Labels of a VOC folder: masks, xml or csv.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="Any other setting, as key=value.")]
Pictures = Annotated[int, typer.Option(min=0, help="Pictures of the first images, before and after.")]
Processes = Annotated[int, typer.Option(min=0, help="Processes of the CRF; 0 takes one a core.")]


def add(app: typer.Typer) -> None:
    """Put the commands into the command tree."""
    app.command("crf")(crf)
    app.command("labels")(labels)
    app.command("export-labels")(export_labels)
    app.command("convert")(convert)


@for_people
def crf(
    cams: Annotated[Path, typer.Argument(help="Folder of 'ssenet cam --dataset', or of a set of CAMs.")],
    dataset: DatasetOption = "demo",
    preset: Annotated[str, typer.Option("--crf", help="psa, irn, seam or off.")] = "psa",
    alpha_low: Annotated[float, typer.Option(help="α of the strong background (1 - max)^α.")] = 4.0,
    alpha_high: Annotated[float, typer.Option(help="α of the weak background.")] = 24.0,
    processes: Processes = 0,
    pictures: Pictures = 8,
    setting: SetOption = None,
    label_files: LabelFiles = "masks",
    out: Annotated[Path, typer.Option(help="Folder to write; what is finished in it is kept.")] = Path("runs/crf"),
) -> None:
    """Refine CAMs with a dense CRF under two backgrounds."""
    given = {"crf": preset, "alpha_low": alpha_low, "alpha_high": alpha_high, "processes": processes}
    raw = {**given, **parse_settings(setting or []), "cams": identifier(str(cams))}
    settings = CrfSettings.model_validate(raw)
    source, spec = open_set(cams), dataset_spec(dataset, label_files)
    run_in_terminal("crf", settings.model_dump(mode="json"), spec, out, sets={"cams": source})

    from ssenet.refine.figures import crf_figure
    from ssenet.refine.photographs import photographs_in

    made, photographs = open_set(out), photographs_in(spec, source.manifest.split)
    _draw(made.ids[:pictures], out, lambda image_id: crf_figure(made, source, photographs, image_id))
    console.print(f"CRF scores of {len(made.ids)} images in {made.folder}.")


@for_people
def labels(
    maps: Annotated[Path, typer.Argument(help="Folder of a random walk, or of CAMs.")],
    dataset: DatasetOption = "demo",
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Background score for CAMs.")] = PAPER_ALPHA,
    strong: Annotated[float, typer.Option(help="A class must beat the background times this.")] = 1.0,
    weak: Annotated[float, typer.Option(help="The background times this must beat every class.")] = 1.0,
    preset: Annotated[str, typer.Option("--crf", help="psa, irn, seam or off.")] = "off",
    processes: Processes = 0,
    pictures: Pictures = 8,
    setting: SetOption = None,
    label_files: LabelFiles = "masks",
    out: Annotated[Path, typer.Option(help="Folder to write; what is finished in it is kept.")] = Path("runs/labels"),
) -> None:
    """Pseudo-labels from score maps; scored where the data set has masks."""
    given = {"alpha": alpha, "strong": strong, "weak": weak, "crf": preset, "processes": processes}
    raw = {**given, **parse_settings(setting or []), "maps": identifier(str(maps))}
    settings = PseudoLabelSettings.model_validate(raw)
    source, spec = open_set(maps), dataset_spec(dataset, label_files)
    run_in_terminal("pseudo_labels", settings.model_dump(mode="json"), spec, out, sets={"maps": source})

    from ssenet.refine.figures import label_figure
    from ssenet.refine.photographs import photographs_in

    made, photographs = open_set(out), photographs_in(spec, source.manifest.split)
    _draw(made.ids[:pictures], out, lambda image_id: label_figure(made, source, photographs, image_id))
    console.print(f"Pseudo-labels of {len(made.ids)} images in {made.folder}.")
    _print_scores(out)


def _print_scores(folder: Path) -> None:
    from ssenet.cli.runs import scores

    record = scores(folder)
    if record is None:
        console.print("No scores: the split has no masks, or the maps are of other classes than the data set's.")
        return
    coverage = "" if record.coverage is None else f"; {100 * record.coverage:.1f} % of pixels are labelled"
    p = record.protocol
    how = (
        f"{p.dataset}/{p.split}, {p.images} images, {p.alpha_rule}, CRF {p.crf or 'off'}, image labels {p.label_source}"
    )
    console.print(f"mIoU {record.miou:.1f} % ({how}){coverage}.")


@for_people
def export_labels(
    masks: Annotated[Path, typer.Argument(help="Folder of 'ssenet labels', or of any set of masks.")],
    out: Annotated[Path, typer.Argument(help="Folder to write; new or empty.")],
    dataset: DatasetOption = "demo",
    label_files: LabelFiles = "masks",
) -> None:
    """Write masks with their photographs as a VOC folder."""
    from ssenet.data import open_dataset
    from ssenet.refine.export import write_voc_labels

    image_set = open_set(masks)
    with _counted("photographs") as progress:
        write_voc_labels(image_set, open_dataset(dataset_spec(dataset, label_files)), out, progress=progress)
    console.print(f"VOC folder with {len(image_set.ids)} labelled images in {out}.")


@for_people
def convert(
    folder: Annotated[Path, typer.Argument(help="Folder of ID.npy files; of CRF scores, the one of the smaller α.")],
    kind: Annotated[str, typer.Option(help="cam or crf.")],
    out: Annotated[Path, typer.Option(help="Folder of the set to write.")],
    dataset: DatasetOption = "demo",
    split: Annotated[str, typer.Option(help="Split of the photographs.")] = "train",
    high: Annotated[Path | None, typer.Option(help="Of CRF scores: the folder of the larger α.")] = None,
    alpha_low: Annotated[float, typer.Option(help="Of CRF scores: the smaller α.")] = 4.0,
    alpha_high: Annotated[float, typer.Option(help="Of CRF scores: the larger α.")] = 24.0,
    scales: Annotated[str, typer.Option(help="Of CAMs: the scales they were computed at.")] = "0.5,1,1.5,2",
    flip: Annotated[bool, typer.Option(help="Of CAMs: whether mirrored images were used, too.")] = True,
    label_files: LabelFiles = "masks",
) -> None:
    """Turn the released code's .npy dictionaries into a typed set. Only for files of your own: they are pickles."""
    from ssenet.data import open_dataset
    from ssenet.refine.convert import convert_cams, convert_crf

    if kind not in ("cam", "crf") or (kind == "crf") != (high is not None):
        raise SettingsError("--kind is cam, or crf together with --high FOLDER.")
    opened = open_dataset(dataset_spec(dataset, label_files))
    with _counted("files") as progress:
        if high is None:
            convert_cams(folder, opened, split, out, parse_scales(scales), flip, progress)
        else:
            convert_crf(folder, high, (alpha_low, alpha_high), opened, split, out, progress)
    console.print(f"Set of {len(open_set(out).ids)} images in {out}.")


@contextmanager
def _counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for work that counts by itself."""
    with progress_bar() as progress:
        task = progress.add_task(what, total=None, note="")
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _draw(ids: tuple[str, ...], out: Path, figure: Callable[[str], Picture]) -> None:
    """Write the pictures of some images into the folder ``pictures`` of a run."""
    from ssenet.data.images import encode_png
    from ssenet.files import write_bytes
    from ssenet.sets import item_name

    for image_id in ids:
        write_bytes(out / "pictures" / item_name(image_id, ".png"), encode_png(figure(image_id)))
    if ids:
        console.print(f"Before and after: {out / 'pictures'}.")
