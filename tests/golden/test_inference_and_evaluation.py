"""Parity of multi-scale inference and of the evaluation with the released code."""

import hashlib

import numpy as np
import pytest

from ssenet.curves import curve
from ssenet.histograms import AlphaHistogram, power_to_threshold, threshold_to_power
from ssenet.inference import Network
from ssenet.models.backbones import normalisation
from ssenet.render import aggregate, normalise, winner_and_score
from ssenet.results import CheckpointCard, views_of

SCALES = (1.0, 0.5, 1.5, 2.0)


@pytest.fixture(scope="module")
def maps(golden, resnet38):
    """Multi-scale CAM of the present classes by the official order of operations."""
    mean, std = normalisation("resnet38")
    card = CheckpointCard(
        name="golden",
        method="ssenet",
        backbone="resnet38",
        stride=8,
        classes=tuple(f"class {k}" for k in range(20)),
        mean=mean,
        std=std,
        weights_sha256=hashlib.sha256(b"rule").hexdigest(),
        code_version="0",
    )
    network = Network(resnet38, card)
    coarse = network.coarse_logits(golden["image"], views_of(SCALES, flip=True))
    assert len(coarse) == 8
    present = np.flatnonzero(golden["label"])
    return normalise(aggregate(coarse, golden["image"].shape[:2], present, "official"), "official"), present


def test_multi_scale_cam(golden, maps) -> None:
    np.testing.assert_allclose(maps[0], golden["multiscale_cam"], atol=1e-4)


def test_prediction_at_the_papers_alpha(golden, maps) -> None:
    winner, score = winner_and_score(*maps)
    prediction = np.where(score > 0.2, winner, 0)
    expected = golden["multiscale_pred_alpha_0.2"]
    second = np.sort(maps[0], axis=0)
    close = (np.abs(score - 0.2) < 1e-5) | (second[-1] - second[-2] < 1e-5)
    assert np.array_equal(prediction[~close], expected[~close])
    assert close.mean() < 0.01


def test_evaluation_of_hard_predictions(golden) -> None:
    parts = []
    for truth, prediction in zip(golden["eval_gt"], golden["eval_pred"], strict=True):
        score = np.where(prediction > 0, 1.0, 0.0).astype(np.float32)
        parts.append(AlphaHistogram.of_image(truth.astype(np.uint8), np.maximum(prediction, 1), score, 20))
    result = curve(AlphaHistogram.join(parts))
    at = int(np.abs(result.alpha - 0.5).argmin())
    np.testing.assert_allclose(100 * result.miou[at], golden["eval_miou"], rtol=1e-4)
    np.testing.assert_allclose(100 * result.iou[at], golden["eval_iou"], rtol=1e-4, atol=1e-6)
    defined = np.asarray(golden["eval_m_fn"])
    np.testing.assert_allclose(result.m_fn[at], defined, rtol=1e-4)
    np.testing.assert_allclose(result.m_fp[at], golden["eval_m_fp"], rtol=1e-4)


@pytest.mark.parametrize(
    ("power", "threshold"), [(4, 0.2755), (6, 0.2219), (8, 0.1883), (16, 0.1228), (24, 0.0939), (32, 0.0770)]
)
def test_power_equals_threshold(power: float, threshold: float) -> None:
    assert power_to_threshold(power) == pytest.approx(threshold, abs=5e-5)
    assert threshold_to_power(power_to_threshold(power)) == pytest.approx(power, rel=1e-9)
