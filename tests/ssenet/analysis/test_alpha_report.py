"""The α lab in one call, its figures, and its files."""

import csv
import io
import json

import numpy as np
import pytest
from evaluations import evaluated, pictures

from ssenet.analysis.alpha import AlphaCurves, Draws
from ssenet.analysis.alpha_figures import classes_against_alpha, miou_against_alpha, ratios_against_scale
from ssenet.analysis.alpha_report import View, alpha_files, report, rows_in_order
from ssenet.analysis.pair import Evaluated
from ssenet.curves import curve
from ssenet.errors import SettingsError
from ssenet.histograms import nearest_edge

DRAWS = Draws(samples=100)
ROWS = ("0.5", "1", "MS")
A, B = evaluated("a", 1), evaluated("b", 5, quality=0.9)
NAMES = {"a": "A", "b": "B"}


@pytest.fixture(scope="module")
def curves() -> AlphaCurves:
    return report({"a": A, "b": B}, ROWS, ["bird", "fish"], 0.35, DRAWS)


def test_images_in_another_order_are_found_by_name() -> None:
    """B scored images 19 … 4 only, backwards; both are looked at on 4 … 19, in the order of A."""
    order = np.arange(19, 3, -1)
    record = B.record.model_copy(update={"image_ids": tuple(B.record.image_ids[i] for i in order)})
    turned = Evaluated(record, {name: histogram.take(order) for name, histogram in B.histograms.items()})
    found = report({"a": A, "b": turned}, ["1"], [], 0.2, DRAWS)
    assert found.images == 16
    whole = {"a": A, "b": B}
    for row in found.rows:
        slow = curve(whole[row.evaluation].histograms["1"].take(np.arange(4, 20)))
        assert row.best is not None and row.best.iou.value == pytest.approx(slow.best()[1])


@pytest.mark.parametrize(
    ("other", "classes", "says"),
    [
        (evaluated("b", 2, dataset_fingerprint="e" * 64), [], "different data"),
        (Evaluated(B.record.model_copy(update={"image_ids": ("x",)}), B.histograms), [], "no image in common"),
        (B, ["dodo"], "no class 'dodo'"),
    ],
)
def test_what_does_not_stand_side_by_side_is_said(other: Evaluated, classes: list[str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        report({"a": A, "b": other}, ["1"], classes, 0.2, DRAWS)


def test_rows_stand_in_the_order_of_scales() -> None:
    other = A.record.model_copy(update={"rows": ("MS", "2", "0.25")})
    assert rows_in_order([A.record, other]) == ["0.25", "0.5", "1", "2", "MS"]


def test_fig_4_draws_lines_bands_plateaus_and_bests(curves: AlphaCurves) -> None:
    figure = miou_against_alpha(curves, NAMES, ["1", "MS"], alpha=0.35)
    lines = {trace.name: trace for trace in figure.data if trace.showlegend is not False}
    assert list(lines) == ["A 1", "A MS", "B 1", "B MS"]
    np.testing.assert_allclose(
        lines["A 1"].y, 100 * curve(A.histograms["1"]).miou[[nearest_edge(a) for a in curves.alpha]]
    )
    assert tuple(lines["B MS"].customdata[30]) == ("b", "MS", 0.3, None)
    assert lines["A MS"].line.dash == "solid" and lines["A MS"].line.width > lines["A 1"].line.width
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert [trace.legendgroup for trace in bands] == ["a MS ", "b MS "]
    diamonds = [trace for trace in figure.data if trace.marker.symbol == "diamond"]
    assert [trace.x[0] for trace in diamonds] == [
        pytest.approx(curve(one.histograms[row]).best()[0]) for one in (A, B) for row in ("1", "MS")
    ]
    fat = [trace for trace in figure.data if trace.line.width == 9]
    row = next(row for row in curves.rows if (row.evaluation, row.row, row.label) == ("a", "1", None))
    assert row.plateau is not None and (fat[0].x[0], fat[0].x[-1]) == (row.plateau.low, row.plateau.high)
    assert {shape.x0 for shape in figure.layout.shapes} == {0.2, 0.35}


def test_all_bands_and_none(curves: AlphaCurves) -> None:
    for which, count in (("all", 6), ("none", 0)):
        figure = miou_against_alpha(curves, NAMES, ROWS, bands=which)  # type: ignore[arg-type]
        assert sum(trace.fill == "toself" for trace in figure.data) == count


def test_fig_5_is_eqs_5_and_6_at_each_scale(curves: AlphaCurves) -> None:
    figure = ratios_against_scale(curves, NAMES)
    at = nearest_edge(0.35)
    assert [trace.name for trace in figure.data] == ["A", "A", "B", "B"]
    left_out, covered = figure.data[2:]
    assert left_out.x == (0.5, 1.0)
    slow = [curve(B.histograms[row]) for row in ("0.5", "1")]
    np.testing.assert_allclose(left_out.y, [c.m_fn[at] for c in slow])
    np.testing.assert_allclose(covered.y, [c.m_fp[at] for c in slow])
    best = ratios_against_scale(curves, NAMES, "best", "bird").data[2]
    for point, value, c in zip(best.customdata, best.y, slow, strict=True):
        index = int(c.iou[:, 1].argmax())
        assert point[2] == pytest.approx(c.alpha[index], abs=1e-6) and point[3] == "bird"
        assert value == pytest.approx(c.fn_ratio[index, 0])


def test_points_that_leave_classes_out_are_hollow_and_long_bars_do_not_stretch_the_axis() -> None:
    one = pictures(1, 12, 0.6)
    few = Evaluated(A.record.model_copy(update={"rows": ("1",), "image_ids": A.record.image_ids[:12]}), {"1": one})
    found = report({"a": few}, ["1"], [], 1.0, DRAWS)
    trace = ratios_against_scale(found, {"a": "A"}).data[0]
    assert trace.marker.symbol == ("circle-open",) and trace.text == ("3 classes undefined",)
    spread = report({"a": few}, ["1"], [], 0.62, DRAWS)
    figure = ratios_against_scale(spread, {"a": "A"})
    assert figure.layout.yaxis.range[1] == pytest.approx(1.35 * figure.data[0].y[0])
    assert ratios_against_scale(spread, {"a": "A"}, bounded=True).layout.yaxis.range == (0, 1)


def test_classes_have_a_colour_each_and_checkpoints_a_dash(curves: AlphaCurves) -> None:
    figure = classes_against_alpha(curves, NAMES, "1", ["bird", "fish"])
    lines = {trace.name: trace.line for trace in figure.data if trace.showlegend is not False}
    assert list(lines) == ["A bird", "B bird", "A fish", "B fish"]
    assert lines["A bird"].color == lines["B bird"].color != lines["A fish"].color
    assert lines["A bird"].dash == lines["A fish"].dash != lines["B bird"].dash


def test_files_hold_every_figure(curves: AlphaCurves) -> None:
    view = View(ROWS, alpha=0.35, draws=DRAWS, classes=("fish",), class_row="1")
    files = alpha_files(curves, report({"a": A}, ["1"], ["fish"], 0.35, DRAWS), ["a", "b"], view)
    assert AlphaCurves.model_validate(json.loads(files["alpha.json"])) == curves
    lines = list(csv.DictReader(io.StringIO(files["figures.csv"].decode())))
    assert len(lines) == 3 * len(curves.rows)
    best = next(
        line
        for line in lines
        if (line["checkpoint"], line["row"], line["class"], line["at"]) == ("b", "MS", "mean", "best")
    )
    slow = curve(B.histograms["MS"])
    assert float(best["iou"]) == pytest.approx(slow.best()[1]) and float(best["alpha"]) == pytest.approx(slow.best()[0])
    assert float(best["plateau_width"]) > 0 and best["agreement_alpha"] == ""
    points = list(csv.DictReader(io.StringIO(files["curves.csv"].decode())))
    assert len(points) == 101 * len(curves.rows)
    assert {"figure-4.html", "figure-5.html", "classes.html", "classes.csv", "classes.json"} < set(files)
