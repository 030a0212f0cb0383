"""Errors of labels, pixel by pixel."""

import numpy as np
import pytest

from ssenet.analysis.error_map import FN, FP, TP, error_map, labels_at


def test_labels_win_only_strictly_above_alpha() -> None:
    maps = np.array([[[0.2, 0.5, 0.1]], [[0.1, 0.3, 0.9]]], np.float32)
    assert labels_at(maps, [4, 7], 0.2).tolist() == [[0, 5, 8]]
    assert labels_at(np.zeros((0, 1, 3), np.float32), [], 0.0).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (None, [TP, FN, FN, FP, None, None]),
        (1, [TP, FN, FN, FP, None, None]),
        (2, [None, None, FP, None, None, None]),
        (0, [None, FP, None, FN, TP, None]),
    ],
)
def test_every_kind_of_error(label: int | None, expected: list[tuple[int, int, int] | None]) -> None:
    truth, labels = np.array([[1, 1, 1, 0, 0, 255]], np.uint8), np.array([[1, 0, 2, 1, 0, 1]], np.uint8)
    drawn = error_map(np.full((1, 6, 3), 90, np.uint8), truth, labels, label, opacity=1.0)
    assert [tuple(pixel) for pixel in drawn[0].tolist()] == [colour or (90, 90, 90) for colour in expected]
