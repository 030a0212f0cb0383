"""The paired bootstrap against loops written from Eqs. 4 to 6, and what must hold of any comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest
from evaluations import CLASSES, evaluated, pictures, protocol

from ssenet.analysis.bootstrap import resample_weights
from ssenet.analysis.comparison import Comparison, compare
from ssenet.analysis.differences import Difference
from ssenet.analysis.pair import Choice, Evaluated
from ssenet.curves import curve
from ssenet.errors import SettingsError
from ssenet.histograms import EDGES, AlphaHistogram, nearest_edge
from ssenet.results import EvaluationRecord

QUICK = Choice(row="1", samples=200)


def slow_figures(histogram: AlphaHistogram, images: list[int], alpha: float) -> dict[str, float]:
    """mIoU, m_FN, m_FP and every class's IoU, FN/TP and FP/TP, pixel group by pixel group."""
    edge, k = nearest_edge(alpha), histogram.classes
    truth, predicted, hit = [0] * (k + 1), [0] * (k + 1), [0] * (k + 1)
    for image in images:
        for gt, winner, bin_, count in histogram.rows[histogram.starts[image] : histogram.starts[image + 1]].tolist():
            label = winner if bin_ > edge else 0
            truth[gt] += count
            predicted[label] += count
            hit[label] += count if gt == label else 0
    out = {}
    for c in range(k + 1):
        union = truth[c] + predicted[c] - hit[c]
        out[f"iou {c}"] = hit[c] / union if union else 0.0
        if c:
            out[f"fn {c}"] = (truth[c] - hit[c]) / hit[c] if hit[c] else math.nan
            out[f"fp {c}"] = (predicted[c] - hit[c]) / hit[c] if hit[c] else math.nan
    out["miou"] = sum(out[f"iou {c}"] for c in range(k + 1)) / (k + 1)
    for name in ("fn", "fp"):
        defined = [out[f"{name} {c}"] for c in range(1, k + 1) if not math.isnan(out[f"{name} {c}"])]
        out[f"m_{name}"] = sum(defined) / len(defined) if defined else math.nan
    return out


Slow = tuple[float, float, list[float]]
"""A figure of A, of B, and B - A in every resample."""


def slow_differences(
    a: AlphaHistogram, b: AlphaHistogram, alphas: tuple[float, float], choice: Choice
) -> dict[str, Slow]:
    everyone = list(range(a.images))
    one, other = slow_figures(a, everyone, alphas[0]), slow_figures(b, everyone, alphas[1])
    out: dict[str, Slow] = {name: (one[name], other[name], []) for name in one}
    for weights in resample_weights(a.images, choice.samples, choice.seed):
        images = [i for i, times in enumerate(weights) for _ in range(int(times))]
        one, other = slow_figures(a, images, alphas[0]), slow_figures(b, images, alphas[1])
        for name, entry in out.items():
            entry[2].append(other[name] - one[name])
    return out


def percentile(values: list[float], share: float) -> float:
    """Of sorted values, between neighbours in proportion."""
    at = share * (len(values) - 1)
    low = math.floor(at)
    return values[low] + (at - low) * (values[min(low + 1, len(values) - 1)] - values[low])


def agrees(found: Difference, expected: Slow) -> None:
    """The figure, its percentile interval and its p are those of the slow differences."""
    one, other, drawn = expected
    defined = sorted(d for d in drawn if not math.isnan(d))
    assert found.undefined == len(drawn) - len(defined)
    assert (found.a, found.b) == pytest.approx((one, other))
    assert found.difference == pytest.approx(other - one)
    assert (found.low, found.high) == pytest.approx((percentile(defined, 0.025), percentile(defined, 0.975)))
    against = sum(d <= 0 for d in defined) if other > one else sum(d >= 0 for d in defined)
    assert found.p == pytest.approx(min(1, 2 * (against + 1) / (len(defined) + 1)))


@pytest.mark.parametrize("alphas", [(0.2, 0.2), (0.35, 0.5)])
def test_every_figure_agrees_with_the_loops(alphas: tuple[float, float]) -> None:
    a, b = evaluated("a", 1, 15, 0.7), evaluated("b", 2, 15, 0.8)
    choice = Choice(row="1", alpha_a=alphas[0], alpha_b=alphas[1], samples=101, seed=4)
    found = compare(a, b, choice)
    slow = slow_differences(a.histograms["1"], b.histograms["1"], alphas, choice)
    row = found.row()
    for name, value in (("miou", row.miou), ("m_fn", row.m_fn), ("m_fp", row.m_fp)):
        agrees(value, slow[name])
    for c, one in enumerate(found.classes):
        agrees(one.iou, slow[f"iou {c}"])
        if one.fn_ratio and one.fp_ratio:
            agrees(one.fn_ratio, slow[f"fn {c}"])
            agrees(one.fp_ratio, slow[f"fp {c}"])
    assert [one.name for one in found.classes] == ["background", *CLASSES]
    assert found.classes[0].fn_ratio is None


def test_a_class_that_a_draw_misses_does_not_shrink_the_difference() -> None:
    """An image a class; A labels nothing and B every object: mIoU of k drawn classes is 0.5 / (k + 1), and 1."""
    record = evaluated("x", 1, 3, rows=("1",)).record
    nothing, everything = (Evaluated(record, {"1": halves(score)}) for score in (0.1, 0.9))
    found = compare(nothing, everything, QUICK).row().miou
    assert (found.a, found.b) == (0.5 / 4, 1)
    assert (found.low, found.high) == (1 - 0.5 / 2, 1 - 0.5 / 4)


def halves(score: float) -> AlphaHistogram:
    """Three pictures; the lower half of each is an object of a class of its own, with that score."""
    parts = []
    for k in (1, 2, 3):
        truth = np.repeat(np.array([[0], [k]], np.uint8), 4, axis=1)
        parts.append(AlphaHistogram.of_image(truth, np.full_like(truth, k), np.float32(score) * (truth > 0), 3))
    return AlphaHistogram.join(parts)


def test_all_rows_say_what_their_curves_say() -> None:
    a, b = evaluated("a", 1), evaluated("b", 2, quality=0.9)
    found = compare(a, b, QUICK)
    assert [row.row for row in found.rows] == ["0.5", "1", "MS"]
    for row in found.rows:
        for side, one in (("a", a), ("b", b)):
            at = curve(one.histograms[row.row]).at(0.2)
            said = [getattr(figure, side) for figure in (row.miou, row.m_fn, row.m_fp)]
            assert said == pytest.approx([at["miou"], at["m_fn"], at["m_fp"]])


def test_best_alpha_is_each_rows_own_and_is_said_to_use_the_ground_truth() -> None:
    a, b = evaluated("a", 1, label_source="predicted"), evaluated("b", 2, quality=0.95, label_source="predicted")
    found = compare(a, b, Choice(row="MS", alpha_a="best", alpha_b=0.2, samples=100))
    best, miou = curve(a.histograms["MS"]).best()
    assert found.row().alpha_a == pytest.approx(best, abs=1e-6) and found.row().miou.a == pytest.approx(miou)
    assert found.row().alpha_b == 0.2
    assert found.protocol_a.uses_ground_truth and not found.protocol_b.uses_ground_truth
    assert found.protocol_b.alpha_rule == "fixed 0.2"


def figures_of(found: Comparison) -> list[Difference]:
    rows = [figure for row in found.rows for figure in (row.miou, row.m_fn, row.m_fp)]
    return rows + [f for one in found.classes for f in (one.iou, one.fn_ratio, one.fp_ratio) if f]


def test_a_network_does_not_differ_from_itself() -> None:
    a = evaluated("a", 1)
    for figure in figures_of(compare(a, a, QUICK)):
        assert (figure.difference, figure.low, figure.high, figure.p) == (0, 0, 0, 1)
        assert figure.real is False


def test_swapping_the_networks_turns_every_sign() -> None:
    a, b = evaluated("a", 1, quality=0.75), evaluated("b", 2)
    for there, back in zip(figures_of(compare(a, b, QUICK)), figures_of(compare(b, a, QUICK)), strict=True):
        assert there.difference == pytest.approx(-(back.difference or 0))
        assert (there.low, there.high) == pytest.approx((-(back.high or 0), -(back.low or 0)))
        assert there.p == pytest.approx(back.p)


def test_a_clear_difference_is_real_and_noise_is_not() -> None:
    worse, better = evaluated("a", 1, 40, 0.7), evaluated("b", 2, 40, 0.9)
    row = compare(worse, better, QUICK).row()
    assert row.miou.real and (row.miou.low or 0) > 0
    assert row.m_fp.real and (row.m_fp.high or 0) < 0
    same = compare(worse, evaluated("c", 3, 40, 0.7), QUICK).row()
    assert same.miou.real is False


def test_results_survive_json() -> None:
    found = compare(evaluated("a", 1), evaluated("b", 2), QUICK)
    assert Comparison.model_validate_json(found.model_dump_json()) == found


def test_a_class_without_a_true_positive_is_counted_and_not_dropped() -> None:
    a, b = evaluated("a", 1, 6), evaluated("b", 2, 6)
    histograms = {name: _without_hits(h, 2) for name, h in b.histograms.items()}
    found = compare(a, Evaluated(b.record, histograms), QUICK)
    assert (found.row().undefined_a, found.row().undefined_b) == (0, 1)
    fish = next(one for one in found.classes if one.name == "fish")
    assert fish.fn_ratio is not None and fish.fn_ratio.b is None and fish.fn_ratio.low is None
    assert fish.fn_ratio.real is None and fish.fn_ratio.undefined == QUICK.samples


def _without_hits(histogram: AlphaHistogram, label: int) -> AlphaHistogram:
    rows = histogram.rows.copy()
    rows[(rows[:, 0] == label) & (rows[:, 1] == label), 2] = 0
    return AlphaHistogram(histogram.classes, rows, histogram.starts)


def test_only_the_common_images_count_whatever_their_order() -> None:
    a, b = evaluated("a", 1, 12), evaluated("b", 2, 20)
    order = np.random.default_rng(0).permutation(20)
    ids = tuple(b.record.image_ids[i] for i in order)
    mixed = Evaluated(
        b.record.model_copy(update={"image_ids": ids}), {n: h.take(order) for n, h in b.histograms.items()}
    )
    found = compare(a, mixed, QUICK)
    assert found.images == found.protocol_a.images == found.protocol_b.images == 12
    at = curve(b.histograms["1"].take(np.arange(12))).at(0.2)
    assert found.row().miou.b == pytest.approx(at["miou"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dataset_fingerprint": "e" * 64}, "same data set"),
        ({"image_ids": tuple(f"train-{i}" for i in range(20))}, "no image in common"),
        ({"classes": ("bird", "fish", "boat")}, "other classes"),
        ({"rows": ("0.5", "2")}, "rows in common: 0.5"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(change: dict[str, object], words: str) -> None:
    a, b = evaluated("a", 1), evaluated("b", 2)
    if "dataset_fingerprint" in change:
        change = {"protocol": protocol("b", 20, **change)}
    with pytest.raises(SettingsError, match=words):
        compare(a, Evaluated(b.record.model_copy(update=change), b.histograms), QUICK)


def test_other_labels_are_said_to_differ() -> None:
    found = compare(evaluated("a", 1), evaluated("b", 2, label_source="predicted", flip=True), QUICK)
    assert found.differing == ("label_source", "flip")
    assert compare(evaluated("a", 1), evaluated("b", 2), QUICK).differing == ()


def test_alpha_is_an_edge() -> None:
    found = compare(evaluated("a", 1), evaluated("b", 2), Choice(row="1", alpha_a=0.20004, samples=100))
    assert found.row().alpha_a == pytest.approx(float(EDGES[nearest_edge(0.2)]), abs=1e-6)


@pytest.mark.slow
def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    """Of 150 experiments with 60 images each, 95 % of the intervals shall hold the difference of very many images."""
    many = [pictures(s, 4000, q, truth_seed=7) for s, q in ((1, 0.74), (2, 0.78))]
    truth = float(curve(many[1]).at(0.2)["miou"] or 0) - float(curve(many[0]).at(0.2)["miou"] or 0)
    held = 0
    for experiment in range(150):
        sides = [pictures(10_000 + 2 * experiment + i, 60, q, experiment) for i, q in enumerate((0.74, 0.78))]
        a, b = (Evaluated(_record(n), {"1": h}) for n, h in zip("ab", sides, strict=True))
        miou = compare(a, b, Choice(row="1", samples=400, seed=experiment)).row().miou
        held += (miou.low or 0) <= truth <= (miou.high or 0)
    assert 0.88 <= held / 150 <= 0.99


def _record(name: str) -> EvaluationRecord:
    ids = tuple(f"{i}" for i in range(60))
    return EvaluationRecord(checkpoint=name, classes=CLASSES, image_ids=ids, rows=("1",), protocol=protocol(name, 60))
