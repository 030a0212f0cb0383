"""The page's examples of Eqs. 1 to 6 are the training's terms and the evaluation's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ssenet import losses
from ssenet.analysis.method import (
    GRID,
    TRUE_SIDE,
    Branches,
    Toy,
    branches,
    classification_loss,
    loss_terms,
    means,
    present_maps,
    ser,
    ser_map,
    toy_prediction,
    toy_truth,
)
from ssenet.config import SerForm
from ssenet.transforms import Scale

FORMS: tuple[SerForm, ...] = ("paper", "official")
LARGE, SMALL = (48, 64), (24, 32)


def logits(seed: int, shape: tuple[int, int, int] = (4, 6, 8)) -> np.ndarray:
    """Raw logits of both signs."""
    return (3 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def labels(seed: int) -> np.ndarray:
    """Which of four classes are there; at least one is."""
    found = np.random.default_rng(seed + 1).random(4) < 0.5
    found[seed % 4] = True
    return found


class Given(nn.Module):
    """Stands in for the network: the logits of a branch, by the size of its input."""

    def __init__(self, small: np.ndarray, large: np.ndarray) -> None:
        super().__init__()
        self.by_size = {SMALL: small, LARGE: large}

    def forward(self, x: Tensor) -> Tensor:
        return torch.from_numpy(self.by_size[tuple(x.shape[-2:])])[None]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(4))
def test_terms_of_eq_1_are_those_of_the_training(form: SerForm, seed: int) -> None:
    small, large, present = logits(seed, (4, 2, 3)), logits(seed + 50, (4, 4, 5)), labels(seed)
    network = Given(small, large)
    trained = losses.two_branch_losses(
        network, torch.zeros(1, 3, *LARGE), torch.from_numpy(present[None].astype(np.float32)), Scale(SMALL),
        eta=0.7, form=form,
    )  # type: ignore[arg-type]  # fmt: skip
    shown = loss_terms(small, large, present, form, SMALL, LARGE)
    expected = trained.values()
    assert shown.cls_large == pytest.approx(expected["cls_large"], abs=1e-5)
    assert shown.cls_small == pytest.approx(expected["cls_small"], abs=1e-5)
    assert shown.ser == pytest.approx(expected["ser"], rel=1e-4, abs=1e-6)
    assert shown.total(0.7) == pytest.approx(expected["loss"], rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_both_forms_of_eq_2_against_torch(seed: int) -> None:
    pair, present = Branches(logits(seed), logits(seed + 1)), labels(seed)
    small, large = torch.from_numpy(pair.small)[None], torch.from_numpy(pair.large)[None]
    valid, given_labels = torch.ones(1, 1, 6, 8), torch.from_numpy(present[None].astype(np.float32))
    for form in FORMS:
        expected = float(losses.ser(form, small, large, given_labels, valid))
        assert ser(pair, form, present) == pytest.approx(expected, rel=1e-4, abs=1e-7)
    normalised = losses.normalised(small, given_labels)[0].numpy()
    np.testing.assert_allclose(present_maps(pair.small, present), normalised, atol=1e-6)


def test_a_network_that_is_equivariant_has_no_ser() -> None:
    large = np.broadcast_to(np.linspace(-2, 2, 4, dtype=np.float32)[:, None, None], (4, 6, 8))
    for form in FORMS:
        pair = branches(large[:, :3, :4], large, form, SMALL, LARGE)
        assert ser(pair, form, np.ones(4, bool)) == pytest.approx(0, abs=1e-6)
        assert np.abs(ser_map(pair, form, np.ones(4, bool))).max() < 1e-6


def test_where_each_form_is_measured() -> None:
    small, large = logits(0, (4, 2, 3)), logits(1, (4, 4, 5))
    assert branches(small, large, "paper", SMALL, LARGE).large.shape == (4, 2, 3)
    assert branches(small, large, "official", SMALL, LARGE).large.shape == (4, *SMALL)


def test_classification_loss_written_out() -> None:
    maps, present = logits(3), labels(3)
    total = 0.0
    for k in range(4):
        probability = 1 / (1 + np.exp(-maps[k].astype(np.float64).mean()))
        total -= np.log(probability if present[k] else 1 - probability)
    assert classification_loss(maps, present) == pytest.approx(total / 4, rel=1e-5)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 44), st.integers(-20, 20), st.booleans())
def test_toy_means_written_out(side: int, shift: int, second: bool) -> None:
    truth, predicted = toy_truth(), toy_prediction(Toy(side, shift, second))
    found = means(truth, predicted, ("background", "large", "small"))
    ious, fn_ratios, fp_ratios = [], [], []
    for label in range(3):
        tp = fn = fp = 0
        for y in range(GRID[0]):
            for x in range(GRID[1]):
                true, said = truth[y, x] == label, predicted[y, x] == label
                tp, fn, fp = tp + (true and said), fn + (true and not said), fp + (said and not true)
        one = found.classes[label]
        assert (one.tp, one.fn, one.fp) == (tp, fn, fp)
        ious.append(tp / (tp + fn + fp))
        assert one.iou == pytest.approx(ious[-1])
        if label and tp:
            fn_ratios.append(fn / tp)
            fp_ratios.append(fp / tp)
    assert found.miou == pytest.approx(sum(ious) / 3)
    assert found.miou_by_printed_c == pytest.approx(sum(ious) / 2)
    assert found.m_fn == (pytest.approx(sum(fn_ratios) / len(fn_ratios)) if fn_ratios else None)
    assert found.m_fp == (pytest.approx(sum(fp_ratios) / len(fp_ratios)) if fp_ratios else None)
    assert found.undefined == 2 - len(fn_ratios)


def test_a_perfect_toy() -> None:
    found = means(toy_truth(), toy_prediction(Toy(TRUE_SIDE)), ("background", "large", "small"))
    assert (found.miou, found.m_fn, found.m_fp, found.undefined) == (1.0, 0.0, 0.0, 0)
    assert found.miou_by_printed_c == 1.5  # what C + 1 terms over C make of it
