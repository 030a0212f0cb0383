"""The loss of AffinityNet against a loop over pairs."""

import math

import numpy as np
import pytest
import torch

from ssenet.affinity.losses import affinity_losses, correct_pairs, pair_labels
from ssenet.affinity.pairs import PairGrid

GRID = PairGrid((6, 8), 3)


def _affinities(seed: int = 0) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.rand(2, len(GRID.offsets), *GRID.inner, generator=random, dtype=torch.float64)


def _slow(affinities: torch.Tensor, labels: np.ndarray) -> tuple[float, float, float]:
    terms: dict[str, list[float]] = {"bg": [], "fg": [], "neg": []}
    for b in range(len(labels)):
        for m, (dy, dx) in enumerate(GRID.offsets):
            for i in range(GRID.inner[0]):
                for j in range(GRID.inner[1]):
                    one, other = labels[b, i, j + 2], labels[b, i + dy, j + 2 + dx]
                    a = float(affinities[b, m, i, j])
                    if 255 in (one, other):
                        continue
                    if one != other:
                        terms["neg"].append(-math.log(1 + 1e-5 - a))
                    else:
                        terms["bg" if one == 0 else "fg"].append(-math.log(a + 1e-5))
    bg, fg, neg = (sum(values) / len(values) if values else 0.0 for values in terms.values())
    return bg, fg, neg


@pytest.mark.parametrize("present", [[0, 2, 9, 255], [0, 255], [5], [0, 5], [255]])
def test_losses_equal_a_loop_over_pairs(present: list[int]) -> None:
    labels = np.random.default_rng(3).choice(present, (2, 6, 8))
    affinities = _affinities()
    losses = affinity_losses(affinities, pair_labels(torch.from_numpy(labels), GRID))
    bg, fg, neg = _slow(affinities, labels)
    expected = {"loss": bg / 4 + fg / 4 + neg / 2, "bg": bg, "fg": fg, "neg": neg}
    assert losses.values() == pytest.approx(expected, rel=1e-12)


def test_empty_groups_have_finite_gradients() -> None:
    affinities = _affinities().requires_grad_()
    ignored = torch.full((2, 6, 8), 255)
    affinity_losses(affinities, pair_labels(ignored, GRID)).total.backward()
    assert affinities.grad is not None
    assert not affinities.grad.any()


def test_affinities_of_nought_and_one_cost_a_finite_amount() -> None:
    labels = pair_labels(torch.from_numpy(np.random.default_rng(0).choice([0, 1], (2, 6, 8))), GRID)
    for value in (0.0, 1.0):
        assert torch.isfinite(affinity_losses(torch.full_like(_affinities(), value), labels).total)


def test_accuracy_counts_labelled_pairs_on_the_right_side() -> None:
    labels = torch.full((1, 6, 8), 255)
    labels[0, 0, 2:5] = torch.tensor([0, 0, 4])  # pairs (0, 0), (0, 4) and, two apart, (0, 4)
    affinities = torch.full((1, len(GRID.offsets), *GRID.inner), 0.9)
    grouped = pair_labels(labels, GRID)
    assert [t.tolist() for t in correct_pairs(affinities, grouped)] == [[1, 0], [1, 2]]
    assert [t.tolist() for t in correct_pairs(1 - affinities, grouped)] == [[0, 2], [1, 2]]
