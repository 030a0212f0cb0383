"""Pictures of labels."""

import numpy as np
import pytest

from ssenet.data.images import voc_palette
from ssenet.refine.pictures import before_after, label_colours, label_overlay, titled_strip

IMAGE = np.full((40, 60, 3), 100, np.uint8)


def labels_with(label: int) -> np.ndarray:
    labels = np.zeros((40, 60), np.uint8)
    labels[10:30, 10:30] = label
    return labels


def test_colours_are_vocs() -> None:
    colours = label_colours(labels_with(3))
    assert (colours[20, 20] == voc_palette()[3]).all()
    assert not colours[0, 0].any()


def test_ignored_pixels_are_striped_in_grey() -> None:
    region = label_colours(np.full((20, 20), 255, np.uint8)).reshape(-1, 3)
    assert {tuple(c) for c in region.tolist()} == {(235, 235, 235), (160, 160, 160)}


def test_the_background_is_untouched_and_labels_are_mixed_in() -> None:
    labels = labels_with(3)
    out = label_overlay(IMAGE, labels, 0.5)
    assert (out[labels == 0] == 100).all()
    np.testing.assert_allclose(out[20, 20], (100 + voc_palette()[3].astype(int)) / 2, atol=1)
    assert (out[10, 20] == 255).all()
    assert (label_overlay(IMAGE, labels, 0)[20, 20] == 100).all()
    assert (label_overlay(IMAGE, labels, 1)[20, 20] == voc_palette()[3]).all()


def test_labels_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="over a photograph"):
        label_overlay(IMAGE, np.zeros((60, 40), np.uint8))


@pytest.mark.parametrize("truth", [None, labels_with(2)])
def test_strips_hold_every_panel_under_its_title(truth) -> None:
    strip = before_after(IMAGE, labels_with(1), labels_with(3), truth)
    panels, factor = 3 + (truth is not None), 3
    assert strip.dtype == np.uint8
    width = 60 * factor
    assert strip.shape[1] == panels * width + (panels - 1) * 4
    band = strip.shape[0] - 40 * factor
    assert band > 0
    pictures = [IMAGE, label_overlay(IMAGE, labels_with(1)), label_overlay(IMAGE, labels_with(3))]
    pictures += [] if truth is None else [label_overlay(IMAGE, truth)]
    for number, picture in enumerate(pictures):
        left = number * (width + 4)
        assert np.array_equal(strip[band::factor, left : left + width : factor], picture)
        assert (strip[:band, left : left + width] < 128).any(), "the title is written"
    assert (strip[:, width : width + 4] == 255).all()


def test_a_strip_needs_pictures_of_one_size() -> None:
    for panels in ({}, {"a": IMAGE, "b": IMAGE[:-1]}):
        with pytest.raises(ValueError, match="one size"):
            titled_strip(panels)
