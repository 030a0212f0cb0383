"""The infer worker with a network that takes a given time: ``celery --app paced_infer worker``.

All but the network is real. It needs PACED_SECONDS a run, and appends a line to the file PACED_RUNS for each.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ssenet.results import CheckpointCard, View
from worker import infer
from worker.maps import Maps
from worker.model_cache import ModelCache


class Paced:
    """As slow as it is told to be."""

    bytes = 1

    def __init__(self, classes: int) -> None:
        self._classes = classes

    def coarse_logits(self, _image: Any, views: Sequence[View]) -> dict[View, Any]:
        """Zeros of a network of stride 16 on a small photograph."""
        time.sleep(float(os.environ["PACED_SECONDS"]))
        with Path(os.environ["PACED_RUNS"]).open("a") as runs:
            runs.write(" ".join(view.name for view in views) + "\n")
        return {view: np.zeros((self._classes, 8, 8), np.float32) for view in views}


@cache
def maps() -> Maps:
    """The service of this process."""
    context = infer.worker.context

    def load(_weights: Path, card: CheckpointCard) -> Paced:
        return Paced(len(card.classes))

    return Maps(context.database, context.artifacts, ModelCache(1), load)


infer.maps = maps
infer.worker._warm_up = lambda: "paced"  # it would load torch
app = infer.app
