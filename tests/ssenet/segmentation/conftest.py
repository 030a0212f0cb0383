"""Fixtures of the segmentation tests: a few small photographs with labels, and a tiny network."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from tiny_sets import tiny_set, tiny_voc

from ssenet import __version__
from ssenet.config import DatasetSpec, SegmentationOptions, SegmentationTrainSettings
from ssenet.results import CheckpointCard
from ssenet.segmentation.inference import SegmentationNetwork
from ssenet.segmentation.network import DeepLab, build_deeplab
from ssenet.sets import ImageSet

NAME = "mobilenetv2_050"
OPTIONS: dict[str, Any] = {
    "backbone": NAME,
    "pretrained": False,
    "crop": 64,
    "epochs": 2,
    "batch_size": 2,
    "head_channels": 16,
    "head_dilation": 2,
    "dropout": 0.1,
    "save_every_steps": 1,
}


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """Sums depend on how many threads share them, and bit equality must not depend on the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def voc(tmp_path_factory: pytest.TempPathFactory) -> DatasetSpec:
    """Four training and two validation photographs of 64 px."""
    return tiny_voc(tmp_path_factory.mktemp("voc"), train=4, val=2)


@pytest.fixture(scope="session")
def masks(voc: DatasetSpec, tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    """Their true masks as a set of pseudo-labels."""
    return tiny_set(tmp_path_factory.mktemp("masks"), "masks", 4, spec=voc)


@pytest.fixture(scope="session")
def settings() -> Callable[..., SegmentationTrainSettings]:
    """Settings of two epochs of two steps; arguments change some."""
    return lambda **changes: SegmentationTrainSettings.model_validate({"labels": "masks-1", **OPTIONS, **changes})


@pytest.fixture(scope="session")
def deeplab() -> DeepLab:
    """A network for three classes with random weights."""
    torch.manual_seed(1)
    network = build_deeplab(SegmentationOptions.model_validate(OPTIONS), 3)
    for name, tensor in network.named_buffers():
        if "running" in name:
            tensor.uniform_(0.5, 1.5)
    return network.eval()


@pytest.fixture(scope="session")
def card() -> CheckpointCard:
    """Its card."""
    return CheckpointCard(
        name="tiny",
        method="segmentation",
        backbone=NAME,
        stride=16,
        classes=("a", "b", "c"),
        mean=(0.4, 0.5, 0.6),
        std=(0.2, 0.3, 0.4),
        settings=SegmentationTrainSettings.model_validate({"labels": "masks-1", **OPTIONS}),
        weights_sha256="0" * 64,
        code_version=__version__,
    )


@pytest.fixture(scope="session")
def network(deeplab: DeepLab, card: CheckpointCard) -> SegmentationNetwork:
    """The network as inference uses it."""
    return SegmentationNetwork(deeplab, card, torch.device("cpu"))
