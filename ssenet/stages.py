"""The stages as runs that leave files in a folder and report events: shared by the command line and the service.

Files of a run: ``result/`` (the set that it makes), ``epoch-NNNN/`` (checkpoints), ``states/``
(what only a further attempt needs), ``evaluation.json`` and ``histograms.npz``,
``scores.json`` and ``confusion.npz``, ``ranking.json``. Free of torch until a stage that needs it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ssenet.config import INPUTS, STAGES, Closed, DatasetSpec, JobKind
from ssenet.data import open_dataset
from ssenet.data.base import Dataset
from ssenet.errors import SettingsError
from ssenet.events import Reporter
from ssenet.files import write_bytes
from ssenet.lineage import Step, content_key, lineage_of, stored_settings
from ssenet.results import CheckpointCard
from ssenet.scores import Counts, SegmentationRecord
from ssenet.sets import RESULT, ImageSet, SetManifest, SetWriter, pack

RECORD, HISTOGRAMS = "evaluation.json", "histograms.npz"
SCORES, CONFUSION = "scores.json", "confusion.npz"
RANKING = "ranking.json"
Stop = Callable[[], bool]

RUNNERS: dict[JobKind, str] = {
    "train_cam": "ssenet.cam_stages:train",
    "infer_cam": "ssenet.cam_stages:infer",
    "evaluate": "ssenet.cam_stages:score",
    "crf": "ssenet.refine.crf_stage:run",
    "train_affinity": "ssenet.affinity.stages:train",
    "random_walk": "ssenet.affinity.stages:walk",
    "pseudo_labels": "ssenet.refine.label_stage:run",
    "train_segmentation": "ssenet.segmentation.stages:train",
    "evaluate_segmentation": "ssenet.segmentation.stages:test",
    "triage": "ssenet.triage_stage:run",
}
"""Module and function of each stage, imported when it runs: only some need torch."""
_WITHOUT_TORCH: frozenset[JobKind] = frozenset({"crf", "pseudo_labels"})


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
    checkpoints: dict[str, CheckpointFiles] = Field(default={}, description="By the settings field that names each.")
    sets: dict[str, Path] = Field(default={}, description="Folders of sets, by the settings field that names each.")
    output: Path
    resume_from: Path | None = None
    threads: int = Field(default=0, ge=0, description="Threads torch may use; 0 leaves its default.")

    def opened(self) -> Dataset:
        """The data set."""
        return open_dataset(self.dataset)

    def network(self, field: str) -> CheckpointFiles:
        """The checkpoint that a settings field names. Raises SettingsError when there is none."""
        if field not in self.checkpoints:
            raise SettingsError(f"A run of {self.kind} needs a checkpoint as {field!r}.")
        return self.checkpoints[field]

    def card(self, field: str) -> CheckpointCard:
        """Its card."""
        return self.network(field).card

    def image_set(self, field: str) -> ImageSet:
        """The set that a settings field names.

        Raises:
            SettingsError: there is none, or it is of a kind that this stage cannot use.
            DatasetError: its folder holds no complete set.
        """
        if field not in self.sets:
            raise SettingsError(f"A run of {self.kind} needs a set as {field!r}.")
        found, wanted = ImageSet(self.sets[field]), INPUTS[self.kind][field]
        if found.manifest.kind not in wanted:
            raise SettingsError(f"{field} is a set of {found.manifest.kind}; wanted: {' or '.join(wanted)}.")
        return found

    def writer(self, suffix: str, step: Step) -> SetWriter:
        """Where the set of this run, which is ``step``, is written; what an earlier attempt finished is taken over."""
        earlier = self.resume_from / RESULT if self.resume_from else None
        return SetWriter(self.output / RESULT, suffix, step.key, earlier)

    def step(
        self, settings: Closed, fingerprint: str, weights_sha256: str | None = None, epoch: int | None = None
    ) -> Step:
        """This run as a step of a lineage, under its content key; ``epoch`` counts those a training has done."""
        inputs = {field: files.card.content_sha for field, files in self.checkpoints.items()}
        inputs |= {field: ImageSet(folder).manifest.key for field, folder in self.sets.items()}
        key = content_key(self.kind, settings, inputs, fingerprint)
        stored = stored_settings(settings)
        return Step(kind=self.kind, key=key, settings=stored, epoch=epoch, weights_sha256=weights_sha256)

    def lineage(self, step: Step) -> tuple[Step, ...]:
        """The steps that led to this run, and ``step``, which is this run's."""
        parents = [files.card.steps for files in self.checkpoints.values()]
        parents += [ImageSet(folder).manifest.lineage for folder in self.sets.values()]
        return lineage_of(parents, step)


def run_stage(spec: RunSpec, report: Reporter, stop: Stop = lambda: False) -> None:
    """Run the stage of ``spec`` to its end.

    Raises:
        UserError: the settings, the data or the checkpoint cannot be used.
        Stopped: it was asked to stop; running it again goes on from there.
    """
    settings = STAGES[spec.kind].model_validate(spec.settings)
    spec.output.mkdir(parents=True, exist_ok=True)
    if spec.threads and spec.kind not in _WITHOUT_TORCH:
        import torch

        torch.set_num_threads(spec.threads)
    module, name = RUNNERS[spec.kind].split(":")
    getattr(import_module(module), name)(spec, settings, report, stop)
    report("done")


def close_set(spec: RunSpec, writer: SetWriter, manifest: SetManifest, report: Reporter) -> None:
    """Complete a set and tell of it."""
    writer.close(manifest)
    report("set", folder=str(writer.folder.relative_to(spec.output)))


def publish_scores(spec: RunSpec, record: SegmentationRecord, matrices: dict[str, Counts], report: Reporter) -> None:
    """Write a record with the confusion matrix of every image, and tell of it."""
    counts = np.stack([matrices[i] for i in record.image_ids]).astype(np.int64)
    write_bytes(spec.output / CONFUSION, pack({"matrices": counts}))
    write_bytes(spec.output / SCORES, record.model_dump_json(indent=1).encode())
    report("scores", record=SCORES, counts=CONFUSION)
