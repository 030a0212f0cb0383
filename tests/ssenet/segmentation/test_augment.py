"""Photograph and labels are cut alike; padding is of the mean colour and ignored."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ssenet.data.augment import generator
from ssenet.segmentation.augment import SegmentationAugment

PLAIN = SegmentationAugment(32, 1.0, 1.0, 0.0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def picture(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Blocks whose colour is their label times 20."""
    labels = np.random.default_rng(0).integers(0, 11, (height // 8 + 1, width // 8 + 1), dtype=np.uint8)
    labels = labels.repeat(8, 0).repeat(8, 1)[:height, :width]
    return np.repeat(labels[..., None] * 20, 3, axis=2).astype(np.uint8), labels


def test_it_is_a_function_of_seed_epoch_and_index_alone() -> None:
    augment = replace(PLAIN, scale_min=0.5, scale_max=1.5, jitter=0.3)
    image, labels = picture(40, 60)
    one, same, other = (augment(image, labels, generator(1, 2, i)) for i in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one[0], other[0])
    assert [(t.shape, t.dtype) for t in one] == [((3, 32, 32), torch.float32), ((32, 32), torch.int64)]


@given(st.integers(8, 60), st.integers(8, 60), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_labels_stay_on_their_pixels_and_padding_is_ignored(height: int, width: int, seed: int) -> None:
    image, labels = picture(height, width)
    crop, cut = PLAIN(image, labels, generator(seed, 0, 0))
    inside = cut != 255
    assert int(inside.sum()) == min(height, 32) * min(width, 32)
    colours = (crop * 0.5 + 0.5) * 255
    assert torch.allclose(colours[0][inside], cut[inside] * 20.0, atol=1e-3)
    assert not crop[:, ~inside].any()


def test_mirrored_crops_occur_as_often_as_not() -> None:
    labels = np.tile(np.arange(32, dtype=np.uint8), (32, 1))
    image = np.zeros((32, 32, 3), np.uint8)
    cuts = [PLAIN(image, labels, generator(0, 0, i))[1][0, 0].item() for i in range(60)]
    assert set(cuts) == {0, 31}
    assert 20 < cuts.count(31) < 40


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_labels_are_rescaled_with_the_image_and_never_mixed(factor: float) -> None:
    labels = np.zeros((32, 32), np.uint8)
    labels[8:24, 8:24] = 7
    image = np.repeat(labels[..., None] * 30, 3, axis=2)
    augment = replace(PLAIN, crop=64, scale_min=factor, scale_max=factor)
    crop, cut = augment(image, labels, generator(0, 0, 0))
    assert set(cut.unique().tolist()) <= {0, 7, 255}
    assert int((cut == 7).sum()) == (16 * factor) ** 2
    bright = (crop[0] * 0.5 + 0.5) * 255 > 105
    assert int((bright & (cut != 255) & (cut != 7)).sum()) <= 4 * 16 * factor
    assert int((~bright & (cut == 7)).sum()) <= 4 * 16 * factor


def test_ignored_labels_stay_ignored() -> None:
    image, labels = picture(32, 32)
    labels[:16] = 255
    _, cut = PLAIN(image, labels, generator(0, 0, 0))
    assert int((cut == 255).sum()) == 16 * 32


def test_sizes_that_differ_are_an_error() -> None:
    with pytest.raises(ValueError, match="labels of"):
        PLAIN(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 9), np.uint8), generator(0, 0, 0))
