"""Bands and plateaus against loops over resamples and thresholds."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssenet.analysis.bands import GRID, GRID_ALPHA, ImageTable, best_of, plateau, ratios, resampled
from ssenet.analysis.bootstrap import resample_weights
from ssenet.curves import counts, curve
from ssenet.histograms import EDGES, AlphaHistogram, nearest_edge

K = 3


def histogram(seed: int, images: int, classes: int = K, side: int = 9) -> AlphaHistogram:
    """Random pictures with scores that tend to be right, and a class that some lack."""
    random = np.random.default_rng(seed)
    parts = []
    for _ in range(images):
        truth = random.choice([0, 0, *random.integers(1, classes + 1, 2), 255], (side, side)).astype(np.uint8)
        winner = np.where((truth > 0) & (truth < 255), truth, random.integers(1, classes + 1, truth.shape))
        score = np.clip(random.normal(np.where(truth > 0, 0.6, 0.2), 0.2), 0, 1).astype(np.float32)
        parts.append(AlphaHistogram.of_image(truth, winner, score, classes))
    return AlphaHistogram.join(parts)


@pytest.mark.parametrize("absent", ["zero", "excluded"])
def test_every_resample_is_the_curve_of_the_images_it_drew(absent: str) -> None:
    """The slow way: take the images as often as they were drawn, and draw their curve."""
    images = histogram(0, 7)
    assert set(images.rows[:, 0]) >= {1, 2, 3}
    found = resampled(ImageTable.of(images), [None, 2], 12, seed=5, absent=absent)  # type: ignore[arg-type]
    for b, weights in enumerate(resample_weights(7, 12, 5)):
        drawn = images.take(np.repeat(np.arange(7), weights.astype(int)))
        slow = curve(drawn, "excluded")  # all classes are in some mask, and a draw that misses one does not count it
        np.testing.assert_allclose(found[None].iou[b], slow.miou[GRID], rtol=1e-5)
        np.testing.assert_allclose(found[None].fn[b], slow.m_fn[GRID], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found[None].fp[b], slow.m_fp[GRID], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found[2].fn[b], slow.fn_ratio[GRID, 1], rtol=1e-4, atol=1e-5)


def perfect(truth_classes: list[int], classes: int) -> AlphaHistogram:
    """An image a class, half of it the object, all labels right at α = 0.2."""
    parts = []
    for k in truth_classes:
        truth = np.repeat(np.array([[0], [k]], np.uint8), 4, axis=1)
        parts.append(AlphaHistogram.of_image(truth, np.full_like(truth, k), (truth > 0).astype(np.float32), classes))
    return AlphaHistogram.join(parts)


def test_a_class_that_a_draw_misses_is_no_failure_of_the_network() -> None:
    """Whichever images are drawn, all of their labels are right; a class that no mask has counts as 0 in every draw."""
    drawn = (resample_weights(4, 50, 0) > 0).sum(axis=1)
    for classes, expected in ((4, np.ones(50)), (5, (drawn + 1) / (drawn + 2))):
        table = ImageTable.of(perfect([1, 2, 3, 4], classes), [nearest_edge(0.2)])
        found = resampled(table, [None], 50, seed=0)
        np.testing.assert_allclose(found[None].iou[:, 0], expected, rtol=1e-6)


def test_ratios_of_counts_are_the_paper_s() -> None:
    images = histogram(3, 5)
    c, slow = counts(images), curve(images)
    found = ratios(c.truth, c.predicted, c.hit, None, "zero")
    np.testing.assert_allclose(found.iou, slow.miou)
    np.testing.assert_allclose(found.fn, slow.m_fn)
    np.testing.assert_allclose(found.fp, slow.m_fp)
    hit = c.hit[:, 1:]
    np.testing.assert_allclose(found.fn_bounded, ((c.truth[1:] - hit) / c.truth[1:]).mean(axis=1))
    assert (found.fn_bounded >= 0).all() and (found.fn_bounded <= 1).all()


def test_what_is_undefined_is_nan_and_bounded_ratios_are_defined_for_longer() -> None:
    truth, predicted, hit = np.array([5, 4, 0]), np.array([[9, 0, 0], [6, 0, 3]]), np.array([[5, 0, 0], [4, 0, 0]])
    found = ratios(truth, predicted, hit, None, "zero")
    assert np.isnan(found.fn).all() and np.isnan(found.fp).all()
    np.testing.assert_allclose(found.fn_bounded, [1, 1])
    np.testing.assert_allclose(found.fp_bounded, [np.nan, 1])
    assert np.isnan(ratios(truth, predicted, hit, 2, "zero").iou[0])


def test_draws_are_shared_by_rows_and_checkpoints() -> None:
    """A copy of a network differs from it in no resample."""
    table, copy = ImageTable.of(histogram(1, 6)), ImageTable.of(histogram(1, 6))
    one, other = (resampled(t, [None], 20, seed=3)[None].iou for t in (table, copy))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, resampled(table, [None], 20, seed=4)[None].iou)


@given(seed=st.integers(0, 10_000), tolerance=st.sampled_from([0.0, 0.01, 0.3, 2.0]))
@settings(max_examples=40, deadline=None)
def test_plateau_by_walking_away_from_the_best(seed: int, tolerance: float) -> None:
    iou = np.random.default_rng(seed).random(60)
    alpha = np.linspace(0, 1, 60)
    low = high = int(iou.argmax())
    while low > 0 and iou[low - 1] >= iou.max() - tolerance:
        low -= 1
    while high < 59 and iou[high + 1] >= iou.max() - tolerance:
        high += 1
    assert plateau(alpha, iou, tolerance) == (alpha[low], alpha[high])


def test_a_class_that_is_never_hit_has_no_best_and_no_plateau() -> None:
    assert best_of(np.array([[0.0, 0.0], [np.nan, np.nan], [np.nan, 0.2]])).tolist() == [-1, -1, 1]
    assert plateau(np.array([0.0, 1.0]), np.zeros(2)) is None


def test_plateau_ends_where_the_figure_is_undefined() -> None:
    assert plateau(np.arange(4.0), np.array([0.5, np.nan, 0.5, 0.505])) == (2, 3)


def test_grid_is_every_hundredth() -> None:
    np.testing.assert_array_equal(GRID_ALPHA.astype(np.float32), EDGES[GRID])
    np.testing.assert_allclose(GRID_ALPHA, np.arange(101) / 100, atol=1e-7)


def test_a_data_set_of_the_size_of_voc_fits_in_memory() -> None:
    """1,464 images, 20 classes, 101 thresholds, 500 resamples."""
    some = histogram(0, 24, classes=20, side=60)
    images = some.take(np.arange(1464) % 24)
    tracemalloc.start()
    found = resampled(ImageTable.of(images), [None], 500, seed=0)[None]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.iou.shape == (500, 101)
    assert peak < 2**29, f"{peak / 2**20:.0f} MiB"
