"""Pseudo-labels, pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ssenet.errors import DatasetError
from ssenet.refine.labels import confident_labels, plain_labels, pseudo_labels, stack

LEVELS = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.4, 0.8])
MAPS = arrays(np.float32, (2, 3, 4), elements=LEVELS)
BACKGROUNDS = arrays(np.float32, (3, 4), elements=LEVELS)
CLASSES = np.array([4, 9])


def by_definition(background: float, scores: list[float], classes: list[int], strong: float, weak: float) -> int:
    """The label of one pixel, straight from the definition."""
    best = max(range(len(scores)), key=lambda j: (scores[j], -j))
    if scores[best] > np.float32(background * np.float32(strong)):
        return classes[best] + 1
    if scores[best] <= np.float32(background * np.float32(weak)):
        return 0
    return 255


@given(BACKGROUNDS, MAPS, st.sampled_from([1.0, 1.5, 2.0]), st.sampled_from([1.0, 0.5, 0.75]))
def test_labels_are_as_defined(background, maps, strong, weak) -> None:
    labels = pseudo_labels(background, maps, CLASSES, strong, weak)
    for y, x in np.ndindex(background.shape):
        assert labels[y, x] == by_definition(background[y, x], maps[:, y, x].tolist(), [4, 9], strong, weak)


@given(BACKGROUNDS, MAPS)
def test_with_factors_of_one_nothing_is_ignored(background, maps) -> None:
    labels = pseudo_labels(background, maps, CLASSES)
    assert set(np.unique(labels)) <= {0, 5, 10}
    assert np.array_equal(labels, plain_labels(stack(background, maps), CLASSES))


@given(BACKGROUNDS, MAPS, st.floats(1, 5), st.floats(0.1, 1))
def test_clear_labels_agree_with_plain_ones(background, maps, strong, weak) -> None:
    labels = pseudo_labels(background, maps, CLASSES, strong, weak)
    plain = pseudo_labels(background, maps, CLASSES)
    clear = labels != 255
    assert np.array_equal(labels[clear], plain[clear])


def test_ties_go_to_the_background_and_then_to_the_lower_index() -> None:
    background = np.array([[0.5, 0.2]], np.float32)
    maps = np.array([[[0.5, 0.4]], [[0.5, 0.4]]], np.float32)
    assert pseudo_labels(background, maps, CLASSES).tolist() == [[0, 5]]


def test_an_image_without_classes_is_background() -> None:
    labels = pseudo_labels(np.full((2, 3), 0.2, np.float32), np.zeros((0, 2, 3), np.float32), np.array([], np.int64), 2)
    assert labels.dtype == np.uint8
    assert not labels.any()


def test_what_refined_scores_call_both_is_background() -> None:
    strong = np.array([[[0.1]], [[0.9]]], np.float32)
    weak = np.array([[[0.9]], [[0.1]]], np.float32)
    assert confident_labels(strong, weak, np.array([2])).tolist() == [[0]]


def test_more_classes_than_a_byte_holds_are_refused() -> None:
    scores = np.array([[[0.1]], [[0.9]]], np.float32)
    assert plain_labels(scores, np.array([253])).tolist() == [[254]]
    with pytest.raises(DatasetError, match="254 classes; there is a class 254"):
        plain_labels(scores, np.array([254]))
