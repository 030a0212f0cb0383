"""ResNet38, model A1 of Wu et al., with pre-activation blocks and output stride 8.

Module names are those of the released SSENet code, so its state dicts load unchanged.
There is no max-pool stem, no bias in any convolution, and every 3×3 convolution is
padded by its dilation. A side of n pixels gives a map of ceil(n / 8) cells.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from ssenet.errors import SettingsError

CHANNELS = 4096
STRIDE = 8


def check_stride(stride: int) -> None:
    """Raise SettingsError unless ``stride`` is the one that ResNet38 has."""
    if stride != STRIDE:
        raise SettingsError(f"resnet38 has stride {STRIDE}, not {stride}. Set stride to {STRIDE}.")


class Taps(NamedTuple):
    """Feature maps that later networks use, all at stride 8."""

    conv4: Tensor
    """(B, 512, h, w), activated input of b5."""
    conv5: Tensor
    """(B, 1024, h, w), activated input of b6."""
    conv6: Tensor
    """(B, 4096, h, w), activated output of the network."""


def _conv3(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=dilation, dilation=dilation, bias=False)


def _conv1(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 1, stride, bias=False)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions. The shortcut branches off *after* the first activation when shapes change."""

    def __init__(
        self, inputs: int, middle: int, outputs: int, stride: int = 1, first_dilation: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        self.bn_branch2a = nn.BatchNorm2d(inputs)
        self.conv_branch2a = _conv3(inputs, middle, stride, first_dilation)
        self.bn_branch2b1 = nn.BatchNorm2d(middle)
        self.conv_branch2b1 = _conv3(middle, outputs, 1, dilation)
        same_shape = inputs == outputs and stride == 1
        self.conv_branch1 = None if same_shape else _conv1(inputs, outputs, stride)

    def activate(self, x: Tensor) -> Tensor:
        """The activated input, which is also what later networks tap."""
        return F.relu(self.bn_branch2a(x))

    def forward(self, x: Tensor) -> Tensor:
        activated = self.activate(x)
        shortcut = x if self.conv_branch1 is None else self.conv_branch1(activated)
        branch = F.relu(self.bn_branch2b1(self.conv_branch2a(activated)))
        return shortcut + self.conv_branch2b1(branch)


class BottleneckBlock(nn.Module):
    """1×1, dilated 3×3, 1×1, with channel dropout before the last two."""

    def __init__(self, inputs: int, outputs: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.bn_branch2a = nn.BatchNorm2d(inputs)
        self.conv_branch2a = _conv1(inputs, outputs // 4)
        self.bn_branch2b1 = nn.BatchNorm2d(outputs // 4)
        self.conv_branch2b1 = _conv3(outputs // 4, outputs // 2, 1, dilation)
        self.bn_branch2b2 = nn.BatchNorm2d(outputs // 2)
        self.conv_branch2b2 = _conv1(outputs // 2, outputs)
        self.conv_branch1 = _conv1(inputs, outputs)
        self.dropout = nn.Dropout2d(dropout)

    def activate(self, x: Tensor) -> Tensor:
        """The activated input, which is also what later networks tap."""
        return F.relu(self.bn_branch2a(x))

    def forward(self, x: Tensor) -> Tensor:
        activated = self.activate(x)
        branch = self.conv_branch2a(activated)
        branch = self.dropout(F.relu(self.bn_branch2b1(branch)))
        branch = self.dropout(F.relu(self.bn_branch2b2(self.conv_branch2b1(branch))))
        return self.conv_branch1(activated) + self.conv_branch2b2(branch)


class ResNet38(nn.Module):
    """The backbone: an image (B, 3, H, W) to activated features (B, 4096, ceil(H/8), ceil(W/8)).

    Args:
        dropout: whether the two bottlenecks drop channels (0.3 and 0.5) while training.
    """

    def __init__(self, *, dropout: bool = True) -> None:
        super().__init__()
        self.conv1a = _conv3(3, 64)
        self.b2 = BasicBlock(64, 128, 128, stride=2)
        self.b2_1 = BasicBlock(128, 128, 128)
        self.b2_2 = BasicBlock(128, 128, 128)
        self.b3 = BasicBlock(128, 256, 256, stride=2)
        self.b3_1 = BasicBlock(256, 256, 256)
        self.b3_2 = BasicBlock(256, 256, 256)
        self.b4 = BasicBlock(256, 512, 512, stride=2)
        self.b4_1 = BasicBlock(512, 512, 512)
        self.b4_2 = BasicBlock(512, 512, 512)
        self.b4_3 = BasicBlock(512, 512, 512)
        self.b4_4 = BasicBlock(512, 512, 512)
        self.b4_5 = BasicBlock(512, 512, 512)
        self.b5 = BasicBlock(512, 512, 1024, dilation=2)
        self.b5_1 = BasicBlock(1024, 512, 1024, first_dilation=2, dilation=2)
        self.b5_2 = BasicBlock(1024, 512, 1024, first_dilation=2, dilation=2)
        self.b6 = BottleneckBlock(1024, 2048, dilation=4, dropout=0.3 if dropout else 0.0)
        self.b7 = BottleneckBlock(2048, CHANNELS, dilation=4, dropout=0.5 if dropout else 0.0)
        self.bn7 = nn.BatchNorm2d(CHANNELS)

    def taps(self, x: Tensor) -> Taps:
        """The three feature maps that AffinityNet uses (Ahn and Kwak 2018)."""
        x = self.b2_2(self.b2_1(self.b2(self.conv1a(x))))
        x = self.b3_2(self.b3_1(self.b3(x)))
        x = self.b4_5(self.b4_4(self.b4_3(self.b4_2(self.b4_1(self.b4(x))))))
        conv4 = self.b5.activate(x)
        x = self.b5_2(self.b5_1(self.b5(x)))
        conv5 = self.b6.activate(x)
        x = self.b7(self.b6(x))
        return Taps(conv4, conv5, F.relu(self.bn7(x)))

    def features(self, x: Tensor) -> Tensor:
        """Activated features (B, 4096, ceil(H/8), ceil(W/8)) of an image (B, 3, H, W)."""
        return self.taps(x).conv6

    def stages(self) -> list[list[nn.Module]]:
        """Modules from the stem on; freezing the first two is what the released code does."""
        groups = (
            ("conv1a",),
            ("b2", "b2_1", "b2_2"),
            ("b3", "b3_1", "b3_2"),
            ("b4", "b4_1", "b4_2", "b4_3", "b4_4", "b4_5"),
            ("b5", "b5_1", "b5_2"),
            ("b6",),
            ("b7", "bn7"),
        )
        return [[self.get_submodule(name) for name in group] for group in groups]


def backbone_names(network: ResNet38) -> set[str]:
    """First parts of the keys of the backbone's own tensors; those of a subclass's heads are not among them."""
    own = {id(module) for stage in network.stages() for module in stage}
    return {name for name, module in network.named_children() if id(module) in own}


class ResNet38Cam(ResNet38):
    """ResNet38 with the 1×1 classifier ``fc8`` of the released code, no bias.

    Shapes: image (B, 3, H, W) to coarse logits (B, K, ceil(H/8), ceil(W/8)).
    """

    def __init__(self, classes: int, *, dropout: float = 0.5) -> None:
        super().__init__(dropout=dropout > 0)
        self.dropout7 = nn.Dropout2d(dropout)
        self.fc8 = _conv1(CHANNELS, classes)
        nn.init.xavier_uniform_(self.fc8.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc8(self.dropout7(self.features(x)))

    @property
    def classifier(self) -> nn.Conv2d:
        """The 1×1 convolution that turns features into class maps."""
        return self.fc8
