"""The pipeline in this process: each stage in a folder of its own, found again by its content key.

    OUT/pipeline.json
    OUT/<stage>/<first 16 digits of its key>/   the stage's run, and done.json when it is finished

A stage whose folder is finished is not run again, whichever settings changed elsewhere;
one that was killed goes on from what lies in its folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ssenet.config import OUTPUTS, STAGES, Closed, DatasetSpec, JobKind, PipelineSettings
from ssenet.crf import unavailable
from ssenet.data import open_dataset
from ssenet.data.base import Dataset
from ssenet.errors import CheckpointError, SettingsError, UserError
from ssenet.evaluate import count_images
from ssenet.events import EventType, Reporter, Stopped
from ssenet.files import write_bytes
from ssenet.pipeline import Stage, checked, stage_settings
from ssenet.results import CheckpointCard
from ssenet.sets import RESULT
from ssenet.stages import CheckpointFiles, RunSpec, Stop, run_stage

DONE = "done.json"
StageState = Callable[[JobKind, str], None]


class StageError(UserError):
    """A stage of a pipeline failed; what the stages before it made is kept."""

    def __init__(self, stage: JobKind, error: UserError) -> None:
        super().__init__(f"The pipeline stopped in {stage}: {error} What is finished is kept; repeat to go on there.")
        self.stage = stage


@dataclass(frozen=True)
class Finished:
    """A finished stage: its folder, its content key, and whether it was finished before."""

    folder: Path
    key: str
    reused: bool


@dataclass
class LocalPipeline:
    """Runs a pipeline below a folder.

    Args:
        settings: of the pipeline.
        dataset: how to open its data set.
        folder: where stages lie; several pipelines may share one, and then share finished stages.
        given: files of the checkpoints that the settings name.
        report: told of progress within a stage.
        state: told when a stage starts ("running"), and how it ended ("done" or "reused").
        stop: whether to stop.
    """

    settings: PipelineSettings
    dataset: DatasetSpec
    folder: Path
    given: dict[str, CheckpointFiles] = field(default_factory=dict)
    report: Reporter = lambda type, **values: None
    state: StageState = lambda stage, state: None
    stop: Stop = lambda: False

    def run(self) -> dict[JobKind, Finished]:
        """Run what is not finished; returns every stage.

        Raises:
            StageError: a stage cannot be done; the message names it. Of other errors, a note names it.
            Stopped: it was asked to stop.
        """
        opened = open_dataset(self.dataset)
        stages = checked(self.settings, masked=self.settings.split in opened.masked_splits)
        _check_splits(self.settings, stages, opened)
        _check_crf(stages)
        write_bytes(self.folder / "pipeline.json", self.settings.model_dump_json(indent=1).encode())
        finished: dict[JobKind, Finished] = {}
        for stage in stages:
            with _naming(stage.name):
                finished[stage.name] = self._stage(stage, finished, opened)
        return finished

    def _stage(self, stage: Stage, finished: dict[JobKind, Finished], opened: Dataset) -> Finished:
        settings = stage_settings(stage, {name: _id(name, result) for name, result in finished.items()})
        spec = self._spec(stage, settings, finished)
        key = spec.step(settings, opened.fingerprint).key
        folder = self.folder / stage.name / key[:16]
        if (folder / DONE).is_file():
            self.state(stage.name, "reused")
            return Finished(folder, key, reused=True)
        self.state(stage.name, "running")
        run_stage(spec.model_copy(update={"output": folder}), self._told, self.stop)
        write_bytes(folder / DONE, json.dumps({"key": key}).encode())
        self.state(stage.name, "done")
        return Finished(folder, key, reused=False)

    def _told(self, type: EventType, **values: Any) -> None:
        self.report(type, **values)

    def _spec(self, stage: Stage, settings: Closed, finished: dict[JobKind, Finished]) -> RunSpec:
        checkpoints = {name: self._checkpoint(text) for name, text in stage.given.items()}
        sets: dict[str, Path] = {}
        for name, source in stage.inputs.items():
            folder = finished[source].folder
            if OUTPUTS[source] in ("cam", "affinity", "segmentation"):
                checkpoints[name] = final_checkpoint(folder)
            else:
                sets[name] = folder / RESULT
        return RunSpec(
            kind=stage.name,
            settings=STAGES[stage.name].model_validate(settings).model_dump(mode="json"),
            dataset=self.dataset,
            checkpoints=checkpoints,
            sets=sets,
            output=self.folder,
        )

    def _checkpoint(self, name: str) -> CheckpointFiles:
        if name not in self.given:
            raise CheckpointError(f"There is no checkpoint {name}.")
        return self.given[name]


@contextmanager
def _naming(stage: JobKind) -> Iterator[None]:
    """Errors from within name the stage."""
    try:
        yield
    except Stopped:
        raise
    except UserError as error:
        raise StageError(stage, error) from error
    except Exception as error:
        error.add_note(f"This happened in {stage}. What is finished is kept; repeat to go on there.")
        raise


def _check_splits(settings: PipelineSettings, stages: tuple[Stage, ...], opened: Dataset) -> None:
    """Both splits must be there before any work. Raises DatasetError."""
    count_images(opened, settings.split, settings.images)
    if any(stage.name in ("train_cam", "train_segmentation") for stage in stages):
        count_images(opened, settings.val_split, settings.val_images)


def _check_crf(stages: Iterable[Stage]) -> None:
    """Raise StageError for the first stage that wants a CRF which cannot be used: hours of training come before it."""
    reason = unavailable()
    wanting = [stage.name for stage in stages if stage.options.get("crf", "off") != "off"]
    if reason and wanting:
        raise StageError(wanting[0], SettingsError(reason))


def _id(name: JobKind, finished: Finished) -> str:
    return f"{name}-{finished.key[:16]}"


def final_checkpoint(folder: Path) -> CheckpointFiles:
    """The last checkpoint that a training left in ``folder``. Raises CheckpointError when there is none."""
    published = sorted(folder.glob("epoch-*/card.json"))
    if not published:
        raise CheckpointError(f"{folder} holds no checkpoint.")
    card = CheckpointCard.model_validate_json(published[-1].read_bytes())
    return CheckpointFiles(weights=published[-1].parent / "weights.safetensors", card=card)
