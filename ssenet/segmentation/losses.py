"""The loss of the segmentation network."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from ssenet.data.base import IGNORED
from ssenet.segmentation.network import upsample


@dataclass(frozen=True)
class SegmentationLosses:
    """Cross-entropy of one step, and the share of pixels that it is taken over."""

    total: Tensor
    labelled: Tensor

    def values(self) -> dict[str, float]:
        """Numbers for people, by name."""
        return {"loss": float(self.total.detach()), "labelled": float(self.labelled)}


def segmentation_losses(logits: Tensor, labels: Tensor) -> SegmentationLosses:
    """Mean cross-entropy over the pixels with a label, at full resolution; 0 when no pixel has one.

    Args:
        logits: (B, K + 1, h, w) at the network's stride.
        labels: (B, H, W) int64, 0 background, k + 1 class k, 255 ignored.
    """
    height, width = labels.shape[-2:]
    full = upsample(logits, (height, width))
    labelled = (labels != IGNORED).sum()
    # The mean of no pixel would be NaN; zero keeps the step harmless.
    total = F.cross_entropy(full, labels, ignore_index=IGNORED, reduction="sum") / labelled.clamp(min=1)
    return SegmentationLosses(total, labelled / labels.numel())
