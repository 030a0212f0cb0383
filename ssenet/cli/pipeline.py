"""``ssenet pipeline``: the whole paper in one line."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from rich.progress import Progress, TaskID
from rich.table import Table

from ssenet.cli.common import (
    checkpoint_files,
    console,
    dataset_spec,
    for_people,
    identifier,
    parse_settings,
    progress_bar,
)
from ssenet.cli.stage import STOPPED
from ssenet.config import DatasetSpec, JobKind, Method, PipelineSettings, PresetName, pipeline_preset
from ssenet.errors import SettingsError
from ssenet.events import EventType, Stopped

if TYPE_CHECKING:
    from ssenet.stages import CheckpointFiles

_DEFAULT_OUT = Path("runs/pipeline")


class StageBar:
    """One progress bar a stage."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.stage = progress, ""
        self.task: TaskID | None = None

    def state(self, stage: JobKind, state: str) -> None:
        """A stage started or ended."""
        if state == "running":
            self.stage = stage
            self.task = self.progress.add_task(stage, total=None, note="")
        elif state == "reused":
            console.print(f"{stage}: finished before, nothing to compute")
        elif self.task is not None:
            self.progress.update(self.task, note="done")

    def report(self, type: EventType, **values: Any) -> None:
        """Progress within the stage."""
        if type == "progress" and self.task is not None:
            self.progress.update(self.task, completed=values["done"], total=values["total"], note=values["message"])


@for_people
def pipeline(
    dataset: Annotated[str, typer.Option(help="'demo', a VOC folder, or a CSV file.")] = "demo",
    preset: Annotated[str, typer.Option(help="quick, demo or paper.")] = "quick",
    method: Annotated[str, typer.Option(help="Of the CAM network that is trained: baseline or ssenet.")] = "ssenet",
    start: Annotated[
        str | None, typer.Option("--checkpoint", help="Start from this CAM network (built-in id or folder).")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the stages; what is finished in it is used again.")
    ] = _DEFAULT_OUT,
    last: Annotated[str | None, typer.Option(help="Stage to stop after, such as pseudo_labels.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="Any setting, as key=value or stage.key=value.")
    ] = None,
    labels: Annotated[str, typer.Option(help="Labels of a VOC folder: masks, xml or csv.")] = "masks",
) -> None:
    """CAM → CRF → AffinityNet → random walk → pseudo-labels → DeepLab → mIoU. Ctrl-C stops; repeat to go on."""
    spec = dataset_spec(dataset, labels)
    changes: dict[str, Any] = {"dataset": spec.name, **({"last": last} if last else {})}
    settings = pipeline_settings(preset, method, start, changes, setting or [])
    given = {settings.checkpoint: checkpoint_files(start)} if start and settings.checkpoint else {}
    console.print(summary(run_in_terminal(settings, spec, out, given)))


def run_in_terminal(
    settings: PipelineSettings, dataset: DatasetSpec, out: Path, given: dict[str, CheckpointFiles] | None = None
) -> dict[JobKind, Path]:
    """Run a pipeline below ``out`` with a bar a stage; returns the folder of each stage.

    Raises:
        UserError: a stage cannot be done.
        typer.Exit: with code 75, it was interrupted.
    """
    from ssenet.local import LocalPipeline

    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with progress_bar() as progress:
        bar = StageBar(progress)
        run = LocalPipeline(settings, dataset, out, given or {}, bar.report, bar.state, stopping.is_set)
        try:
            return {name: result.folder for name, result in run.run().items()}
        except Stopped:
            console.print(f"Stopped in {bar.stage}. The same command goes on from there.")
            raise typer.Exit(STOPPED) from None


def pipeline_settings(
    preset: str, method: str, start: str | None, changes: dict[str, Any], pairs: list[str]
) -> PipelineSettings:
    """The preset's settings with single ones replaced; ``pairs`` are key=value or stage.key=value.

    Raises:
        SettingsError: no such preset, method or stage.
        pydantic.ValidationError: a setting is unknown or out of range.
    """
    if preset not in get_args(PresetName) or method not in get_args(Method):
        raise SettingsError("--preset is one of quick, demo, paper, and --method is baseline or ssenet.")
    name: PresetName = "paper" if preset == "paper" else "demo" if preset == "demo" else "quick"
    of: Method = "baseline" if method == "baseline" else "ssenet"
    given = identifier(start) if start else None
    values = pipeline_preset(name, of, checkpoint=given).model_dump(mode="json", exclude_none=True)
    values |= changes
    for key, value in parse_settings(pairs).items():
        stage, _, inner = key.rpartition(".")
        target = values.setdefault(stage, {}) if stage else values
        if not isinstance(target, dict):
            raise SettingsError(f"{stage} is no stage, so {key} is no setting.")
        target[inner] = value
    return PipelineSettings.model_validate(values)


def summary(folders: dict[JobKind, Path]) -> Table:
    """mIoU after each stage that was scored, with where it comes from."""
    from ssenet.cli.runs import cam_miou, scores

    table = Table("stage", "mIoU (%)", "how", "folder", title="From CAM to segmentation")
    if "evaluate" in folders:
        at, alpha, best = cam_miou(folders["evaluate"])
        table.add_row("CAM", f"{at:.1f}", f"α = 0.2 (best {best:.1f} at α = {alpha:.3f})", str(folders["evaluate"]))
    for name in ("pseudo_labels", "evaluate_segmentation"):
        record = scores(folders[name]) if name in folders else None
        if record is not None:
            p = record.protocol
            how = f"{p.dataset}/{p.split}, {p.images} images; {p.alpha_rule}; CRF {p.crf or 'off'}"
            table.add_row(record.subject, f"{record.miou:.1f}", how, str(folders[name]))
    return table
