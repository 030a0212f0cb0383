"""Confusion matrices and what follows from them, against a loop over pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ssenet.scores import confusion, iou, m_fn_m_fp

K = 3
LABELS = st.sampled_from([0, 1, 2, 3, 255])


@given(arrays(np.uint8, (5, 7), elements=LABELS), arrays(np.uint8, (5, 7), elements=st.integers(0, K)))
def test_counts_equal_a_loop_over_pixels(truth, predicted) -> None:
    counts = np.zeros((K + 1, K + 1), np.int64)
    for t, p in zip(truth.ravel(), predicted.ravel(), strict=True):
        if t != 255:
            counts[t, p] += 1
    assert (confusion(truth, predicted, K) == counts).all()
    for k in range(K + 1):
        tp, union = counts[k, k], counts[k].sum() + counts[:, k].sum() - counts[k, k]
        assert iou(counts)[k] == pytest.approx(tp / union if union else 0)


def test_m_fn_and_m_fp_are_means_over_found_classes() -> None:
    counts = np.array([[10, 1, 0, 0], [2, 4, 0, 0], [3, 0, 0, 0], [0, 3, 0, 6]])
    # Class 1: FN 2, FP 4, TP 4; class 3: FN 3, FP 0, TP 6; class 2 has no true positive.
    assert m_fn_m_fp(counts) == pytest.approx(((2 / 4 + 3 / 6) / 2, (4 / 4 + 0 / 6) / 2))
    assert np.isnan(m_fn_m_fp(np.zeros((K + 1, K + 1)))).all()


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [(np.zeros((2, 2)), np.zeros((2, 3))), (np.full((2, 2), 4), np.zeros((2, 2))), (np.zeros((1, 1)), [[255]])],
    ids=["size", "truth", "prediction"],
)
def test_what_cannot_be_scored_is_refused(truth, predicted) -> None:
    with pytest.raises(ValueError, match=r"against|labels up to"):
        confusion(np.asarray(truth, np.uint8), np.asarray(predicted, np.uint8), K)
