"""Thresholds without ground truth against plain loops over every candidate."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssenet.analysis.suggest import MeanAgreement, agreement, most_consistent, valley
from ssenet.histograms import EDGES, AlphaHistogram, nearest_edge


def between(scores: np.ndarray, alpha: np.float32) -> float:
    """Otsu's variance between the groups, of scores that lie on edges."""
    low, high = scores[scores <= alpha].astype(np.float64), scores[scores > alpha].astype(np.float64)
    return len(low) * len(high) * (low.mean() - high.mean()) ** 2 if len(low) and len(high) else 0.0


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_valley_is_the_best_of_all_candidates(seed: int) -> None:
    scores = np.random.default_rng(seed).choice(EDGES, 60).reshape(6, 10)
    found = valley(scores)
    assert found is not None
    every = [between(scores, alpha) for alpha in EDGES]
    assert every[nearest_edge(found)] == pytest.approx(max(every), rel=1e-9)


def test_valley_lies_in_the_middle_of_the_gap() -> None:
    scores = np.array([0.1] * 30 + [0.7] * 20, np.float32)
    assert valley(scores) == pytest.approx(0.4, abs=0.003)


def test_valley_of_a_data_set_does_not_see_the_ground_truth() -> None:
    random = np.random.default_rng(0)
    winner, score = random.integers(1, 4, (20, 20)), random.random((20, 20), np.float32)
    truths = [random.integers(0, 4, (20, 20)).astype(np.uint8), np.zeros((20, 20), np.uint8)]
    found = {valley(AlphaHistogram.of_image(truth, winner, score, 3)) for truth in truths}
    assert found == {valley(score)}


@pytest.mark.parametrize("scores", [np.zeros((3, 3)), np.full(4, 0.5), np.empty((0, 4))])
def test_no_valley_in_one_score(scores: np.ndarray) -> None:
    assert valley(scores) is None


def excess(maps: np.ndarray, alpha: np.float32) -> float:
    """``agreement`` at one α, from the masks themselves."""
    values = []
    for a, b in combinations([m.astype(np.float32) > alpha for m in maps], 2):
        if (a | b).any():
            chance = a.mean() * b.mean() / (a.mean() + b.mean() - a.mean() * b.mean())
            values.append((a & b).sum() / (a | b).sum() - chance)
        else:
            values.append(0.0)
    return float(np.mean(values))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_agreement_at_every_alpha(seed: int) -> None:
    random = np.random.default_rng(seed)
    maps = random.choice(np.concatenate([EDGES[::30], random.random(20, np.float32)]), (3, 5, 6))
    np.testing.assert_allclose(agreement(maps), [excess(maps, alpha) for alpha in EDGES], atol=1e-12)


def blob(width: float) -> np.ndarray:
    y, x = np.mgrid[-1:1:41j, -1:1:41j]
    return np.exp(-(x**2 + y**2) / width).astype(np.float32)


def test_scales_that_agree_on_an_object_but_not_around_it() -> None:
    """A disc at both scales, over halos that lie elsewhere: the disc is what they agree on."""
    disc = (blob(0.3) > 0.4) * np.float32(0.9)
    left, right = np.zeros((2, 41, 41), np.float32)
    left[:, :15], right[:, 26:] = 0.3, 0.3
    found = most_consistent(np.stack([np.maximum(disc, left), np.maximum(disc, right)]))
    assert found is not None and 0.3 <= found < 0.9


def test_covering_everything_is_no_agreement() -> None:
    """Plain IoU is 1 at α = 0 here, and lower at every other α."""
    maps = np.stack([blob(0.2), blob(0.6)])
    masks = [maps > alpha for alpha in EDGES[:-1]]
    plain = [(a & b).sum() / max(1, (a | b).sum()) for a, b in masks]
    assert int(np.argmax(plain)) == 0
    found = most_consistent(maps)
    assert found is not None and 0 < found < 1


@pytest.mark.parametrize("maps", [np.zeros((0, 4, 4)), blob(0.3)[None], np.zeros((3, 4, 4)), np.ones((2, 4, 4))])
def test_nothing_to_agree_on(maps: np.ndarray) -> None:
    assert most_consistent(maps) is None


def test_agreement_of_a_data_set_is_the_mean_over_its_objects() -> None:
    random = np.random.default_rng(4)
    photographs = [random.random((2, objects, 5, 5), np.float32) for objects in (2, 1, 0)]
    found = MeanAgreement()
    assert found.alpha is None
    for maps in photographs:
        found.add(list(maps))
    objects = [maps[:, k] for maps in photographs for k in range(maps.shape[1])]
    assert found.alpha == pytest.approx(EDGES[np.mean([agreement(one) for one in objects], axis=0).argmax()])
