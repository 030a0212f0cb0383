"""Small sets, an AffinityNet trained on them, and a way to run the stages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_sets import tiny_set, tiny_voc
from tiny_training import Recorder

from ssenet.config import DatasetSpec
from ssenet.local import final_checkpoint
from ssenet.sets import ImageSet
from ssenet.stages import CheckpointFiles, RunSpec, run_stage

TRAIN: dict[str, Any] = {
    "crf": "crf-1",
    "crop": 48,
    "stride": 16,
    "radius": 2,
    "epochs": 2,
    "batch_size": 2,
    "save_every_steps": 1,
}


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> DatasetSpec:
    """A VOC folder of 64-pixel images with masks."""
    return tiny_voc(tmp_path_factory.mktemp("small") / "voc", train=4)


@pytest.fixture(scope="session")
def crf(small: DatasetSpec, tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    """CRF scores of four images."""
    return tiny_set(tmp_path_factory.mktemp("crf"), "crf", 4, spec=small)


@pytest.fixture(scope="session")
def cams(small: DatasetSpec, tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    """CAMs of the same images."""
    return tiny_set(tmp_path_factory.mktemp("cams"), "cams", 4, spec=small)


@pytest.fixture(scope="session")
def train_spec(small: DatasetSpec, crf: ImageSet) -> Callable[..., RunSpec]:
    """``train_spec(output, checkpoints={}, **changes)``: the smallest training of an AffinityNet."""

    def make(output: Path, resume_from: Path | None = None, checkpoints: Any = None, **changes: Any) -> RunSpec:
        return RunSpec(
            kind="train_affinity",
            settings=TRAIN | changes,
            dataset=small,
            sets={"crf": crf.folder},
            checkpoints=checkpoints or {},
            output=output,
            resume_from=resume_from,
        )

    return make


@pytest.fixture(scope="session")
def trained(
    train_spec: Callable[..., RunSpec], tmp_path_factory: pytest.TempPathFactory
) -> tuple[CheckpointFiles, Recorder]:
    """An AffinityNet after two epochs of two steps, and the events of its training."""
    recorder, folder = Recorder(), tmp_path_factory.mktemp("affinity")
    run_stage(train_spec(folder), recorder)
    return final_checkpoint(folder), recorder
