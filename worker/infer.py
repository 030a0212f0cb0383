"""The infer queue: ``celery --app worker.infer worker`` serves it.

Torch is loaded in the pool child only, before its first task: CUDA cannot be used after a fork that followed
its initialisation, and nobody shall wait for an import.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import cast

from backend.queue import CAM_TASK, INFER_QUEUE
from backend.settings import Settings
from ssenet.results import CheckpointCard
from worker.app import WorkerApp
from worker.cost import CostMeter, Instruments
from worker.maps import CamNetwork, Maps
from worker.model_cache import ModelCache

_TASK_SECONDS = 600
_CPU_BUDGET = 2 * 2**30
_GPU_SHARE = 0.25  # of a card that a trainer may be using as well


@cache
def maps() -> Maps:
    """The service of this process, with its networks."""
    import torch

    from ssenet.inference import Network, load_network
    from ssenet.macs import multiply_accumulates

    def load(weights: Path, card: CheckpointCard) -> CamNetwork:
        return load_network(weights, card)

    def input_size(network: CamNetwork, photograph: tuple[int, int], scale: float) -> tuple[int, int]:
        return cast(Network, network).input_size(photograph, scale)

    def count(network: CamNetwork, size: tuple[int, int]) -> int:
        return multiply_accumulates(cast(Network, network).model, size)

    torch.set_num_threads(os.cpu_count() or 1)
    cuda = torch.cuda.is_available()
    budget = int(torch.cuda.get_device_properties(0).total_memory * _GPU_SHARE) if cuda else _CPU_BUDGET
    return Maps(
        worker.context.database,
        worker.context.artifacts,
        ModelCache(budget),
        load,
        out_of_memory=(MemoryError, torch.OutOfMemoryError),
        free=torch.cuda.empty_cache if cuda else lambda: None,
        meter=CostMeter(worker.context.artifacts, Instruments(_device(), input_size, count)),
    )


def _device() -> str:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"


def warm_up() -> str:
    """Load torch and a built-in network and run it once, so that the first request is as quick as the second."""
    import numpy as np

    from ssenet.results import View
    from ssenet.weights.builtin import builtin_checkpoints

    first = builtin_checkpoints()[0]
    service = maps()
    network = service.cache.get(first.card.content_sha, lambda: service.load(first.weights, first.card))
    network.coarse_logits(np.zeros((64, 64, 3), np.uint8), [View(scale=1.0)])
    return _device()


worker = WorkerApp(Settings(), INFER_QUEUE, warm_up)
app = worker.celery


@app.task(name=CAM_TASK, time_limit=_TASK_SECONDS)
def compute_cams(key: str) -> None:
    """Serve one message: it names a request, and the request's row says what is wanted."""
    with worker.busy_with(key):
        maps().serve(key)
