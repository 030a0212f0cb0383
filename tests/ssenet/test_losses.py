"""The losses against slow oracles written from the paper's equations, and finite differences."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ssenet.config import train_preset
from ssenet.losses import baseline_losses, normalised, ser_official, ser_paper, two_branch_losses
from ssenet.models.cam import TimmCam, statistics_kept
from ssenet.transforms import Flip, Rotate, Scale

EPSILON = 1e-5


def eq3(plane: list[list[float]], label: float) -> list[list[float]]:
    """Eq. 3 of one map, by loops."""
    peak = max(max(max(v, 0) for v in row) for row in plane) + EPSILON
    return [[label * max(max(v, 0) - EPSILON, 0) / peak for v in row] for row in plane]


def ser_by_loops(small: torch.Tensor, large: torch.Tensor, labels: torch.Tensor) -> float:
    """Mean squared difference of the normalised, masked maps, absent classes included."""
    total, count = 0.0, 0
    for b in range(small.shape[0]):
        for k in range(small.shape[1]):
            label = float(labels[b, k])
            ours, theirs = eq3(small[b, k].tolist(), label), eq3(large[b, k].tolist(), label)
            for row, other in zip(ours, theirs, strict=True):
                for x, y in zip(row, other, strict=True):
                    total, count = total + (x - y) ** 2, count + 1
    return total / count


def example(seed: int, batch: int = 2, classes: int = 3, side: int = 4) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(seed)
    labels = (torch.rand(batch, classes) > 0.5).double()
    return torch.randn(batch, classes, side, side).double(), torch.randn(batch, classes, side, side).double(), labels


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_official_ser_equals_the_loops(seed: int) -> None:
    small, large, labels = example(seed)
    valid = torch.ones(1, 1, 4, 4).double()
    expected = ser_by_loops(small, large, labels)
    assert float(ser_official(small, large, labels, valid)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_paper_ser_is_the_norm_of_eq_2(seed: int) -> None:
    small, large, _ = example(seed)
    norms = []
    for one, other in zip(small.tolist(), large.tolist(), strict=True):
        pairs = [
            (x, y)
            for a, b in zip(one, other, strict=True)
            for r, s in zip(a, b, strict=True)
            for x, y in zip(r, s, strict=True)
        ]
        norms.append(math.sqrt(sum((x - y) ** 2 for x, y in pairs)))
    expected = sum(norms) / len(norms)
    assert float(ser_paper(small, large, torch.ones(1, 1, 4, 4))) == pytest.approx(expected, rel=1e-9)


def test_absent_classes_are_zero_and_still_count() -> None:
    small, large, _ = example(1, classes=2)
    both = ser_official(small, large, torch.ones(2, 2).double(), torch.ones(1, 1, 4, 4).double())
    first = ser_official(small[:, :1], large[:, :1], torch.ones(2, 1).double(), torch.ones(1, 1, 4, 4).double())
    masked = ser_official(small, large, torch.tensor([[1.0, 0.0]] * 2).double(), torch.ones(1, 1, 4, 4).double())
    assert float(masked) == pytest.approx(float(first) / 2)
    assert float(both) > float(masked)


def test_gradients_flow_into_both_branches_and_through_the_maxima() -> None:
    small, large, labels = example(3)
    labels = torch.ones_like(labels)
    valid = torch.ones(1, 1, 4, 4).double()
    small.requires_grad_()
    large.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: ser_official(a, b, labels, valid), (small, large), eps=1e-7, atol=1e-5)
    assert torch.autograd.gradcheck(lambda a, b: ser_paper(a, b, valid), (small, large))


def test_a_dead_map_is_zero_and_has_no_nan() -> None:
    logits = torch.full((1, 1, 3, 3), -1.0, requires_grad=True)
    maps = normalised(logits, torch.ones(1, 1))
    maps.sum().backward()
    assert torch.equal(maps, torch.zeros(1, 1, 3, 3))
    assert torch.isfinite(logits.grad).all()


class Tiny(nn.Module):
    """A CamNet small enough for finite differences."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)
        self.classifier = nn.Conv2d(4, 2, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.tanh(self.backbone(x)))


@pytest.mark.parametrize("form", ["paper", "official"])
@pytest.mark.parametrize("transform", [Scale((6, 6)), Flip(), Rotate(20)], ids=["scale", "flip", "rotate"])
def test_finite_differences_of_the_whole_loss(form, transform) -> None:
    torch.manual_seed(0)
    network = Tiny().double()
    images, labels = torch.randn(2, 3, 12, 12).double(), torch.tensor([[1.0, 0.0], [1.0, 1.0]]).double()

    def total(weight: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            network.classifier.weight.copy_(weight)
        return two_branch_losses(network, images, labels, transform, eta=3.0, form=form).total

    total(network.classifier.weight.clone()).backward()
    exact = network.classifier.weight.grad.clone()
    start, step = network.classifier.weight.detach().clone(), 1e-6
    for index in range(start.numel()):
        moved = [start.clone(), start.clone()]
        moved[0].view(-1)[index] += step
        moved[1].view(-1)[index] -= step
        slope = (float(total(moved[0]).detach()) - float(total(moved[1]).detach())) / (2 * step)
        assert slope == pytest.approx(float(exact.view(-1)[index]), rel=1e-4, abs=1e-7)


def test_eq_1_halves_both_classification_losses() -> None:
    network = Tiny().double()
    images, labels = torch.randn(1, 3, 12, 12).double(), torch.tensor([[1.0, 0.0]]).double()
    losses = two_branch_losses(network, images, labels, Scale((6, 6)), eta=2.0, form="paper")
    expected = (losses.cls_large + losses.cls_small) / 2 + 2 * losses.ser
    torch.testing.assert_close(losses.total, expected)
    alone = baseline_losses(network, images, labels)
    torch.testing.assert_close(alone.total, losses.cls_large)


def test_flip_is_an_involution_and_rotation_by_zero_nothing() -> None:
    x = torch.randn(1, 2, 5, 7)
    torch.testing.assert_close(Flip().maps(Flip().maps(x, (5, 7)), (5, 7)), x)
    torch.testing.assert_close(Rotate(0).maps(x, (5, 7)), x, atol=1e-5, rtol=0)
    quarter = Rotate(90).image(torch.arange(9.0).view(1, 1, 3, 3))
    torch.testing.assert_close(quarter[0, 0], torch.rot90(torch.arange(9.0).view(3, 3)), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("rate", "side"), [(0.3, 134), (0.5, 224), (0.6, 268), (0.2, 89)])
def test_small_branch_has_torchs_size(rate: float, side: int) -> None:
    assert train_preset("paper", rate=rate).small_side == side


def test_only_the_large_branch_moves_the_statistics() -> None:
    network = TimmCam("tf_efficientnet_lite0", 16, 2).train()
    layer = network.backbone.model.bn1
    before = layer.running_mean.clone()
    with statistics_kept(network):
        network(torch.randn(2, 3, 32, 32))
    torch.testing.assert_close(layer.running_mean, before)
    network(torch.randn(2, 3, 32, 32))
    assert not torch.equal(layer.running_mean, before)
