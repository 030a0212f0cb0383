"""One histogram equals sixty passes, and undefined ratios stay undefined."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ssenet.curves import Counts, counts, curve, curve_of
from ssenet.histograms import EDGES, AlphaHistogram, load_histograms, nearest_edge, save_histograms

K = 3


def image(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.choice([0, 1, 2, 3, 255], (9, 11)).astype(np.uint8)
    # Scores on the edges themselves, where "strictly greater" matters.
    score = random.choice(np.concatenate([EDGES[::50], random.random(30, np.float32)]), (9, 11)).astype(np.float32)
    return truth, random.integers(1, K + 1, (9, 11)), score


def by_threshold(images: list[tuple[np.ndarray, ...]], alpha: np.float32) -> np.ndarray:
    """Confusion matrix of one threshold by a plain pass over all pixels."""
    confusion = np.zeros((K + 1, K + 1), np.int64)
    for truth, winner, score in images:
        for t, w, s in zip(truth.ravel(), winner.ravel(), score.ravel(), strict=True):
            if t != 255:
                confusion[t, w if s > alpha else 0] += 1
    return confusion


@given(seed=st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_sixty_thresholds(seed: int) -> None:
    images = [image(seed), image(seed + 1)]
    result = curve(AlphaHistogram.join([AlphaHistogram.of_image(*one, K) for one in images]))
    for alpha in np.arange(60) / 100:
        at = nearest_edge(float(alpha))
        confusion = by_threshold(images, EDGES[at])
        hit, truth, predicted = np.diag(confusion), confusion.sum(1), confusion.sum(0)
        union = truth + predicted - hit
        iou = np.where(union > 0, hit / np.maximum(union, 1), 0)
        np.testing.assert_allclose(result.iou[at], iou, rtol=1e-12)
        assert result.miou[at] == pytest.approx(iou.mean(), rel=1e-12)
        defined = hit[1:] > 0
        fn, fp = (truth - hit)[1:][defined] / hit[1:][defined], (predicted - hit)[1:][defined] / hit[1:][defined]
        assert result.undefined[at] == (~defined).sum()
        if defined.any():
            assert result.m_fn[at] == pytest.approx(fn.mean(), rel=1e-9, abs=1e-12)
            assert result.m_fp[at] == pytest.approx(fp.mean(), rel=1e-9, abs=1e-12)


def test_a_curve_at_few_thresholds_is_read_at_the_nearest_of_them() -> None:
    whole = curve(AlphaHistogram.of_image(*image(0), 3))
    found = counts(AlphaHistogram.of_image(*image(0), 3))
    few = [nearest_edge(alpha) for alpha in (0.1, 0.4, 0.7)]
    thinned = curve_of(Counts(found.truth, found.predicted[few], found.hit[few]), EDGES[few].astype(np.float64))
    for alpha in (0.1, 0.4, 0.7):
        assert thinned.at(alpha) == whole.at(alpha)
    assert thinned.at(0.42) == whole.at(0.4)


def test_counting_many_classes_takes_no_table_of_all_pairs() -> None:
    """254 classes, the most a mask can name: a table of truth, winner and bin would take 500 MB."""
    part = AlphaHistogram.of_image(np.full((4, 4), 254, np.uint8), np.full((4, 4), 254), np.ones((4, 4), "f4"), 254)
    tracemalloc.start()
    found = counts(part)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.hit[0, 254] == 16 and found.predicted[-1, 0] == 16
    assert peak < 2**25, f"{peak / 2**20:.0f} MiB"


def test_no_true_positive_is_undefined_not_huge() -> None:
    truth, winner = np.array([[1, 1]], np.uint8), np.array([[2, 2]])
    result = curve(AlphaHistogram.of_image(truth, winner, np.ones((1, 2), np.float32), 2))
    at = result.at(0.2)
    assert at["m_fn"] is None
    assert at["m_fp"] is None
    assert at["undefined"] == 2
    assert np.nanmax(result.miou) <= 1


def test_absent_classes_count_as_zero_or_not_at_all() -> None:
    truth = np.array([[0, 1]], np.uint8)
    histogram = AlphaHistogram.of_image(truth, np.array([[1, 1]]), np.array([[0, 1]], np.float32), 2)
    assert curve(histogram).at(0.5)["miou"] == pytest.approx(2 / 3)
    assert curve(histogram, "excluded").at(0.5)["miou"] == pytest.approx(1.0)


def test_foreground_wins_only_strictly_above() -> None:
    alpha = EDGES[nearest_edge(0.2)]
    histogram = AlphaHistogram.of_image(np.array([[1]], np.uint8), np.array([[1]]), np.array([[alpha]]), 1)
    result = curve(histogram)
    at = nearest_edge(0.2)
    assert result.iou[at, 1] == 0
    assert result.iou[at - 1, 1] == 1


@given(scores=hnp.arrays(np.float32, (6, 6), elements=st.floats(0, 1, width=32)))
@settings(max_examples=30, deadline=None)
def test_foreground_never_grows_with_alpha(scores: np.ndarray) -> None:
    histogram = AlphaHistogram.of_image(np.ones((6, 6), np.uint8), np.ones((6, 6), int), scores, 1)
    assert (np.diff(curve(histogram).iou[:, 1]) <= 0).all()


def test_a_label_out_of_range_is_named() -> None:
    with pytest.raises(ValueError, match="label 9 in a mask of 3 classes"):
        AlphaHistogram.of_image(np.array([[9]], np.uint8), np.array([[1]]), np.zeros((1, 1), np.float32), 3)


def test_histograms_add_and_survive_a_file() -> None:
    one, other = (AlphaHistogram.of_image(*image(s), K) for s in (1, 2))
    both = AlphaHistogram.join([one, other])
    np.testing.assert_array_equal(counts(both).hit, counts(one).hit + counts(other).hit)
    np.testing.assert_array_equal(counts(both.take(np.array([1, 1]))).predicted, 2 * counts(other).predicted)
    back = load_histograms(save_histograms({"1": both, "MS": one}))
    assert list(back) == ["1", "MS"]
    np.testing.assert_array_equal(back["1"].rows, both.rows)
    assert back["1"].images == 2
