"""The figures hold the numbers of the comparison: every point at its difference, every bar ends at its limits."""

from __future__ import annotations

import pytest
from evaluations import evaluated

from ssenet.analysis.comparison import Comparison, compare
from ssenet.analysis.comparison_figures import (
    BETTER,
    CHANCE,
    WORSE,
    best_alpha_against_area,
    beyond,
    class_forest,
    readable,
    row_differences,
    sizes_against_scale,
)
from ssenet.analysis.object_sizes import SizeChoice, SizeComparison, compare_sizes

CHOICE = SizeChoice(row="1", samples=100)


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(evaluated("a", 1, 30, 0.7), evaluated("b", 2, 30, 0.9), CHOICE.plain)


@pytest.fixture(scope="module")
def by_size() -> SizeComparison:
    return compare_sizes(evaluated("a", 1, 30, 0.7), evaluated("b", 2, 30, 0.9), CHOICE)


def changed(found: Comparison, **rows: dict[str, float | None]) -> Comparison:
    """The comparison with other m_FP in some rows, named ``row_<name>``."""
    out = []
    for row in found.rows:
        m_fp = row.m_fp.model_copy(update=rows.get(f"row_{row.row}", {}))
        out.append(row.model_copy(update={"m_fp": m_fp}))
    return found.model_copy(update={"rows": tuple(out)})


def test_the_forest_has_every_class_at_its_difference_sorted(found: Comparison) -> None:
    figure = class_forest(found, "fish")
    drawn = {}
    for trace in figure.data:
        for x, y, up, down in zip(trace.x, trace.y, trace.error_x.array, trace.error_x.arrayminus, strict=False):
            drawn[y] = (x, x - down, x + up)
    expected = {one.name: one.iou for one in found.classes} | {"mean (mIoU)": found.row().miou}
    assert drawn.keys() == expected.keys()
    for name, one in expected.items():
        assert drawn[name] == pytest.approx([100 * (v or 0) for v in (one.difference, one.low, one.high)])
    order = list(figure.layout.yaxis.categoryarray)
    values = [expected[name].difference for name in order[1:]]
    assert order[0] == "mean (mIoU)" and values == sorted(values, key=lambda v: v or 0)
    assert "<b>fish</b>" in figure.layout.yaxis.ticktext


def test_less_is_better_for_m_fn_and_m_fp_and_more_for_miou(found: Comparison) -> None:
    figure = row_differences(found)
    groups = {(trace.name, trace.xaxis) for trace in figure.data if trace.y[0] is not None}
    assert {(BETTER[0], axis) for axis in ("x", "x2", "x3")} <= groups
    worse = row_differences(compare(evaluated("a", 1, 30, 0.9), evaluated("b", 2, 30, 0.7), CHOICE.plain))
    assert {trace.name for trace in worse.data if trace.y[0] is not None} <= {WORSE[0], CHANCE[0]}
    assert [trace.name for trace in figure.data if trace.showlegend] == [BETTER[0], WORSE[0], CHANCE[0]]


def test_an_exploding_interval_does_not_hide_the_others_and_is_named(found: Comparison) -> None:
    assert beyond(found) == []
    exploded = changed(found, row_1={"low": -700.0, "high": 900.0})
    axis = row_differences(exploded).layout.yaxis2.range
    assert axis[0] > -50 and axis[1] < 50 and axis[0] < 0 < axis[1]
    assert beyond(exploded) == ["1"]


def test_axis_limits() -> None:
    assert readable([(None, None)]) is None
    assert readable([(-1.0, 1.0), (-0.5, 2.0)]) is None
    low, high = readable([(0.1, 1.0), (0.2, 2.0), (0.1, 500.0)]) or (0, 0)
    assert low < 0 and 2 < high < 500


def test_what_is_undefined_has_no_point(found: Comparison) -> None:
    gone = changed(found, row_1={"a": None, "difference": None, "low": None, "high": None})
    panel = [trace for trace in row_differences(gone).data if trace.xaxis == "x2"]
    drawn = {x for trace in panel for x, y in zip(trace.x, trace.y, strict=True) if y is not None}
    assert drawn == {"0.5", "MS"}


def test_sizes_and_objects_are_those_of_the_comparison(by_size: SizeComparison) -> None:
    figure = sizes_against_scale(by_size, "iou", "A", "B")
    assert [trace.name for trace in figure.data] == ["A"] * 3 + ["B"] * 3
    expected = [100 * (row.sizes[1].iou.value or 0) for row in by_size.b.rows]
    assert list(figure.data[4].y) == pytest.approx(expected)
    points = [point for point in by_size.a.points if point.best_alpha is not None]
    scatter = best_alpha_against_area(by_size, "A", "B", 0.2).data[0]
    assert list(scatter.x) == pytest.approx([100 * p.area for p in points])
    assert [c[0] for c in scatter.customdata] == [p.image for p in points]
