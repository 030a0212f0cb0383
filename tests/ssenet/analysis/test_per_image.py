"""Counts of single images against a plain pass over their pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssenet.analysis.per_image import ImageCounts, counts_along, image_counts, image_rows, ranked
from ssenet.curves import counts
from ssenet.histograms import EDGES, AlphaHistogram, nearest_edge

K = 3


def photograph(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, winner and score of a small image, with scores on the edges themselves."""
    random = np.random.default_rng(seed)
    shape = (int(random.integers(1, 9)), 7)
    truth = random.choice([0, 0, 1, 2, 3, 255], shape).astype(np.uint8)
    score = random.choice(np.concatenate([EDGES[::40], random.random(30, np.float32)]), shape).astype(np.float32)
    return truth, random.integers(1, K + 1, shape), score


def by_pixels(truth: np.ndarray, winner: np.ndarray, score: np.ndarray, alpha: np.float32) -> np.ndarray:
    """(3, K + 1) truth, predicted, hit of one image, pixel by pixel."""
    out = np.zeros((3, K + 1), np.int64)
    for t, w, s in zip(truth.ravel(), winner.ravel(), score.ravel(), strict=True):
        if t != 255:
            p = w if s > alpha else 0
            out[0, t] += 1
            out[1, p] += 1
            out[2, t] += t == p
    return out


def histogram(photographs: list[tuple[np.ndarray, ...]]) -> AlphaHistogram:
    return AlphaHistogram.join([AlphaHistogram.of_image(*one, K) for one in photographs])


@given(seed=st.integers(0, 10_000), edges=st.sets(st.integers(0, len(EDGES) - 1), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_every_image_at_every_edge(seed: int, edges: set[int]) -> None:
    photographs = [photograph(seed + i) for i in range(3)]
    chosen = sorted(edges)
    along = counts_along(histogram(photographs), chosen)
    for n, one in enumerate(photographs):
        for e, edge in enumerate(chosen):
            found = np.stack([along.truth[n], along.predicted[e, n], along.hit[e, n]])
            np.testing.assert_array_equal(found, by_pixels(*one, EDGES[edge]))


def test_sums_over_images_are_the_data_sets_counts() -> None:
    joined = histogram([photograph(i) for i in range(5)])
    whole, edges = counts(joined), np.arange(len(EDGES))
    along = counts_along(joined, edges)
    np.testing.assert_array_equal(along.truth.sum(axis=0), whole.truth)
    np.testing.assert_array_equal(along.predicted.sum(axis=1), whole.predicted)
    np.testing.assert_array_equal(along.hit.sum(axis=1), whole.hit)


def test_one_alpha_is_its_nearest_edge() -> None:
    one = photograph(3)
    found = image_counts(histogram([one]), 0.2004)
    np.testing.assert_array_equal(
        np.stack([found.truth[0], found.predicted[0], found.hit[0]]), by_pixels(*one, EDGES[nearest_edge(0.2)])
    )


def test_an_image_without_a_scored_pixel_counts_nothing() -> None:
    ignored = (np.full((2, 2), 255, np.uint8), np.ones((2, 2), int), np.ones((2, 2), np.float32))
    found = image_counts(histogram([photograph(1), ignored, photograph(2)]), 0.2)
    assert found.truth.sum(axis=1)[1] == 0
    assert found.predicted[1].sum() == 0
    assert found.truth.sum(axis=1)[2] > 0


def test_edges_must_ascend() -> None:
    with pytest.raises(ValueError, match="ascending"):
        counts_along(histogram([photograph(0)]), [5, 5])


COUNTS = ImageCounts(  # four images of 100 pixels, K = 2
    truth=np.array([[60, 40, 0], [80, 10, 10], [100, 0, 0], [50, 0, 50]]),
    predicted=np.array([[50, 50, 0], [100, 0, 0], [90, 10, 0], [50, 10, 40]]),
    hit=np.array([[50, 40, 0], [80, 0, 0], [90, 0, 0], [45, 0, 35]]),
)


def test_rows_of_a_class() -> None:
    rows = image_rows(COUNTS, 1)
    np.testing.assert_allclose(rows.iou, [40 / 50, 0, 0, 0])
    assert rows.fn.tolist() == [0, 10, 0, 0]
    assert rows.fp.tolist() == [10, 0, 10, 10]
    assert np.isnan(image_rows(COUNTS, 2).iou).tolist() == [True, False, True, False]


def test_rows_of_the_objects_average_the_classes_in_the_mask() -> None:
    rows = image_rows(COUNTS)
    np.testing.assert_allclose(rows.iou, [0.8, 0, np.nan, 35 / 55])
    assert rows.fn.tolist() == [0, 20, 0, 15]
    assert rows.fp.tolist() == [10, 0, 10, 15]
    assert rows.truth.tolist() == [40, 20, 0, 50]
    assert rows.pixels.tolist() == [100] * 4
    assert rows.undefined == 1


@pytest.mark.parametrize(("order", "images"), [("worst", [1, 3, 0]), ("best", [0, 3, 1]), ("fn", [1, 3, 0])])
def test_ranking_leaves_out_what_is_undefined(order: str, images: list[int]) -> None:
    assert ranked(image_rows(COUNTS), order).tolist() == images  # type: ignore[arg-type]


def test_equals_keep_their_order() -> None:
    assert ranked(image_rows(COUNTS, 1), "fp").tolist() == [0, 2, 3, 1]
