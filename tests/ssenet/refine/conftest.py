"""Small sets, and a way to run the stages on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_sets import tiny_set, tiny_voc
from tiny_training import Recorder

from ssenet.config import DatasetSpec
from ssenet.sets import ImageSet
from ssenet.stages import RunSpec, run_stage


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> DatasetSpec:
    """A VOC folder of 64-pixel images with masks: three for training, two for validation."""
    return tiny_voc(tmp_path_factory.mktemp("small") / "voc")


@pytest.fixture(scope="session")
def sets(small: DatasetSpec, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ImageSet]:
    """One set of three images of every kind; not to be written to."""
    folder = tmp_path_factory.mktemp("sets")
    return {kind: tiny_set(folder / kind, kind, 3, spec=small) for kind in ("cams", "crf", "walk", "masks")}


@pytest.fixture
def run(small: DatasetSpec, tmp_path: Path) -> Callable[..., Recorder]:
    """``run(kind, settings, sets, output="out", stop=…)``: a stage in ``tmp_path``, with its events."""

    def start(kind: str, settings: dict[str, Any], sets: dict[str, Path], output: str = "out", **more: Any) -> Recorder:
        recorder = Recorder()
        stop = more.pop("stop", lambda: False)
        named = dict.fromkeys(sets, "some-set") | settings
        spec = {"kind": kind, "settings": named, "dataset": small, "sets": sets, "output": tmp_path / output, **more}
        run_stage(RunSpec.model_validate(spec), recorder, stop)
        return recorder

    return start
