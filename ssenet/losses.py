"""The losses of Eq. 1: multi-label classification on both branches, and SER (Eq. 2) in two forms."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ssenet.config import SerForm
from ssenet.models.cam import CamNet, global_average, statistics_kept
from ssenet.transforms import Transform, resize, side_of

EPSILON = 1e-5
"""ε of Eq. 3."""


def classification_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Multi-label soft margin loss of scores (B, K) against labels (B, K) of 0 and 1; a scalar.

    It is the mean over B·K of the binary cross-entropy with logits.
    """
    return F.multilabel_soft_margin_loss(scores, labels)


def normalised(logits: Tensor, labels: Tensor) -> Tensor:
    """Eq. 3 on the present classes: ReLU(y - ε) / (max ReLU(y) + ε), zero where the label is 0.

    Args:
        logits: (B, K, h, w).
        labels: (B, K) of 0 and 1.
    """
    positive = F.relu(logits)
    peak = positive.amax(dim=(2, 3), keepdim=True) + EPSILON
    maps: Tensor = F.relu(positive - EPSILON) / peak * labels[:, :, None, None]
    return maps


def ser_paper(small: Tensor, large: Tensor, valid: Tensor) -> Tensor:
    """Eq. 2 as written: the L2 norm of the raw CAM difference, averaged over the batch.

    Args:
        small: (B, K, h, w), f(Ax).
        large: (B, K, h, w), A f(x).
        valid: (1, 1, h, w), where A is defined.
    """
    return torch.linalg.vector_norm(((small - large) * valid).flatten(1), dim=1).mean()


def ser_official(small: Tensor, large: Tensor, labels: Tensor, valid: Tensor) -> Tensor:
    """SER as released: mean squared difference of normalised, label-masked maps.

    Absent classes are zero in both maps and still count in the mean. Gradients flow into
    both branches and through the maxima.

    Args:
        small: (B, K, h, w) raw logits, f(Ax).
        large: (B, K, h, w) raw logits, A f(x).
        labels: (B, K) of 0 and 1.
        valid: (1, 1, h, w), where A is defined.
    """
    difference = (normalised(small * valid, labels) - normalised(large * valid, labels)) * valid
    return difference.square().mean()


def ser(form: SerForm, small: Tensor, large: Tensor, labels: Tensor, valid: Tensor) -> Tensor:
    """SER in the named form; arguments as ``ser_official``."""
    return ser_paper(small, large, valid) if form == "paper" else ser_official(small, large, labels, valid)


@dataclass(frozen=True)
class BranchLosses:
    """The terms of Eq. 1, each a scalar; ``cls_small`` and ``ser`` are None for the baseline."""

    total: Tensor
    cls_large: Tensor
    cls_small: Tensor | None = None
    ser: Tensor | None = None

    def values(self) -> dict[str, float]:
        """The terms as numbers, under the names that events and figures use."""
        terms = {"loss": self.total, "cls_large": self.cls_large, "cls_small": self.cls_small, "ser": self.ser}
        return {name: float(term.detach()) for name, term in terms.items() if term is not None}


def baseline_losses(network: CamNet, images: Tensor, labels: Tensor) -> BranchLosses:
    """Classification alone, images (B, 3, H, W) and labels (B, K)."""
    loss = classification_loss(global_average(network(images)), labels)
    return BranchLosses(loss, loss)


def two_branch_losses(
    network: CamNet,
    images: Tensor,
    labels: Tensor,
    transform: Transform,
    *,
    eta: float,
    form: SerForm,
    small_statistics: bool = True,
) -> BranchLosses:
    """Eq. 1: half of each branch's classification loss plus η SER, with shared weights.

    ``official`` measures SER at the resolution of the transformed image, on logits that
    were upsampled there first, as the released code does. ``paper`` measures it on the
    coarse maps of the small branch.

    Args:
        network: the network of both branches.
        images: (B, 3, H, W).
        labels: (B, K) of 0 and 1.
        transform: A.
        eta: η.
        form: which SER.
        small_statistics: whether the small branch moves batch norm's running statistics.
    """
    transformed = transform.image(images)
    large = network(images)
    with statistics_kept(network, not small_statistics):
        small = network(transformed)
    if form == "official":
        # The released code pools the upsampled logits; nearly the same value as pooling the cells.
        large, small = resize(large, side_of(images)), resize(small, side_of(transformed))
    cls_large = classification_loss(global_average(large), labels)
    cls_small = classification_loss(global_average(small), labels)
    target = transform.maps(large, side_of(small))
    valid = transform.valid(side_of(small), small.device)
    term = ser(form, small, target, labels, valid)
    return BranchLosses((cls_large + cls_small) / 2 + eta * term, cls_large, cls_small, term)
