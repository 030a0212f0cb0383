"""The poly schedule, and optimiser parameter groups."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from ssenet.config import TrainOptions


def poly(step: int, steps: int, power: float) -> float:
    """Factor of the initial learning rate before step ``step`` of ``steps``: (1 - step/steps)^power."""
    return (1 - step / steps) ** power


def _split(parameters: Iterable[nn.Parameter]) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Weights, and vectors (biases and batch norm), of those that are trained."""
    trained = [p for p in parameters if p.requires_grad]
    return [p for p in trained if p.ndim > 1], [p for p in trained if p.ndim <= 1]


def build_optimiser(network: nn.Module, settings: TrainOptions, head: Iterable[nn.Parameter]) -> Optimizer:
    """Four groups, as released: backbone and head, each weights and vectors.

    Vectors are not decayed, and with SGD they learn twice as fast.

    Args:
        network: what is trained.
        settings: optimiser and rates.
        head: parameters of the new layers, which learn ``head_lr_factor`` times as fast.
    """
    head = list(head)
    new = {id(p) for p in head}
    backbone = [p for p in network.parameters() if id(p) not in new]
    vector_factor = 2.0 if settings.optimiser == "sgd" else 1.0
    groups = []
    for parameters, factor in ((backbone, 1.0), (head, settings.head_lr_factor)):
        weights, vectors = _split(parameters)
        rate = settings.lr * factor
        groups.append({"params": weights, "lr": rate, "weight_decay": settings.weight_decay})
        groups.append({"params": vectors, "lr": rate * vector_factor, "weight_decay": 0.0})
    groups = [group for group in groups if group["params"]]
    if settings.optimiser == "adamw":
        return AdamW(groups)
    return SGD(groups, momentum=settings.momentum)


class PolySchedule:
    """Sets every group's learning rate to its initial one times ``poly``."""

    def __init__(self, optimiser: Optimizer, steps: int, power: float) -> None:
        self.optimiser, self.steps, self.power = optimiser, steps, power
        self.initial = [float(group["lr"]) for group in optimiser.param_groups]

    def apply(self, step: int) -> float:
        """Set the rates of step ``step``, counted from 0; returns the backbone's."""
        factor = poly(step, self.steps, self.power)
        for group, rate in zip(self.optimiser.param_groups, self.initial, strict=True):
            group["lr"] = rate * factor
        return self.initial[0] * factor
