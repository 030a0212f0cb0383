"""The released code's outputs, and networks filled by the rule they were computed with."""

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ssenet.affinity.network import ResNet38Affinity
from ssenet.models.resnet38 import ResNet38Cam

Golden = Mapping[str, NDArray[np.generic]]


@pytest.fixture(scope="session")
def golden() -> Golden:
    """Arrays of resnet38_official.npz, by name."""
    with np.load(Path(__file__).parent / "resnet38_official.npz", allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _value(key: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    noise = np.random.default_rng([zlib.crc32(key.encode()), 0]).standard_normal(shape, dtype=np.float32)
    if key.endswith(("running_mean", ".bias")):
        return 0.1 * noise
    if key.endswith("running_var"):
        return 1 + 0.1 * np.abs(noise)
    if len(shape) == 4:
        gain = 0.5 if key.startswith("f") else 0.75
        return noise * np.float32(gain * np.sqrt(2 / np.prod(shape[1:])))
    return 1 + 0.1 * noise


def fill_by_rule(network: nn.Module) -> None:
    """Overwrite all weights with numbers that depend on the key's name alone."""
    state: dict[str, Tensor] = network.state_dict()
    for key in sorted(state):
        if not key.endswith("num_batches_tracked"):
            state[key].copy_(torch.from_numpy(np.asarray(_value(key, tuple(state[key].shape)), np.float32)))


@pytest.fixture(scope="session")
def resnet38() -> ResNet38Cam:
    """ResNet38 with 20 classes and the rule's weights, in evaluation mode."""
    network = ResNet38Cam(20)
    fill_by_rule(network)
    return network.eval()


@pytest.fixture(scope="session")
def resnet38_affinity(resnet38: ResNet38Cam) -> ResNet38Affinity:
    """AffinityNet with the rule's weights, in evaluation mode; it shares the backbone's tensors with ``resnet38``."""
    with torch.device("meta"):
        network = ResNet38Affinity()
    heads = nn.ModuleDict({name: nn.Conv2d(1, 1, 1) for name in ("f8_3", "f8_4", "f8_5", "f9")})
    for name, head in heads.items():
        head.weight = nn.Parameter(torch.empty(network.get_parameter(f"{name}.weight").shape), requires_grad=False)
        head.bias = None
    fill_by_rule(heads)
    backbone = {key: tensor for key, tensor in resnet38.state_dict().items() if key != "fc8.weight"}
    network.load_state_dict({**backbone, **heads.state_dict()}, strict=True, assign=True)
    return network.eval()
