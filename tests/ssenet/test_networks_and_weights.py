"""Networks of any backbone and size, and weights that are loaded wholly or not at all."""

import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ssenet.errors import CheckpointError, SettingsError
from ssenet.inference import Network, load_network
from ssenet.models.cam import build_cam_net, tiled_side
from ssenet.models.resnet38 import ResNet38Cam
from ssenet.results import View, views_of
from ssenet.weights.builtin import builtin, builtin_checkpoints
from ssenet.weights.imagenet import load_imagenet_backbone
from ssenet.weights.mxnet_params import load_resnet38, read_params, resnet38_key, resnet38_state


@pytest.mark.parametrize(("name", "stride"), [("tf_efficientnet_lite0", 16), ("resnet18", 8), ("mobilenetv2_050", 16)])
def test_a_backbone_gives_maps_of_its_stride(name: str, stride: int) -> None:
    network = build_cam_net(name, stride, 3).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 96)).shape == (1, 3, 64 // stride, 96 // stride)
    assert sum(len(stage) for stage in network.stages()) > 2
    assert tiled_side(100, network) % stride == 0
    assert tiled_side(3, network) == 2 * stride


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_net", "no model named"),
        ("vit_tiny_patch16_224", "cannot be built|does not give"),
        ("resnet38", "stride 8"),
    ],
)
def test_a_backbone_that_cannot_is_refused(name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        build_cam_net(name, 16, 3)


def test_imagenet_weights_load_strictly_and_only_where_they_fit() -> None:
    network = build_cam_net("tf_efficientnet_lite0", 16, 3)
    before = network.classifier.weight.clone()
    assert "EfficientNet-Lite0" in load_imagenet_backbone(network)
    assert torch.equal(network.classifier.weight, before)
    with pytest.raises(CheckpointError, match="pretrained = false"):
        load_imagenet_backbone(build_cam_net("resnet18", 16, 3))


def test_the_built_in_classifier_knows_a_photograph() -> None:
    from ssenet.data.gallery import gallery, open_photograph
    from ssenet.data.images import decode_image, working_image
    from ssenet.render import class_scores

    found = builtin("imagenet-lite0")
    network = load_network(found.weights, found.card, torch.device("cpu"))
    key = next(p.key for p in gallery() if "macaw" in p.key)
    image = working_image(decode_image(open_photograph(key)))
    scores = class_scores(network.coarse_logits(image, [View(scale=0.5)]), exclusive=True)
    assert network.card.classes[int(scores.argmax())] == "macaw"


def test_the_two_demo_checkpoints_differ_in_method_alone() -> None:
    baseline, ssenet = (b.card for b in builtin_checkpoints()[:2])
    assert (baseline.method, ssenet.method) == ("baseline", "ssenet")
    assert baseline.classes == ssenet.classes
    assert baseline.dataset_fingerprint == ssenet.dataset_fingerprint
    unused = {"method", "rate", "eta", "ser_form", "equivariance", "angle", "batch_norm"}
    assert baseline.settings.model_dump(exclude=unused) == ssenet.settings.model_dump(exclude=unused)
    assert all(b.evaluations for b in builtin_checkpoints()[:2])


class _Counting(torch.nn.Module):
    """Stands for a CamNet of stride 1 and counts forward passes."""

    def __init__(self, inner: ResNet38Cam) -> None:
        super().__init__()
        self.inner, self.batches = inner, []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.batches.append(tuple(x.shape))
        return x[:, :2]


def test_one_forward_pass_per_scale_flips_batched() -> None:
    card = builtin("demo-ssenet").card
    counting = _Counting(None)
    network = Network(counting, card, torch.device("cpu"))
    network.input_size = lambda size, scale: (round(size[0] * scale), round(size[1] * scale))
    image = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    out = network.coarse_logits(image, views_of((1.0, 0.5), flip=True))
    assert counting.batches == [(2, 3, 10, 15), (2, 3, 20, 30)]
    for scale in (0.5, 1.0):
        # Mirrored back: a network without memory gives the same map both ways.
        np.testing.assert_allclose(out[View(scale=scale)], out[View(scale=scale, flip=True)], atol=1e-6)


def params_file(arrays: dict[str, np.ndarray], version: str) -> bytes:
    """An MXNet file as its three versions write it."""
    kinds = {np.dtype(np.float32): 0, np.dtype(np.float16): 2}
    out = struct.pack("<QQQ", 0x112, 0, len(arrays))
    for array in arrays.values():
        if version == "legacy":
            out += struct.pack(f"<I{array.ndim}I", array.ndim, *array.shape)
        else:
            head = struct.pack("<I", 0xF993FAC8) if version == "v1" else struct.pack("<Ii", 0xF993FAC9, 0)
            out += head + struct.pack(f"<i{array.ndim}q", array.ndim, *array.shape)
        out += struct.pack("<iii", 2, 0, kinds[array.dtype]) + array.tobytes()
    out += struct.pack("<Q", len(arrays))
    for name in arrays:
        out += struct.pack("<Q", len(name)) + name.encode()
    return out


@pytest.mark.parametrize("version", ["legacy", "v1", "v2"])
def test_params_files_of_all_versions(version: str) -> None:
    arrays = {"arg:a": np.arange(6, dtype=np.float32).reshape(2, 3), "aux:b": np.ones(4, np.float16)}
    back = read_params(params_file(arrays, version))
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


@given(cut=st.integers(0, 120), flip=st.integers(0, 10**6))
@settings(max_examples=200, deadline=None)
def test_a_damaged_params_file_is_an_error_and_nothing_else(cut: int, flip: int) -> None:
    data = bytearray(params_file({"arg:a": np.arange(6, dtype=np.float32)}, "v2"))
    data[flip % len(data)] ^= 0xFF
    try:
        read_params(bytes(data[: len(data) - cut % len(data)]))
    except (CheckpointError, UnicodeDecodeError):
        return


def mxnet_names() -> list[str]:
    """Names of the published file, from the architecture's table."""
    levels = ["2a", "2b1", "2b2", "3a", "3b1", "3b2", "4a", *[f"4b{i}" for i in range(1, 6)], "5a", "5b1", "5b2"]
    parts = ("arg", "gamma"), ("arg", "beta"), ("aux", "moving_mean"), ("aux", "moving_var")
    names = ["arg:conv1a_weight", "arg:linear1000_weight", "arg:linear1000_bias"]
    names += [f"{kind}:bn7_{part}" for kind, part in parts]
    for level in [*levels, "6a", "7a"]:
        branches = ["branch2a", "branch2b1"] + (["branch2b2"] if level in ("6a", "7a") else [])
        shortcut = ["branch1"] if level in ("2a", "3a", "4a", "5a", "6a", "7a") else []
        names += [f"arg:res{level}_{b}_weight" for b in branches + shortcut]
        names += [f"{kind}:bn{level}_{b}_{part}" for b in branches for kind, part in parts]
    return names


def test_the_published_names_map_onto_resnet38_exactly() -> None:
    names = mxnet_names()
    assert len(names) == 193
    keys = [key for name in names if (key := resnet38_key(name))]
    expected = {k for k in ResNet38Cam(1).state_dict() if not k.endswith("num_batches_tracked") and k != "fc8.weight"}
    assert len(keys) == len(set(keys)) == 191
    assert set(keys) == expected


def test_a_name_that_resnet38_does_not_have_is_refused() -> None:
    with pytest.raises(CheckpointError, match="fc1_weight"):
        resnet38_state({"arg:fc1_weight": np.zeros(1, np.float32)})


def test_another_file_than_the_published_one_is_refused(tmp_path) -> None:
    path = tmp_path / "other.params"
    path.write_bytes(params_file({"arg:conv1a_weight": np.zeros(1, np.float32)}, "v2"))
    with pytest.raises(CheckpointError, match="MD5"):
        load_resnet38(path)
