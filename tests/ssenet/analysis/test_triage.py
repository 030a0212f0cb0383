"""Triage's figures against slow oracles written from their definitions, and rankings."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from stage_results import protocol

from ssenet.analysis.ranking import (
    BINS,
    COLUMNS,
    HEADER,
    Choice,
    Size,
    available,
    csv_of,
    distribution,
    figure,
    rank,
    size_range,
)
from ssenet.analysis.suggest import agreement
from ssenet.analysis.triage import (
    ALPHAS,
    SIDE,
    agreement_at,
    inconsistency,
    iou_above,
    label_map,
    object_figures,
    scale_maps,
    small_size,
    soft_iou,
)
from ssenet.analysis.triage_record import NetworkFigures, TriageRecord, TriageRow, mean_agreement, suggested_alpha
from ssenet.curves import counts
from ssenet.data.base import Sample
from ssenet.errors import SettingsError
from ssenet.evaluate import Scored, histogram_of
from ssenet.histograms import nearest_edge
from ssenet.protocol import leaks as leak_texts
from ssenet.render import class_scores, scale_consistency
from ssenet.results import View, views_of

Maps = arrays(np.float32, (3, 4, 5), elements=st.floats(0, 1, width=32))


def slow_soft_iou(a: Any, b: Any) -> float | None:
    low = high = 0.0
    for x, y in zip(a.ravel(), b.ravel(), strict=True):
        low, high = low + float(min(x, y)), high + float(max(x, y))
    return low / high if high else None


def slow_iou(a: Any, b: Any, alpha: float) -> float | None:
    above = [(x > np.float32(alpha), y > np.float32(alpha)) for x, y in zip(a.ravel(), b.ravel(), strict=True)]
    either = sum(1 for x, y in above if x or y)
    return sum(1 for x, y in above if x and y) / either if either else None


@given(Maps)
def test_inconsistency_is_one_minus_the_mean_overlap_of_all_pairs(maps: Any) -> None:
    overlaps = [slow_soft_iou(maps[i], maps[j]) for i in range(3) for j in range(i + 1, 3)]
    known = [overlap for overlap in overlaps if overlap is not None]
    found = inconsistency(maps)
    if not known:
        assert found is None
    else:
        assert found == pytest.approx(1 - sum(known) / len(known), abs=1e-5)


@given(Maps, st.sampled_from([0.0, 0.2, 0.5, 0.975]))
def test_overlap_above_a_threshold_counts_pixels_strictly_above(maps: Any, alpha: float) -> None:
    maps[0, 0, 0] = maps[1, 0, 1] = np.float32(alpha)  # on the threshold is background
    assert iou_above(maps[0], maps[1], alpha) == slow_iou(maps[0], maps[1], alpha)


def coarse(seed: int, scales: tuple[float, ...] = (0.5, 1.0, 2.0), classes: int = 4) -> dict[View, Any]:
    """Raw logits of a photograph of 64 × 48 pixels at stride 16."""
    random = np.random.default_rng(seed)
    shape = {scale: (round(3 * scale) + 1, round(4 * scale) + 1) for scale in scales}
    return {v: random.normal(0.3, 1, (classes, *shape[v.scale])).astype(np.float32) for v in views_of(scales, True)}


@pytest.mark.parametrize("seed", range(5))
def test_inconsistency_is_what_the_scale_strip_shows(seed: int) -> None:
    logits, size = coarse(seed), small_size((48, 64))
    maps = scale_maps(logits, size, [2, 0])
    assert maps.single.shape == (3, 2, *size) and maps.multi.shape == (2, *size)
    for place, index in enumerate((2, 0)):
        shown = scale_consistency(logits, size, index)
        assert shown is not None
        assert inconsistency(maps.single[:, place]) == pytest.approx(1 - shown, abs=1e-6)


def test_maps_that_are_equal_are_consistent_and_silent_ones_are_undefined() -> None:
    one = np.random.default_rng(0).random((6, 8)).astype(np.float32)
    assert inconsistency(np.stack([one, one, one])) == pytest.approx(0)
    assert inconsistency(np.zeros((3, 6, 8), np.float32)) is None
    assert inconsistency(np.stack([one, 0 * one, 0 * one])) == 1  # one pair without any response is left out
    assert soft_iou(0 * one, 0 * one) is None
    with pytest.raises(ValueError, match="no view"):
        scale_maps({}, (6, 8), [0])


@pytest.mark.parametrize(("size", "small"), [((375, 500), (96, 128)), ((500, 375), (128, 96)), ((20, 4000), (1, 128))])
def test_photographs_are_measured_at_one_long_side(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert small_size(size) == small and max(small) == SIDE


@pytest.mark.parametrize("order", ["fast", "official"])
@pytest.mark.parametrize("alpha", [0.0, 0.2, 0.7])
def test_figures_against_the_mask_are_those_of_an_evaluation(order: Any, alpha: float) -> None:
    logits, random = coarse(7), np.random.default_rng(3)
    truth = random.integers(0, 5, (48, 64)).astype(np.uint8)
    truth[:4] = 255
    sample = Sample("x", np.zeros((48, 64, 3), np.uint8), np.ones(4, np.float32), truth)
    scored = Scored(sample, logits, class_scores(logits))
    exact = counts(histogram_of(scored, list(logits), [0, 1, 3], order, 4))
    labels = label_map(scale_maps(logits, (48, 64), [0, 1, 3], order).multi, [0, 1, 3], alpha)
    at = nearest_edge(alpha)
    for index, found in zip((0, 1, 3), object_figures(truth, labels, [0, 1, 3], 4), strict=True):
        real, claimed, hit = exact.truth[index + 1], exact.predicted[at, index + 1], exact.hit[at, index + 1]
        assert hit > 0 and found.iou == hit / (real + claimed - hit)
        assert found.fn_ratio == (real - hit) / hit and found.fp_ratio == (claimed - hit) / hit
        assert found.area == real / (44 * 64)


def test_ratios_without_a_true_positive_are_undefined() -> None:
    truth, labels = np.array([[1, 1, 0]], np.uint8), np.array([[0, 0, 2]], np.uint8)
    one, two, three = object_figures(truth, labels, [0, 1, 2], 3)
    assert (one.iou, one.fn_ratio, one.fp_ratio, one.area) == (0, None, None, 2 / 3)
    assert (two.iou, two.fn_ratio, two.area) == (0, None, 0)
    assert (three.iou, three.area) == (None, 0)


# Rankings ------------------------------------------------------------------------------------------
def figures(**values: Any) -> NetworkFigures:
    return NetworkFigures(**{"score": 0.9, "inconsistency": 0.5, "area": 0.1, "agreement": (), **values})


def row(index: int, value: float | None, class_name: str = "cat", **more: Any) -> TriageRow:
    return TriageRow(index=index, image_id=f"p{index}", class_name=class_name, a=figures(inconsistency=value), **more)


ROWS = [
    row(0, 0.4, object_area=0.02),
    row(0, 0.9, "dog", object_area=0.5),
    row(1, 0.7, object_area=0.2),
    row(2, None, object_area=0.0),
    row(3, 0.7, "dog", object_area=None),
    row(4, 0.1, object_area=0.05),
]


def record(rows: Sequence[TriageRow] = ROWS, **changes: Any) -> TriageRecord:
    """A ranking of those rows."""
    values: dict[str, Any] = {
        "checkpoint": "A", "classes": ("cat", "dog"), "images": 6, "measured": len(rows), "without_class": 1,
        "masks": True, "alpha": 0.2, "side": SIDE, "size_limits": (0.05, 0.25), "alphas": (), "agreement": (),
        "protocol": protocol(), "rows": tuple(rows),
    }  # fmt: skip
    return TriageRecord.model_validate({**values, **changes})


def order_of(**choice: Any) -> list[tuple[int, str]]:
    return [(r.index, r.class_name) for r in rank(record(), Choice.model_validate(choice)).rows]


def test_a_photograph_stands_where_its_strangest_class_does() -> None:
    found = rank(record(), Choice())
    assert [(r.index, r.class_name) for r in found.rows] == [(0, "dog"), (1, "cat"), (3, "dog"), (4, "cat")]
    assert found.values == (0.9, 0.7, 0.7, 0.1) and found.undefined == 1
    assert order_of(order="ascending") == [(4, "cat"), (0, "cat"), (1, "cat"), (3, "dog")]
    assert order_of(sort="object_area") == [(0, "dog"), (1, "cat"), (4, "cat"), (2, "cat")]


def test_filters_by_class_size_and_range() -> None:
    assert order_of(**{"class": "cat"}) == [(1, "cat"), (0, "cat"), (4, "cat")]
    assert order_of(size="small") == [(0, "cat"), (4, "cat")]
    assert order_of(size="large") == [(0, "dog")]
    found = rank(record(), Choice(low=0.2, high=0.7))
    assert [r.index for r in found.rows] == [1, 3]  # photograph 0 stands at 0.9
    assert len(found.values) == 4, "the distribution is of all that could be in range"


@pytest.mark.parametrize(
    ("choice", "changes", "message"),
    [
        ({"sort": "disagreement"}, {}, "no disagreement; it has inconsistency"),
        ({"sort": "iou"}, {"masks": False}, "no iou; it has inconsistency, score, area"),
        ({"class_name": "cow"}, {}, "no class 'cow'; there are cat, dog"),
        ({"size": "small"}, {"size_limits": None}, "sizes of objects are not known"),
    ],
)
def test_what_a_ranking_does_not_have_is_said(choice: Any, changes: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        rank(record(**changes), Choice.model_validate(choice))


def test_a_ranking_that_looks_at_masks_says_so() -> None:
    measured = protocol().model_copy(update={"label_source": "predicted"})
    for choice, leaks in (
        (Choice(), False), (Choice(sort="disagreement", class_name="cat"), False), (Choice(sort="iou"), True),
        (Choice(size="small"), True), (Choice(sort="object_area"), True),
    ):  # fmt: skip
        found = choice.protocol(measured)
        assert found.uses_ground_truth == leaks and found.alpha_rule == "fixed 0.2"
        assert any("ranked or filtered with their masks" in text for text in leak_texts(found)) == leaks


def test_what_a_ranking_has_depends_on_networks_and_masks() -> None:
    assert set(available(record(other="B"))) == set(COLUMNS)
    assert {n for n in available(record()) if COLUMNS[n].networks == 2} == set()
    assert {n for n in available(record(masks=False, other="B")) if COLUMNS[n].truth} == set()


def test_sizes_cover_every_object_that_is_there_once() -> None:
    limits = (0.05, 0.25)
    assert [size_range(size, limits) for size in get_args(Size)] == [(0.0, 0.05), (0.05, 0.25), (0.25, 1.0)]
    for area, fitting in (
        (None, []), (0.0, []), (0.01, ["small"]), (0.05, ["small"]), (0.06, ["medium"]), (0.25, ["medium"]),
        (1.0, ["large"]),
    ):  # fmt: skip
        one = row(0, 0.5, object_area=area)
        assert [size for size in get_args(Size) if Choice(size=size).let_pass(one, limits)] == fitting


def test_every_column_has_a_figure_of_each_row() -> None:
    whole = row(
        0, 0.3, b=figures(score=0.2, inconsistency=0.6, iou=0.8), disagreement=0.4, disagreement_at_alpha=0.45,
        object_area=0.1,
    )  # fmt: skip
    found = {name: figure(whole, name) for name in COLUMNS}
    assert found["inconsistency"] == 0.3 and found["inconsistency_b"] == 0.6 and found["disagreement"] == 0.4
    assert found["iou_b"] == 0.8 and found["iou"] is None and found["object_area"] == 0.1
    assert set(COLUMNS) < set(HEADER)


def test_csv_holds_every_figure_and_leaves_undefined_ones_empty() -> None:
    lines = list(csv.DictReader(io.StringIO(csv_of(ROWS))))
    assert [line["index"] for line in lines] == ["0", "0", "1", "2", "3", "4"]
    assert [line["inconsistency"] for line in lines] == ["0.4", "0.9", "0.7", "", "0.7", "0.1"]
    assert {line["iou_b"] for line in lines} == {""} and lines[1]["class"] == "dog"


def test_a_distribution_counts_every_value() -> None:
    edges, found = distribution((0.0, 0.5, 1.0, 0.99))
    assert len(edges) == BINS + 1 and sum(found) == 4 and found[-1] == 2
    edges, found = distribution((0.5, 7.5))
    assert edges[-1] == 7.5 and sum(found) == 2
    assert sum(distribution(())[1]) == 0


def test_the_suggested_alpha_is_where_the_mean_agreement_is_highest() -> None:
    mean = mean_agreement([(0.5, 0.25, -1.0), (0.0, 0.5, 0.0)])
    assert mean == (0.25, 0.375, -0.5)
    assert suggested_alpha((0.1, 0.2, 0.3), mean) == 0.2
    assert suggested_alpha((0.1,), (0.0,)) is None and suggested_alpha((), mean_agreement([])) is None
    maps = np.random.default_rng(1).random((3, 12, 16)).astype(np.float32)
    whole = agreement(maps)
    assert agreement_at(maps).tolist() == [whole[nearest_edge(alpha)] for alpha in ALPHAS]
