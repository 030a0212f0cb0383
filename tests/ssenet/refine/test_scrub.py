"""The CRF step by step: against refinements that start anew, and its numbers against loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ssenet.affinity.labels import affinity_labels
from ssenet.crf import PRESETS, DenseCrf, normalised, unavailable
from ssenet.refine.labels import plain_labels, stack
from ssenet.refine.maps import with_background
from ssenet.refine.scrub import (
    Frames,
    ScrubSettings,
    at_size,
    frames,
    normalised_maps,
    pack_frames,
    trusted_labels,
    unpack_frames,
)
from ssenet.refine.scrub_report import CrfReport, class_iou, csv_rows, report
from ssenet.results import View

NAMES = ("bird", "fish", "fruit")
needs_crf = pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")


def picture(height: int = 26, width: int = 35) -> NDArray[np.uint8]:
    """A bright ellipse on a dark ground, with noise."""
    rows, columns = np.mgrid[0:height, 0:width]
    inside = ((rows / height - 0.5) / 0.3) ** 2 + ((columns / width - 0.5) / 0.25) ** 2 < 1
    noise = np.random.default_rng(0).integers(-9, 9, (height, width, 3))
    return (np.where(inside, 190, 60)[..., None] + noise).astype(np.uint8)


def maps_of(seed: int = 1, size: tuple[int, int] = (26, 35)) -> NDArray[np.float32]:
    """A blob that is too wide for the ellipse, and noise of another class."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    blob = np.exp(-(((rows / size[0] - 0.5) / 0.3) ** 2 + ((columns / size[1] - 0.55) / 0.3) ** 2))
    noise = 0.06 * np.random.default_rng(seed).random(size)
    return np.stack([blob + noise / 2, noise]).astype(np.float32)


@needs_crf
@pytest.mark.parametrize("preset", ["psa", "irn", "seam"])
def test_every_step_is_a_refinement_of_that_many_iterations(preset: str) -> None:
    image, scores = picture(), with_background(maps_of(), 4)
    crf = DenseCrf(image, 3, PRESETS[preset])
    steps = list(crf.steps(scores, 6))
    for iterations, stepped in enumerate(steps):
        assert np.array_equal(stepped, DenseCrf(image, 3, PRESETS[preset]).refine(scores, iterations))
    assert len(steps) == 7


@needs_crf
def test_two_refinements_take_turns_on_one_lattice() -> None:
    image, maps = picture(), maps_of()
    low, high = with_background(maps, 4), with_background(maps, 24)
    crf = DenseCrf(image, 3, PRESETS["psa"])
    for iterations, (one, other) in enumerate(zip(crf.steps(low, 5), crf.steps(high, 5), strict=True)):
        assert np.array_equal(one, DenseCrf(image, 3, PRESETS["psa"]).refine(low, iterations))
        assert np.array_equal(other, DenseCrf(image, 3, PRESETS["psa"]).refine(high, iterations))


def test_without_a_class_every_step_is_background() -> None:
    crf = DenseCrf(picture(), 1, PRESETS["psa"])
    scores = np.full((1, 26, 35), 0.3, np.float32)
    assert all(np.array_equal(step, normalised(scores)) for step in crf.steps(scores, 3))
    with pytest.raises(ValueError, match="for 1 labels"):
        crf.steps(np.zeros((2, 26, 35), np.float32), 1)


@needs_crf
def test_frames_under_both_powers_and_what_affinitynet_takes_from_them() -> None:
    image, maps, classes = picture(), maps_of(), (2, 0)
    settings = ScrubSettings(iterations=3)
    made = frames(image, maps, classes, settings)
    assert set(made.labels) == {"low", "high", "affinity"} and made.classes == classes
    for name, power in (("low", 4), ("high", 24)):
        scores = with_background(maps, power)
        assert np.array_equal(made.labels[name][0], plain_labels(scores, np.array(classes)))
        refined = DenseCrf(image, 3, settings.parameters).refine(scores)
        assert np.array_equal(made.labels[name][3], plain_labels(refined, np.array(classes)))
    pair = [DenseCrf(image, 3, settings.parameters).refine(with_background(maps, p)) for p in (4, 24)]
    cells = affinity_labels(*pair, np.array(classes), 8)
    for y in range(26):
        for x in range(35):
            assert made.labels["affinity"][3, y, x] == cells[y // 8, x // 8]
    assert {0, 3, 255} >= set(np.unique(made.labels["affinity"])) >= {0, 3}


@needs_crf
def test_frames_under_a_constant_background() -> None:
    maps = maps_of()
    made = frames(picture(), maps, (0, 1), ScrubSettings(alpha=0.2, iterations=2))
    assert set(made.labels) == {"alpha"} and made.labels["alpha"].shape == (3, 26, 35)
    background = np.full((26, 35), 0.2, np.float32)
    assert np.array_equal(made.labels["alpha"][0], plain_labels(stack(background, maps), np.array([0, 1])))
    assert (made.labels["alpha"][2] != made.labels["alpha"][0]).any()


def test_cells_at_the_border_are_cut_off_with_the_photograph() -> None:
    low = np.zeros((2, 11, 9), np.float32)
    low[1] = 1
    assert np.array_equal(trusted_labels(low, low, np.array([4])), np.full((11, 9), 5))


@needs_crf
def test_frames_survive_packing() -> None:
    made = frames(picture(), maps_of(), (0, 2), ScrubSettings(iterations=2))
    truth = np.full((26, 35), 1, np.uint8)
    again = unpack_frames(pack_frames(Frames(made.classes, made.labels, truth)))
    assert again.classes == made.classes and again.truth is not None and np.array_equal(again.truth, truth)
    assert all(np.array_equal(again.labels[name], made.labels[name]) for name in made.labels)
    assert unpack_frames(pack_frames(made)).truth is None


def labels_and_truth(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Three frames of random labels of background, class 0 and class 2, and a truth with ignored pixels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([0, 1, 3], (3, 5, 6)).astype(np.uint8)
    return labels, rng.choice([0, 1, 255], (5, 6), p=[0.5, 0.3, 0.2]).astype(np.uint8)


@given(st.integers(0, 10_000))
def test_numbers_written_out(seed: int) -> None:
    labels, truth = labels_and_truth(seed)
    made = report(Frames((0, 2), {"alpha": labels}, truth), NAMES, ScrubSettings(alpha=0.2, iterations=2))
    steps = made.variants[0]
    assert steps.iou is not None and steps.miou is not None
    pixels = [(y, x) for y in range(5) for x in range(6)]
    for n in range(3):
        changed = sum(bool(labels[n][p] != labels[max(0, n - 1)][p]) for p in pixels)
        moved = sum(bool(labels[n][p] != labels[0][p]) for p in pixels)
        assert (steps.changed[n], steps.moved[n]) == pytest.approx((changed / 30, moved / 30))
        for name, label in (("background", 0), ("bird", 1), ("fruit", 3)):
            assert steps.area[name][n] == pytest.approx(sum(bool(labels[n][p] == label) for p in pixels) / 30)
        defined = []
        for name, label in (("background", 0), *((c, i + 1) for i, c in enumerate(NAMES) if c in made.truth_classes)):
            scored = [p for p in pixels if truth[p] != 255]
            both = sum(bool(labels[n][p] == label and truth[p] == label) for p in scored)
            either = sum(bool(labels[n][p] == label or truth[p] == label) for p in scored)
            assert steps.iou[name][n] == (pytest.approx(both / either) if either else None)
            defined += [both / either] if either else []
        assert steps.miou[n] == pytest.approx(sum(defined) / len(defined))
    assert made.truth_classes == (("bird",) if (truth == 1).any() else ())


def test_trusted_labels_are_judged_where_they_are_sure() -> None:
    labels = np.array([[[0, 1, 255, 255]], [[255, 255, 255, 255]]], np.uint8)
    truth = np.array([[0, 0, 1, 255]], np.uint8)
    steps = report(Frames((0,), {"affinity": labels}, truth), NAMES, ScrubSettings(iterations=1)).variants[0]
    assert steps.right == (0.5, None) and steps.iou is None
    assert steps.area["ignored"] == (0.5, 1.0)


def test_a_mask_that_scores_no_pixel_is_no_truth() -> None:
    labels = np.array([[[0, 1]], [[1, 1]]], np.uint8)
    for variant in ("alpha", "affinity"):
        blank = Frames((0,), {variant: labels}, np.full((1, 2), 255, np.uint8))
        made = report(blank, NAMES, ScrubSettings(alpha=0.2, iterations=1))
        assert not made.truth and made.variants[0].miou is None and made.variants[0].right is None
        assert CrfReport.model_validate_json(made.model_dump_json()) == made


def test_a_class_in_neither_has_no_iou() -> None:
    values = class_iou(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), 2)
    assert values[0] == 1 and np.isnan(values[1:]).all()


def test_masks_are_sampled_and_not_mixed() -> None:
    mask = np.array([[0, 0, 7, 7]] * 4, np.uint8)
    assert np.array_equal(at_size(mask, (2, 2)), [[0, 7], [0, 7]])
    assert at_size(mask, (4, 4)) is mask


def test_maps_of_several_views_are_summed_and_normalised() -> None:
    coarse = {View(scale=s): np.full((3, 2, 2), s, np.float32) for s in (1.0, 2.0)}
    maps = normalised_maps(coarse, (4, 6), (1,))
    assert maps.shape == (1, 4, 6) and maps.max() == pytest.approx((3 - 1e-5) / (3 + 1e-5))


def test_the_strong_background_comes_first() -> None:
    with pytest.raises(ValueError, match="must not exceed"):
        ScrubSettings(power_low=8, power_high=4)


def test_numbers_as_a_table() -> None:
    labels, truth = labels_and_truth(3)
    made = report(Frames((0, 2), {"alpha": labels}, truth), NAMES, ScrubSettings(alpha=0.2, iterations=2))
    header, rows = csv_rows(made)
    assert header == ["variant", "iteration", "quantity", "value"]
    assert ["alpha", 0, "changed", 0.0] in rows and len({(r[0], r[1], r[2]) for r in rows}) == len(rows)
    assert {row[1] for row in rows} == {0, 1, 2}
