"""A backbone starts from a whole backbone or not at all, whatever network it comes from."""

from collections import namedtuple
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ssenet import __version__
from ssenet.errors import CheckpointError
from ssenet.models.backbones import LITE0, TimmBackbone
from ssenet.models.cam import build_cam_net
from ssenet.models.resnet38 import ResNet38, ResNet38Cam
from ssenet.results import CheckpointCard
from ssenet.training.checkpoint import sha256
from ssenet.weights.builtin import builtin
from ssenet.weights.start import backbone_prefix, backbone_state, load_backbone, start_backbone

NAME = "mobilenetv2_050"
Files = namedtuple("Files", "weights card")


def stored(folder: Path, state: dict[str, Tensor], **changes: object) -> Files:
    """``state`` as a checkpoint on disk."""
    path = folder / "weights.safetensors"
    save_file(state, path)
    base = {
        "name": "earlier",
        "method": "ssenet",
        "backbone": NAME,
        "stride": 16,
        "classes": ("a", "b"),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "weights_sha256": sha256(path.read_bytes()),
        "code_version": __version__,
    }
    return Files(path, CheckpointCard.model_validate({**base, **changes}))


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """A CAM network whose every number, running statistics included, is its own."""
    torch.manual_seed(3)
    made = build_cam_net(NAME, 16, 2)
    for tensor in made.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.1, 1)
    return made


@pytest.mark.parametrize("stride", [8, 16])
def test_every_tensor_of_a_timm_backbone_arrives(network, tmp_path, stride: int) -> None:
    backbone = TimmBackbone(NAME, stride)
    files = stored(tmp_path, network.state_dict())
    said = load_backbone(backbone, NAME, files.weights, files.card)
    assert said == f"backbone of earlier, sha256 {files.card.weights_sha256[:12]}"
    for key, tensor in backbone.state_dict().items():
        assert torch.equal(tensor, network.state_dict()[f"backbone.{key}"]), key


def test_checkpoints_without_counters_are_accepted(network, tmp_path) -> None:
    state = {k: t for k, t in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    files = stored(tmp_path, state)
    load_backbone(TimmBackbone(NAME, 16), NAME, files.weights, files.card)


def test_what_is_missing_is_listed_and_nothing_is_loaded(network, tmp_path) -> None:
    state = dict(network.state_dict())
    del state["backbone.model.conv_stem.weight"]
    state["backbone.model.bn1.weight"] = torch.ones(3)
    files = stored(tmp_path, state)
    backbone = TimmBackbone(NAME, 16)
    before = {key: tensor.clone() for key, tensor in backbone.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"1 tensors missing \['model.conv_stem.weight'\], 1 of another shape"):
        load_backbone(backbone, NAME, files.weights, files.card)
    assert all(torch.equal(tensor, before[key]) for key, tensor in backbone.state_dict().items())


def test_another_backbone_is_refused_by_name(network, tmp_path) -> None:
    files = stored(tmp_path, network.state_dict())
    with pytest.raises(CheckpointError, match="has the backbone mobilenetv2_050, and this network has resnet18"):
        load_backbone(TimmBackbone("resnet18", 16), "resnet18", files.weights, files.card)


def test_damaged_weights_are_refused(network, tmp_path) -> None:
    files = stored(tmp_path, network.state_dict(), weights_sha256="0" * 64)
    with pytest.raises(CheckpointError, match="damaged"):
        load_backbone(TimmBackbone(NAME, 16), NAME, files.weights, files.card)


def test_starting_takes_the_checkpoint_before_imagenet_and_imagenet_before_chance() -> None:
    found = builtin("demo-ssenet")
    backbone = TimmBackbone(LITE0, 16)
    assert "Demo SSENet" in start_backbone(backbone, LITE0, pretrained=True, start=found)
    learned = backbone.state_dict()["model.conv_stem.weight"].clone()
    assert "ImageNet-1k" in start_backbone(backbone, LITE0, pretrained=True, start=None)
    assert not torch.equal(backbone.state_dict()["model.conv_stem.weight"], learned)
    assert start_backbone(TimmBackbone(NAME, 16), NAME, pretrained=False, start=None) is None
    with pytest.raises(CheckpointError, match="pretrained = false"):
        start_backbone(TimmBackbone(NAME, 16), NAME, pretrained=True, start=None)


def test_the_built_in_classifier_can_be_started_from() -> None:
    found = builtin("imagenet-lite0")
    assert "sha256" in load_backbone(TimmBackbone(LITE0, 16), LITE0, found.weights, found.card)


def test_heads_of_a_resnet38_are_not_its_backbone() -> None:
    with torch.device("meta"):
        alone, with_head = ResNet38(), ResNet38Cam(20)
    assert set(backbone_state(alone)) == set(alone.state_dict())
    assert set(backbone_state(with_head)) == set(with_head.state_dict()) - {"fc8.weight"}


@pytest.mark.parametrize(
    ("backbone", "method", "prefix"),
    [
        ("resnet38", "ssenet", ""),
        ("resnet38", "affinity", ""),
        ("resnet38", "segmentation", "backbone."),
        (NAME, "ssenet", "backbone."),
        (NAME, "affinity", "backbone."),
        (NAME, "segmentation", "backbone."),
    ],
)
def test_where_the_backbone_lies_in_a_checkpoint(tmp_path, backbone: str, method: str, prefix: str) -> None:
    card = stored(tmp_path, {}, backbone=backbone, method=method).card
    assert backbone_prefix(card) == prefix


@pytest.mark.slow
def test_a_resnet38_starts_from_the_released_keys(tmp_path) -> None:
    torch.manual_seed(0)
    source, target = ResNet38Cam(2), ResNet38()
    files = stored(tmp_path, source.state_dict(), backbone="resnet38", stride=8)
    load_backbone(target, "resnet38", files.weights, files.card)
    assert all(torch.equal(tensor, source.state_dict()[key]) for key, tensor in target.state_dict().items())
