"""The stages as runs that leave files in a folder and report events: shared by the command line and the service."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ssenet.config import (
    STAGES,
    CamInferSettings,
    CamTrainSettings,
    Closed,
    DatasetSpec,
    EvaluateSettings,
    JobKind,
)
from ssenet.data import open_dataset
from ssenet.data.base import Sample
from ssenet.errors import SettingsError
from ssenet.evaluate import Scored, chosen_classes, count_images, evaluate
from ssenet.events import Reporter, Stopped
from ssenet.files import write_bytes
from ssenet.inference import Network, load_network
from ssenet.render import class_scores
from ssenet.results import CheckpointCard, save_histograms, views_of
from ssenet.training.cam import CamTrainer

RECORD, HISTOGRAMS = "evaluation.json", "histograms.npz"
Stop = Callable[[], bool]


class CheckpointFiles(BaseModel):
    """Where a checkpoint's weights lie, and its card."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: Path
    card: CheckpointCard


class RunSpec(BaseModel):
    """All that one run of a stage needs; it knows no database."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: JobKind
    settings: dict[str, Any]
    dataset: DatasetSpec
    checkpoint: CheckpointFiles | None = None
    output: Path
    resume_from: Path | None = None
    threads: int = Field(default=0, ge=0, description="Threads torch may use; 0 leaves its default.")


def run_stage(spec: RunSpec, report: Reporter, stop: Stop = lambda: False) -> None:
    """Run the stage of ``spec`` to its end.

    Raises:
        UserError: the settings, the data or the checkpoint cannot be used.
        Stopped: it was asked to stop; running it again goes on from there.
    """
    settings = STAGES[spec.kind].model_validate(spec.settings)
    spec.output.mkdir(parents=True, exist_ok=True)
    if spec.threads:
        import torch

        torch.set_num_threads(spec.threads)
    _RUNNERS[spec.kind](spec, settings, report, stop)
    report("done")


def _train(spec: RunSpec, settings: Closed, report: Reporter, stop: Stop) -> None:
    assert isinstance(settings, CamTrainSettings)
    dataset = open_dataset(spec.dataset)
    CamTrainer(settings, dataset, spec.output, report, stop=stop, resume_from=spec.resume_from).run()


def _network(spec: RunSpec) -> Network:
    if spec.checkpoint is None:
        raise SettingsError(f"A run of {spec.kind} needs a checkpoint.")
    return load_network(spec.checkpoint.weights, spec.checkpoint.card)


def _image_progress(report: Reporter, stop: Stop) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        report("progress", done=done, total=total, unit="images", message=f"{done} of {total} images")
        if stop() and done < total:
            raise Stopped

    return progress


def _evaluate(spec: RunSpec, settings: Closed, report: Reporter, stop: Stop) -> None:
    assert isinstance(settings, EvaluateSettings)
    record, histograms = evaluate(_network(spec), open_dataset(spec.dataset), settings, _image_progress(report, stop))
    write_bytes(spec.output / HISTOGRAMS, save_histograms(histograms))
    write_bytes(spec.output / RECORD, record.model_dump_json(indent=1).encode())
    report("evaluation", record=RECORD, histograms=HISTOGRAMS)


def _infer(spec: RunSpec, settings: Closed, report: Reporter, stop: Stop) -> None:
    """Raw coarse logits of the chosen classes, one npz a photograph; finished ones are not computed again."""
    assert isinstance(settings, CamInferSettings)
    network, dataset = _network(spec), open_dataset(spec.dataset)
    images = count_images(dataset, settings.split, settings.images)
    progress, ids = _image_progress(report, stop), dataset.ids(settings.split)
    for index in range(images):
        path = spec.output / "cams" / f"{ids[index]}.npz"
        earlier = spec.resume_from and spec.resume_from / "cams" / path.name
        if earlier and earlier.exists():
            write_bytes(path, earlier.read_bytes())
        elif not path.exists():
            sample = dataset.sample(settings.split, index, with_mask=False)
            write_bytes(path, _cam_npz(network, sample, settings))
        progress(index + 1, images)


def _cam_npz(network: Network, sample: Sample, settings: CamInferSettings) -> bytes:
    exclusive = network.card.method == "classifier"
    coarse = network.coarse_logits(sample.image, views_of(settings.scales, settings.flip))
    scores = class_scores(coarse, exclusive=exclusive)
    classes = chosen_classes(Scored(sample, coarse, scores), settings.labels, exclusive=exclusive)
    arrays: dict[str, Any] = {view.name: maps[classes].astype(np.float16) for view, maps in coarse.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, classes=np.array(classes, np.int64), scores=scores, **arrays)
    return buffer.getvalue()


_RUNNERS: dict[Literal["train_cam", "infer_cam", "evaluate"], Callable[[RunSpec, Closed, Reporter, Stop], None]] = {
    "train_cam": _train,
    "infer_cam": _infer,
    "evaluate": _evaluate,
}
