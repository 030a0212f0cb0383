"""The loss of AffinityNet: pairs of background, of one class, and of different classes, each averaged by itself."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ssenet.affinity.pairs import PairGrid
from ssenet.data.base import IGNORED

EPSILON = 1e-5


@dataclass(frozen=True)
class PairLabels:
    """What is known of each pair, all bool (B, m, h', w').

    Attributes:
        background: both cells are background.
        foreground: both are of the same class.
        different: they differ; where a cell is ignored, its pairs are in no group.
    """

    background: Tensor
    foreground: Tensor
    different: Tensor


@dataclass(frozen=True)
class AffinityLosses:
    """Scalar losses of the three groups of pairs."""

    background: Tensor
    foreground: Tensor
    different: Tensor

    @property
    def total(self) -> Tensor:
        """A quarter each for the two kinds of equal pairs, a half for pairs that differ."""
        return self.background / 4 + self.foreground / 4 + self.different / 2

    def values(self) -> dict[str, float]:
        """The terms as numbers."""
        terms = {"loss": self.total, "bg": self.background, "fg": self.foreground, "neg": self.different}
        return {name: float(term.detach()) for name, term in terms.items()}


def pair_labels(labels: Tensor, grid: PairGrid) -> PairLabels:
    """Labels of all pairs from the labels (B, h, w) of cells."""
    start = grid.at(labels)[:, None]
    ends = torch.stack([grid.at(labels, offset) for offset in grid.offsets], dim=1)
    valid = (start != IGNORED) & (ends != IGNORED)
    same = valid & (start == ends)
    return PairLabels(same & (start == 0), same & (start != 0), valid & (start != ends))


def affinity_losses(affinities: Tensor, labels: PairLabels) -> AffinityLosses:
    """Cross-entropy of affinities (B, m, h', w') against the labels of their pairs; an empty group costs nothing."""
    attracting = -torch.log(affinities + EPSILON)
    repelling = -torch.log(1 + EPSILON - affinities)
    return AffinityLosses(
        _mean(attracting, labels.background), _mean(attracting, labels.foreground), _mean(repelling, labels.different)
    )


def _mean(values: Tensor, group: Tensor) -> Tensor:
    return (values * group).sum() / group.sum().clamp(min=1)


def correct_pairs(affinities: Tensor, labels: PairLabels) -> tuple[Tensor, Tensor]:
    """How many pairs of one class, and of different classes, are on their side of one half; and how many there are.

    Returns:
        Two counts (2,): [together, apart].
    """
    same, together = labels.background | labels.foreground, affinities > 0.5
    right = torch.stack([(same & together).sum(), (labels.different & ~together).sum()])
    return right.cpu(), torch.stack([same.sum(), labels.different.sum()]).cpu()
