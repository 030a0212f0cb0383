"""The smallest pipeline that still goes through every stage, and a process that runs it."""

import json
import sys
from pathlib import Path
from typing import Any

from tiny_training import SPEC

from ssenet.config import PipelineSettings, pipeline_preset
from ssenet.local import LocalPipeline
from ssenet.stages import CheckpointFiles
from ssenet.weights.builtin import builtin

START = "demo-ssenet"


def tiny_pipeline(**changes: Any) -> PipelineSettings:
    """Four photographs, 64-pixel crops, one epoch of two steps for each network."""
    training = {"crop": 64, "epochs": 1, "batch_size": 2, "save_every_steps": 1, "stride": 16}
    values: dict[str, Any] = {
        "images": 4,
        "val_images": 2,
        "cams": {"scales": [1.0], "flip": False},
        "crf": {"crf_iterations": 1, "processes": 1},
        "affinity": training,
        "walk": {"log_steps": 3},
        "segmentation": {**training, "head_channels": 8},
        "test": {"scales": [1.0], "flip": False, "processes": 1},
    }
    return pipeline_preset("quick", checkpoint=START, **{**values, **changes})


def given() -> dict[str, CheckpointFiles]:
    """The built-in network that it starts from."""
    found = builtin(START)
    return {START: CheckpointFiles(weights=found.weights, card=found.card)}


def main(folder: Path) -> None:
    """Run it in this process; every event and stage is a line of JSON."""

    def tell(type: str, **values: Any) -> None:
        sys.stdout.write(json.dumps({"type": type, **values}, default=str) + "\n")
        sys.stdout.flush()

    state = lambda stage, how: tell("stage", stage=stage, how=how)  # noqa: E731
    LocalPipeline(tiny_pipeline(), SPEC, folder, given(), tell, state).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
