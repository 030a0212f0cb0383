"""The smallest trainings that still go through every part."""

from pathlib import Path
from typing import Any

from ssenet.config import CamTrainSettings, DatasetSpec

SPEC = DatasetSpec(name="demo", kind="demo", train_images=12, val_images=4)


def tiny_settings(**changes: Any) -> CamTrainSettings:
    """Two epochs of three steps on 64-pixel crops."""
    base: dict[str, Any] = {
        "crop": 64,
        "scale_min": 64,
        "scale_max": 96,
        "batch_size": 4,
        "epochs": 2,
        "val_images": 2,
        "dropout": 0.2,
        "save_every_steps": 1,
    }
    return CamTrainSettings(**{**base, **changes})


class Recorder:
    """Keeps the events of a run."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def __call__(self, type: str, **values: Any) -> None:
        self.events.append({"type": type, **values})

    def of(self, type: str) -> list[dict[str, Any]]:
        """Events of one type."""
        return [event for event in self.events if event["type"] == type]


def weights_at(folder: Path, epoch: int) -> bytes:
    """Bytes of a published checkpoint."""
    return (folder / f"epoch-{epoch:04d}" / "weights.safetensors").read_bytes()
