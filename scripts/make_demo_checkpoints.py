"""Train, shrink and evaluate the two demo checkpoints with the project's own trainer.

The same settings and seed for both, but for the method. Stopping and starting again goes
on where it was: about half an hour on two CPU cores.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console

from ssenet.config import DatasetSpec, EvaluateSettings, Method, train_preset
from ssenet.data import open_dataset
from ssenet.evaluate import evaluate
from ssenet.events import EventType
from ssenet.files import write_bytes
from ssenet.histograms import save_histograms
from ssenet.inference import load_network
from ssenet.results import CheckpointCard
from ssenet.training.cam import cam_training
from ssenet.training.checkpoint import WEIGHTS, sha256, weights_bytes
from ssenet.weights.builtin import FOLDER

RUNS = Path("runs/demo-checkpoints")
LICENCE = (
    "Weights: Apache-2.0, fine-tuned from EfficientNet-Lite0 (Apache-2.0). Training images: composed from "
    "Tux Paint stamps (GPL-2.0-or-later) over GCompris photographs (public domain or CC0)."
)
METHODS: tuple[Method, ...] = ("baseline", "ssenet")
console = Console()


def report(type: EventType, **values: Any) -> None:
    if type == "epoch":
        console.print(f"epoch {values['epoch']}: " + "  ".join(f"{k} {v:.3f}" for k, v in values["values"].items()))


def train(method: Method) -> tuple[CheckpointCard, Path]:
    """The last checkpoint of a full run, or of the one that was already finished."""
    dataset = open_dataset(DatasetSpec(name="demo", kind="demo"))
    folder = RUNS / method
    card = cam_training(train_preset("demo", method), dataset, folder, report).run()
    return card, folder / f"epoch-{card.epoch:04d}" / WEIGHTS


def shrink(name: str, method: Method, card: CheckpointCard, weights: Path) -> CheckpointCard:
    """Half precision for shipping; the card's metrics are those of the full precision network."""
    small = weights_bytes(load_network(weights, card).model, torch.float16)
    title = {"baseline": "Demo baseline", "ssenet": "Demo SSENet"}[method]
    note = "Stored in float16; the metrics were measured in float32 before."
    changes = {"name": title, "weights_sha256": sha256(small), "licence": LICENCE, "notes": note}
    shipped = card.model_copy(update=changes)
    write_bytes(FOLDER / f"{name}.safetensors", small)
    write_bytes(FOLDER / f"{name}.json", (shipped.model_dump_json(indent=1) + "\n").encode())
    return shipped


def score(name: str, card: CheckpointCard) -> None:
    """Every single scale and multi-scale on the whole validation split."""
    dataset = open_dataset(DatasetSpec(name="demo", kind="demo"))
    network = load_network(FOLDER / f"{name}.safetensors", card)
    record, histograms = evaluate(network, dataset, EvaluateSettings(checkpoint=name))
    write_bytes(FOLDER / f"{name}.evaluation.npz", save_histograms(histograms))
    write_bytes(FOLDER / f"{name}.evaluation.json", (record.model_dump_json(indent=1) + "\n").encode())


def main(only: Annotated[str | None, typer.Option(help="baseline or ssenet; both when left out.")] = None) -> None:
    for method in METHODS:
        if only not in (None, method):
            continue
        console.rule(method)
        card, weights = train(method)
        name = f"demo-{method}"
        score(name, shrink(name, method, card, weights))
        console.print(f"Wrote {name} to {FOLDER}.")


if __name__ == "__main__":
    typer.run(main)
