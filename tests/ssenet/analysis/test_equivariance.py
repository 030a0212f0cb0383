"""Equivariance figures against loops written from their definitions, and what must hold of any maps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssenet.analysis.equivariance import (
    PLAIN,
    class_error,
    compare,
    default_classes,
    measure,
    measured_size,
    scale_matrices,
    score_map,
    transformation,
    views_needed,
)
from ssenet.render import upsample
from ssenet.results import View

EPSILON = 1e-5
SIZE = (12, 16)
VIEWS = st.builds(
    View,
    scale=st.sampled_from([0.5, 1.0, 2.0]),
    flip=st.booleans(),
    rotation=st.floats(-180, 180),
    shift_x=st.floats(-0.5, 0.5),
    shift_y=st.floats(-0.5, 0.5),
)


def smooth(seed: int, shape: tuple[int, ...] = (3, 4)) -> np.ndarray:
    """Random coarse logits, some positive."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def eq3(values: list[float]) -> list[float]:
    """Eq. 3 of some pixels, by loops."""
    positive = [max(v, 0.0) for v in values]
    return [max(v - EPSILON, 0.0) / (max(positive) + EPSILON) for v in positive]


def errors_by_loops(direct: np.ndarray, moved: np.ndarray, area: np.ndarray) -> tuple[float | None, float, float]:
    """(1 - soft IoU, mean |difference| of Eq. 3 maps, mean |difference| of raw maps), pixel by pixel."""
    pixels = [(float(a), float(b)) for a, b, inside in zip(direct.flat, moved.flat, area.flat, strict=True) if inside]
    ours, theirs = eq3([a for a, _ in pixels]), eq3([b for _, b in pixels])
    low = high = apart = raw = 0.0
    for (a, b), x, y in zip(pixels, ours, theirs, strict=True):
        low, high = low + min(x, y), high + max(x, y)
        apart, raw = apart + abs(x - y), raw + abs(a - b)
    return 1 - low / high if high else None, apart / len(pixels), raw / len(pixels)


@given(view=VIEWS, seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_errors_of_a_class_equal_the_loops(view: View, seed: int) -> None:
    compared = compare(smooth(seed), smooth(seed + 1), view, SIZE)
    if not compared.valid.any():
        return
    found = class_error(compared, "bird", 0.5)
    error, difference, raw = errors_by_loops(compared.direct, compared.moved, compared.valid)
    assert found.raw == pytest.approx(raw, rel=1e-5)
    if error is None:
        assert found.error is None and found.difference is None
    else:
        assert found.error == pytest.approx(error, abs=1e-5)
        assert found.difference == pytest.approx(difference, rel=1e-4, abs=1e-6)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_photograph_itself_has_no_error(seed: int) -> None:
    maps = smooth(seed)
    found = class_error(compare(maps, maps, PLAIN, SIZE), "bird", 0.5)
    assert (found.error, found.difference, found.raw) in ((0, 0, 0), (None, None, 0))


@given(seed=st.integers(0, 10_000), view=VIEWS)
@settings(max_examples=20, deadline=None)
def test_a_network_that_follows_the_photograph_has_no_error(seed: int, view: View) -> None:
    """Logits that are A f(x) at full resolution."""
    plain = upsample(smooth(seed)[None], SIZE)[0]
    seen = compare(plain, plain, view, SIZE).moved
    # A network's logits are kept mirrored back.
    found = class_error(compare(plain, seen[:, ::-1] if view.flip else seen, view, SIZE), "bird", 0.5)
    assert found.raw in (None, pytest.approx(0, abs=1e-6))
    assert found.error in (None, pytest.approx(0, abs=1e-5))


def test_mirroring_twice_is_the_identity() -> None:
    plain, seen = smooth(0), smooth(1)
    once, straight = (compare(plain, seen, View(scale=1, flip=flip), SIZE) for flip in (True, False))
    assert np.array_equal(once.direct[:, ::-1], straight.direct)
    assert np.array_equal(once.moved[:, ::-1], straight.moved)
    assert np.array_equal(once.back, straight.back), "brought back, a flip is undone"
    figures = [class_error(one, "bird", 0.5) for one in (once, straight)]
    assert figures[0].error == pytest.approx(figures[1].error)


def test_brought_back_a_shift_is_undone() -> None:
    blob = np.zeros((16, 16), np.float32)
    blob[6:9, 4:7] = 1
    moved = np.roll(blob, 4, axis=1)
    compared = compare(blob, moved, View(scale=1, shift_x=0.25), (16, 16))
    np.testing.assert_allclose(compared.back, blob, atol=1e-6)
    assert class_error(compared, "bird", 0.5).error == pytest.approx(0, abs=1e-6)
    assert not compared.valid[:, :4].any() and compared.valid[:, 4:].all()
    assert not compared.valid_back[:, 12:].any()
    # What a network that ignores the shift gives is all wrong where the blobs do not meet.
    assert class_error(compare(blob, blob, View(scale=1, shift_x=0.25), (16, 16)), "bird", 0.5).error == 1


def test_maps_that_do_not_respond_have_no_error_to_speak_of() -> None:
    silent = np.full((3, 4), -1, np.float32)
    found = class_error(compare(silent, silent - 1, View(scale=0.5), SIZE), "bird", 0.1)
    assert (found.error, found.difference) == (None, None)
    assert found.raw == pytest.approx(1)


def pearson(a: list[float], b: list[float]) -> float:
    """By its definition."""
    mean_a, mean_b = math.fsum(a) / len(a), math.fsum(b) / len(b)
    above = math.fsum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    return above / math.sqrt(math.fsum((x - mean_a) ** 2 for x in a) * math.fsum((y - mean_b) ** 2 for y in b))


@given(seed=st.integers(0, 10_000), alpha=st.sampled_from([0.0, 0.2, 0.5]))
@settings(max_examples=20, deadline=None)
def test_matrices_equal_the_loops_and_are_symmetric(seed: int, alpha: float) -> None:
    maps = [score_map(np.abs(smooth(seed + i, (2 + i, 3 + i))), SIZE) for i in range(3)]
    found = scale_matrices(maps, "bird", alpha)
    for i, a in enumerate(maps):
        for j, b in enumerate(maps):
            x, y = a.ravel().tolist(), b.ravel().tolist()
            apart = math.fsum(abs(p - q) for p, q in zip(x, y, strict=True)) / len(x)
            both = sum(p > np.float32(alpha) and q > np.float32(alpha) for p, q in zip(x, y, strict=True))
            either = sum(p > np.float32(alpha) or q > np.float32(alpha) for p, q in zip(x, y, strict=True))
            assert found.distance[i][j] == pytest.approx(apart, abs=1e-9)
            assert found.correlation[i][j] == pytest.approx(pearson(x, y), abs=1e-6)
            assert found.iou[i][j] == pytest.approx(both / either)
            for matrix in (found.distance, found.correlation, found.iou):
                assert matrix[i][j] == pytest.approx(matrix[j][i])
    for i in range(3):
        assert (found.distance[i][i], found.iou[i][i]) == (0, 1)
        assert found.correlation[i][i] == pytest.approx(1)


def test_what_is_undefined_in_a_matrix_is_none() -> None:
    found = scale_matrices([np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32)], "bird", 0.2)
    assert found.correlation == ((None, None), (None, None))
    assert found.iou == ((None, 0.0), (0.0, 1.0))


def test_everything_of_one_network() -> None:
    view, names = View(scale=0.5, rotation=15), ("bird", "fish", "dog")
    coarse = {one: smooth(i, (3, 4, 5)) for i, one in enumerate(views_needed(view, (2.0, 1.0, 0.5)))}
    coarse[PLAIN] += np.float32([5, -5, -5])[:, None, None]
    report = measure(coarse, view, names, (300, 400), alpha=0.2, scales=(2.0, 1.0, 0.5))
    assert [one.name for one in report.errors] == ["bird"], "what is predicted for the photograph itself"
    assert report.size == (192, 256) and report.scales == (0.5, 1.0, 2.0)
    assert 0.7 < report.valid_area < 1
    assert [len(m.distance) for m in report.matrices] == [3]
    both = measure(coarse, view, names, (300, 400), alpha=0.2, classes=[2, 0])
    assert [one.name for one in both.errors] == ["dog", "bird"] and both.matrices == ()
    assert both.errors[1] == report.errors[0]
    assert type(report).model_validate_json(report.model_dump_json()) == report


def test_the_best_guess_stands_in_when_nothing_is_predicted() -> None:
    coarse = {PLAIN: np.stack([np.full((2, 2), value, np.float32) for value in (-3, -1, -2)])}
    assert default_classes(coarse) == [1]


def test_which_views_are_needed() -> None:
    names = [view.name for view in views_needed(View(scale=0.5, flip=True), (0.5, 1.0, 2.0))]
    assert names == ["s0.5", "s0.5-flip", "s1", "s2"]
    assert views_needed(PLAIN, ()) == (PLAIN,)


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (PLAIN, "none: the photograph itself"),
        (View(scale=0.5), "scale 0.5"),
        (View(scale=1, rotation=-15, flip=True), "rotated 15° clockwise, mirrored"),
        (View(scale=2, shift_x=-0.1, shift_y=0.05), "scale 2, shifted 10 % left, shifted 5 % down"),
    ],
)
def test_a_transformation_in_words(view: View, words: str) -> None:
    assert transformation(view) == words


def test_the_grid_keeps_the_shape_of_the_photograph() -> None:
    assert measured_size((300, 400)) == (192, 256)
    assert measured_size((1, 5000)) == (1, 256)
