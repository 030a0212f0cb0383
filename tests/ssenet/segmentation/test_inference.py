"""Probabilities are the softmax of the mean of all views' logits, and the right network is loaded or none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from ssenet.crf import PRESETS, unavailable
from ssenet.errors import CheckpointError
from ssenet.segmentation.inference import SegmentationNetwork, load_segmentation
from ssenet.segmentation.prediction import CRF_FLOOR, crf_labels, most_probable, refined
from ssenet.training.checkpoint import sha256, weights_bytes


def picture(height: int = 53, width: int = 70) -> np.ndarray:
    """A photograph without meaning."""
    return np.random.default_rng(5).integers(0, 255, (height, width, 3), dtype=np.uint8)


def naive(network: SegmentationNetwork, image: np.ndarray, scales: list[float], flip: bool) -> np.ndarray:
    """Every view by itself, mirrored back at full size, all stacked."""
    card, logits = network.card, []
    for scale in scales:
        height, width = (max(2, int(side * scale / 16 + 0.5)) * 16 for side in image.shape[:2])
        scaled = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)) / 255
        normal = ((scaled - np.array(card.mean)) / np.array(card.std)).astype(np.float32)
        for mirrored in (False, True) if flip else (False,):
            view = normal[:, ::-1] if mirrored else normal
            with torch.no_grad():
                coarse = network.model(torch.from_numpy(view.transpose(2, 0, 1).copy())[None])
            full = torch.nn.functional.interpolate(coarse, image.shape[:2], mode="bilinear", align_corners=True)
            maps = full[0].numpy().astype(np.float64)
            logits.append(maps[:, :, ::-1] if mirrored else maps)
    exponentials = np.exp(np.mean(np.stack(logits), axis=0))
    return exponentials / exponentials.sum(axis=0)


@pytest.mark.parametrize(("scales", "flip"), [([1.0], False), ([1.0], True), ([0.5, 1.0, 1.25], True)])
def test_probabilities_equal_the_naive_mean_over_views(network, scales: list[float], flip: bool) -> None:
    image = picture()
    found = network.probabilities(image, scales, flip)
    assert found.dtype == np.float32
    assert found.shape == (4, 53, 70)
    np.testing.assert_allclose(found, naive(network, image, scales, flip), atol=2e-6)
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-5)


def test_another_dilation_of_the_head_is_other_content_though_no_tensor_shows_it(network) -> None:
    card = network.card
    settings = card.settings.model_copy(update={"head_dilation": card.settings.head_dilation + 1})
    assert card.model_copy(update={"settings": settings}).content_sha != card.content_sha
    assert card.model_copy(update={"name": "other"}).content_sha == card.content_sha


def test_with_mirroring_a_mirrored_photograph_gives_the_mirrored_result(network) -> None:
    image = picture(48, 64)
    there = network.probabilities(image, (0.5, 1.0), flip=True)
    back = network.probabilities(image[:, ::-1], (0.5, 1.0), flip=True)[:, :, ::-1]
    np.testing.assert_allclose(there, back, atol=1e-5)


def test_a_scale_named_twice_counts_once_and_labels_are_the_most_probable(network) -> None:
    image = picture()
    once = network.probabilities(image, (1.0, 0.5))
    np.testing.assert_array_equal(once, network.probabilities(image, (0.5, 1.0, 0.5)))
    np.testing.assert_array_equal(network.labels(image, (0.5, 1.0)), once.argmax(0))


@pytest.fixture(scope="module")
def stored(deeplab, card, tmp_path_factory):
    """The tiny network on disk, with its card."""
    path = tmp_path_factory.mktemp("stored") / "weights.safetensors"
    path.write_bytes(weights_bytes(deeplab))
    return path, card.model_copy(update={"weights_sha256": sha256(path.read_bytes())})


def test_a_stored_network_gives_the_same_probabilities(network, stored) -> None:
    loaded = load_segmentation(*stored, torch.device("cpu"))
    np.testing.assert_array_equal(loaded.probabilities(picture()), network.probabilities(picture()))


def test_another_kind_of_network_is_refused(stored) -> None:
    path, card = stored
    with pytest.raises(CheckpointError, match="Choose a segmentation network"):
        load_segmentation(path, card.model_copy(update={"method": "affinity"}))


def test_weights_of_another_head_are_refused(stored) -> None:
    path, card = stored
    settings = card.settings.model_copy(update={"head_channels": 8})
    with pytest.raises(CheckpointError, match=r"of another shape \['classifier.weight'"):
        load_segmentation(path, card.model_copy(update={"settings": settings}))


def blocks() -> tuple[np.ndarray, np.ndarray]:
    """A red square on blue, and probabilities that know it only roughly; class 2 has a floor's chance, 3 none."""
    image = np.zeros((40, 40, 3), np.uint8)
    image[..., 2] = 200
    image[10:30, 10:30] = (200, 0, 0)
    square = np.zeros((40, 40), np.float32)
    square[8:28, 8:28] = 1
    probabilities = np.stack([0.7 - 0.4 * square, 0.2 + 0.4 * square, 0.05 + 0 * square, 0.001 + 0 * square])
    return image, probabilities.astype(np.float32)


def test_hopeless_classes_stay_out_of_the_crf_and_the_best_never_does() -> None:
    _, probabilities = blocks()
    assert crf_labels(probabilities).tolist() == [0, 1, 2]
    assert crf_labels(np.full((300, 2, 2), 1 / 300, np.float32)).size == 300
    assert CRF_FLOOR > 1 / 300


@pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")
def test_the_crf_moves_labels_to_the_edges_of_the_picture() -> None:
    image, probabilities = blocks()
    truth = (image[..., 0] > 0).astype(np.uint8)
    parameters = replace(PRESETS["psa"], bilateral_sxy=20.0)
    labels = refined(image, np.arange(4), probabilities, parameters)
    plain = most_probable(probabilities)
    assert set(np.unique(plain)) == {0, 1}
    assert (labels != truth).sum() < (plain != truth).sum() / 3
    shifted = refined(image, np.array([0, 5, 6, 9]), probabilities, parameters)
    np.testing.assert_array_equal(shifted, np.array([0, 5, 6, 9], np.uint8)[labels])


@pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")
def test_leaving_out_a_hopeless_class_changes_nothing() -> None:
    image, probabilities = blocks()
    parameters, present = PRESETS["seam"], crf_labels(probabilities)
    some = refined(image, present, probabilities[present], parameters)
    np.testing.assert_array_equal(some, refined(image, np.arange(4), probabilities, parameters))
