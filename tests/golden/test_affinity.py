"""Parity of AffinityNet and of the random walk with the released code, in float32."""

import numpy as np
import pytest
import torch

from ssenet.affinity.inference import AffinityInference
from ssenet.affinity.labels import average_pool
from ssenet.affinity.network import ResNet38Affinity
from ssenet.affinity.pairs import PairAffinities, PairGrid
from ssenet.affinity.walk import Transition, random_walk
from ssenet.models.backbones import normalisation
from ssenet.render import upsample
from ssenet.results import CheckpointCard

GRID = PairGrid((10, 13), 5)


def assert_close(actual, expected) -> None:
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=0, atol=1e-4 * scale)


@pytest.fixture(scope="module")
def pairs(golden) -> PairAffinities:
    return PairAffinities(GRID, golden["affinity_pairs"].reshape(34, *GRID.inner))


@pytest.fixture(scope="module")
def walked(golden, pairs) -> np.ndarray:
    """Scores (21, 10, 13) after the walk: background 0.2, and the CAMs of the three classes present."""
    scores = np.zeros((21, 75, 101), np.float32)
    scores[0] = 0.2
    scores[np.flatnonzero(golden["label"]) + 1] = golden["multiscale_cam"]
    return random_walk(average_pool(scores, 8), pairs, beta=8, log_steps=8)


def test_state_dict_has_the_released_keys() -> None:
    with torch.device("meta"):
        state = ResNet38Affinity().state_dict()
    heads = {key: tuple(tensor.shape) for key, tensor in state.items() if key.startswith("f")}
    assert heads == {
        "f8_3.weight": (64, 512, 1, 1),
        "f8_4.weight": (128, 1024, 1, 1),
        "f8_5.weight": (256, 4096, 1, 1),
        "f9.weight": (448, 448, 1, 1),
    }


def test_affinities(golden, resnet38_affinity) -> None:
    mean, std = normalisation("resnet38")
    card = CheckpointCard(
        name="rule",
        method="affinity",
        backbone="resnet38",
        stride=8,
        classes=("any",),
        mean=mean,
        std=std,
        weights_sha256="0" * 64,
        code_version="test",
    )
    found = AffinityInference(resnet38_affinity, card, torch.device("cpu")).affinities(golden["image"])
    assert found.grid == GRID
    assert_close(found.values.reshape(34, -1), golden["affinity_pairs"])


def test_probability_of_staying(golden, pairs) -> None:
    assert_close(Transition(pairs, beta=8).diagonal, golden["transition_diag"])


def test_random_walk(golden, walked) -> None:
    assert_close(walked, golden["random_walk_stride8"])


def test_prediction(golden, walked) -> None:
    scores = upsample(walked, (80, 104))[:, :75, :101]
    best = np.sort(scores, axis=0)
    clear = best[-1] - best[-2] >= 1e-5
    np.testing.assert_array_equal(scores.argmax(axis=0)[clear], golden["random_walk_pred"][clear])
    assert clear.mean() > 0.99
