"""The segmentation network: DeepLab with one dilated 3×3 head, as SSENet's authors retrain it."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from ssenet.config import BatchNorm, SegmentationOptions
from ssenet.models.backbones import TimmBackbone, tiled
from ssenet.models.cam import batch_norms, freeze, train_mode
from ssenet.models.resnet38 import CHANNELS, ResNet38, check_stride
from ssenet.render import scaled_size
from ssenet.weights.start import RESNET38, Backbone, Checkpoint, start_backbone


class DeepLab(nn.Module):
    """A backbone, then 3×3 dilated and 1×1 convolutions with batch norm and ReLU, dropout, and a 1×1 classifier.

    Shapes: image (B, 3, H, W) to coarse logits (B, K + 1, ceil(H/stride), ceil(W/stride)), background first.

    Args:
        backbone: of the features.
        features: its channels C.
        outputs: K + 1.
        channels: of the head.
        dilation: of the head's 3×3 convolution.
        dropout: before the classifier.
    """

    def __init__(
        self, backbone: Backbone, features: int, outputs: int, *, channels: int, dilation: int, dropout: float
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Sequential(
            # No bias before batch norm, which would subtract it again.
            nn.Conv2d(features, channels, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.classifier = nn.Conv2d(channels, outputs, 1)
        _initialise(self.head, self.classifier)

    def forward(self, x: Tensor) -> Tensor:
        features = self.backbone.features(x) if isinstance(self.backbone, ResNet38) else self.backbone(x)
        return cast(Tensor, self.classifier(self.head(features)))

    def input_size(self, size: tuple[int, int], scale: float) -> tuple[int, int]:
        """Height and width that the network sees of a photograph; a timm backbone's cells must tile them."""
        if isinstance(self.backbone, ResNet38):
            return scaled_size(size, scale)
        return tiled(size[0] * scale, self.backbone.stride), tiled(size[1] * scale, self.backbone.stride)

    def stages(self) -> list[list[nn.Module]]:
        """Modules of the backbone from the stem on."""
        return self.backbone.stages()

    def new_parameters(self) -> list[nn.Parameter]:
        """Parameters of the layers above the backbone, which learn faster."""
        return [*self.head.parameters(), *self.classifier.parameters()]

    def train_mode(self, batch_norm: BatchNorm, momentum: float) -> None:
        """Training mode; ``frozen`` keeps the backbone's statistics. The head's own are new and always move."""
        self.train()
        train_mode(self.backbone, batch_norm, momentum)
        for layer in batch_norms(self.head):
            layer.momentum = momentum


def _initialise(head: nn.Sequential, classifier: nn.Conv2d) -> None:
    for layer in head:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.xavier_uniform_(classifier.weight)
    nn.init.zeros_(cast(Tensor, classifier.bias))


def upsample(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear interpolation of (B, K + 1, h, w) to (B, K + 1, *size), corners aligned as in the published network."""
    return F.interpolate(logits, size, mode="bilinear", align_corners=True)


def build_deeplab(options: SegmentationOptions, classes: int) -> DeepLab:
    """An untrained network for ``classes`` classes and the background.

    Raises:
        SettingsError: unknown backbone, or one that cannot give this stride.
    """
    if options.backbone == RESNET38:
        check_stride(options.stride)
    backbone: Backbone = ResNet38() if options.backbone == RESNET38 else TimmBackbone(options.backbone, options.stride)
    return DeepLab(
        backbone,
        CHANNELS if isinstance(backbone, ResNet38) else backbone.channels,
        classes + 1,
        channels=options.head_channels,
        dilation=options.head_dilation,
        dropout=options.dropout,
    )


def started_deeplab(options: SegmentationOptions, classes: int, start: Checkpoint | None) -> tuple[DeepLab, str | None]:
    """The network a training starts with, frozen as ``options`` say, and where its backbone comes from.

    Raises:
        SettingsError: unknown backbone or stride.
        CheckpointError: the weights to start from are not at hand or do not fit.
    """
    network = build_deeplab(options, classes)
    parent = start_backbone(network.backbone, options.backbone, pretrained=options.pretrained, start=start)
    freeze(network.backbone, stages=options.frozen_stages, batch_norm=options.batch_norm == "frozen")
    return network, parent
