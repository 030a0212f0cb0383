"""AffinityNet's features on timm backbones, and affinities of all pairs."""

import math

import pytest
import torch
from tiny_training import SPEC

from ssenet.affinity.distances import pair_affinities
from ssenet.affinity.network import TIMM_GAIN, TimmAffinity, build_affinity_net
from ssenet.affinity.pairs import PairGrid
from ssenet.data import open_dataset
from ssenet.errors import SettingsError
from ssenet.models.cam import TimmCam
from ssenet.weights.imagenet import load_imagenet_backbone

LITE0 = "tf_efficientnet_lite0"


def test_affinities_equal_a_loop_over_pairs() -> None:
    features = torch.randn(2, 5, 6, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    grid = PairGrid((6, 9), 4)
    found = pair_affinities(features, grid)
    assert found.shape == (2, len(grid.offsets), *grid.inner)
    for b in range(2):
        for m, (dy, dx) in enumerate(grid.offsets):
            for i in range(grid.inner[0]):
                for j in range(grid.inner[1]):
                    one, other = features[b, :, i, j + 3], features[b, :, i + dy, j + 3 + dx]
                    distance = sum(abs(float(x - y)) for x, y in zip(one, other, strict=True)) / 5
                    assert float(found[b, m, i, j]) == pytest.approx(math.exp(-distance), rel=1e-12)


def test_gradients_are_those_of_the_formula() -> None:
    features = torch.randn(1, 3, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    grid = PairGrid((4, 6), 3)
    assert torch.autograd.gradcheck(lambda f: pair_affinities(f, grid), features.requires_grad_())


def test_a_map_too_small_for_pairs_has_none() -> None:
    grid = PairGrid.fitting((1, 7), 5)
    assert pair_affinities(torch.randn(2, 3, 1, 7), grid).shape == (2, 0, 1, 7)


@pytest.mark.parametrize("stride", [8, 16])
def test_features_of_a_timm_backbone_lie_on_the_grid_of_its_stride(stride: int) -> None:
    network = TimmAffinity(LITE0, stride).eval()
    with torch.inference_mode():
        features = network(torch.randn(1, 3, 64, 96))
    assert features.shape == (1, 448, 64 // stride, 96 // stride)
    assert torch.isfinite(features).all()
    names = {name: tuple(p.shape) for name, p in network.named_parameters() if name.startswith("f")}
    assert names == {
        "f8_3.weight": (64, 40, 1, 1),
        "f8_4.weight": (128, 112, 1, 1),
        "f8_5.weight": (256, 1280, 1, 1),
        "f9.weight": (448, 448, 1, 1),
    }
    assert {id(p) for p in network.heads()} == {id(network.get_parameter(name)) for name in names}


def test_its_backbone_is_that_of_a_cam_network() -> None:
    backbone = {k: v.shape for k, v in TimmCam(LITE0, 16, 3).state_dict().items() if k.startswith("backbone.")}
    mine = {k: v.shape for k, v in TimmAffinity(LITE0, 8).state_dict().items() if k.startswith("backbone.")}
    assert mine == backbone


def test_initial_weights() -> None:
    network = TimmAffinity(LITE0, 16)
    assert float(network.f8_5.weight.detach().std()) == pytest.approx(math.sqrt(2 / 1280), rel=0.05)
    bound = math.sqrt(6 / (448 + 448))
    assert float(network.f9.weight.detach().abs().max()) == pytest.approx(TIMM_GAIN * bound, rel=0.01)


def test_affinities_of_an_untrained_imagenet_network_start_near_one_half() -> None:
    network = TimmAffinity(LITE0, 8).eval()
    load_imagenet_backbone(network.backbone)
    picture = open_dataset(SPEC).sample("val", 0).image[:128, :128]
    image = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        affinities = pair_affinities(network(image), PairGrid((16, 16), 5))
    assert 0.25 < float(affinities.mean()) < 0.75


def test_stride_and_backbone_that_cannot_be_had_are_named() -> None:
    with pytest.raises(SettingsError, match="resnet38 has stride 8, not 16"):
        build_affinity_net("resnet38", 16)
    with pytest.raises(SettingsError, match="timm knows no model"):
        build_affinity_net("resnet39", 8)
