"""``ssenet train``."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from ssenet.cli.common import console, dataset_spec, for_people, parse_settings, progress_bar
from ssenet.config import Method, PresetName, recipe, train_preset
from ssenet.errors import SettingsError
from ssenet.events import EventType, Stopped

_DEFAULT_OUT = Path("runs/cam")


class _Terminal:
    """Shows events as a progress bar and a line an epoch."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.task = progress.add_task("training", total=None, note="")

    def __call__(self, type: EventType, **values: Any) -> None:
        if type == "progress":
            self.progress.update(self.task, completed=values["done"], total=values["total"])
        elif type == "metrics":
            shown = " ".join(f"{name} {value:.4g}" for name, value in values["values"].items())
            self.progress.update(self.task, note=shown)
        elif type == "epoch":
            shown = "  ".join(f"{name} {value:.3f}" for name, value in values["values"].items())
            console.print(f"epoch {values['epoch']}: {shown}")


@for_people
def train(
    dataset: Annotated[str, typer.Option(help="'demo', a VOC folder, or a CSV file.")] = "demo",
    out: Annotated[
        Path, typer.Option(help="Folder for states and checkpoints; the same folder resumes.")
    ] = _DEFAULT_OUT,
    preset: Annotated[str, typer.Option(help="quick, demo or paper.")] = "demo",
    method: Annotated[str, typer.Option(help="baseline or ssenet.")] = "ssenet",
    backbone: Annotated[
        str | None, typer.Option(help="resnet38 or any timm model; takes that backbone's recipe.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Downsampling rate of the small branch.")] = None,
    eta: Annotated[float | None, typer.Option(help="Weight of SER.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training split.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random choice.")] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help="Any other setting, as key=value.")] = None,
    labels: Annotated[str, typer.Option(help="Labels of a VOC folder: masks, xml or csv.")] = "masks",
    weights: Annotated[Path | None, typer.Option(help="ImageNet weights of ResNet38: the MXNet .params file.")] = None,
) -> None:
    """Train a CAM network: the baseline or SSENet. Ctrl-C saves a state; the same command goes on from it."""
    spec = dataset_spec(dataset, labels)
    if preset not in ("quick", "demo", "paper") or method not in ("baseline", "ssenet"):
        raise SettingsError("--preset is one of quick, demo, paper, and --method is baseline or ssenet.")
    given = {"rate": rate, "eta": eta, "epochs": epochs, "seed": seed}
    changes = {**(recipe(backbone) if backbone else {}), **{k: v for k, v in given.items() if v is not None}}
    changes |= {"dataset": spec.name, **parse_settings(setting or [])}
    settings = train_preset(_preset(preset), _method(method), **changes)
    stopping = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())

    from ssenet.data import open_dataset
    from ssenet.training.cam import cam_training

    with progress_bar() as progress:
        trainer = cam_training(
            settings, open_dataset(spec), out, _Terminal(progress), stop=stopping.is_set, imagenet_weights=weights
        )
        try:
            card = trainer.run()
        except Stopped:
            console.print(f"Stopped after step {trainer.step}. The same command goes on from there.")
            raise typer.Exit(75) from None
    console.print(f"Done: {card.name}, {out / f'epoch-{card.epoch:04d}'}")


def _preset(text: str) -> PresetName:
    return "quick" if text == "quick" else "paper" if text == "paper" else "demo"


def _method(text: str) -> Method:
    return "baseline" if text == "baseline" else "ssenet"
