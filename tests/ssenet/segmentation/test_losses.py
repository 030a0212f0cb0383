"""Cross-entropy at full resolution, over labelled pixels alone."""

import numpy as np
import pytest
import torch

from ssenet.segmentation.losses import segmentation_losses
from ssenet.segmentation.network import upsample


def by_hand(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Mean of -log softmax at the label, pixel by pixel."""
    full = upsample(logits, (labels.shape[1], labels.shape[2])).double().numpy()
    terms = []
    for b, y, x in np.argwhere(labels.numpy() != 255):
        scores = full[b, :, y, x]
        terms.append(np.log(np.exp(scores).sum()) - scores[labels[b, y, x]])
    return float(np.mean(terms))


def test_the_loss_is_cross_entropy_over_labelled_pixels() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 4, 3, 3), torch.randint(0, 4, (2, 12, 10))
    labels[0, :5] = 255
    losses = segmentation_losses(logits, labels)
    assert float(losses.total) == pytest.approx(by_hand(logits, labels), rel=1e-5)
    assert losses.values() == {"loss": float(losses.total), "labelled": pytest.approx(1 - 5 / 24)}


def test_what_is_ignored_has_no_gradient() -> None:
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    labels = torch.full((1, 4, 4), 255)
    labels[0, 0, 0] = 1
    torch.autograd.backward(segmentation_losses(logits, labels).total)
    assert torch.count_nonzero(logits.grad.abs().sum(1)) == 1


def test_a_batch_without_any_label_costs_nothing_and_moves_nothing() -> None:
    logits = torch.randn(2, 3, 2, 2, requires_grad=True)
    losses = segmentation_losses(logits, torch.full((2, 8, 8), 255))
    torch.autograd.backward(losses.total)
    assert losses.values() == {"loss": 0.0, "labelled": 0.0}
    assert torch.equal(logits.grad, torch.zeros_like(logits))
