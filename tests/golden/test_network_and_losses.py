"""Parity of the network, the scores and the losses with the released code, in float32."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ssenet.losses import two_branch_losses
from ssenet.models.resnet38 import ResNet38Cam
from ssenet.transforms import Scale, resize

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def assert_close(actual, expected) -> None:
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=0, atol=1e-4 * scale)


def test_state_dict_has_the_released_keys() -> None:
    network = ResNet38Cam(20)
    state = {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    assert len(state) == 192
    assert sum(p.numel() for p in network.parameters()) == 105_152_832
    assert state["b6.conv_branch2b2.weight"].shape == (2048, 1024, 1, 1)
    assert state["fc8.weight"].shape == (20, 4096, 1, 1)
    assert "b3_1.conv_branch1.weight" not in state


def test_coarse_logits_and_scores(golden, resnet38) -> None:
    image = torch.from_numpy(golden["image"]).permute(2, 0, 1)[None] / 255
    with torch.inference_mode():
        logits = resnet38((image - MEAN) / STD)
    assert_close(logits[0], golden["cam_logits_stride8"])
    assert_close(resize(logits, (75, 101)).mean((2, 3))[0], golden["gap_scores_upsampled"])


@pytest.fixture(scope="module")
def losses(golden, resnet38):
    images, labels = torch.from_numpy(golden["sse_input"]), torch.from_numpy(golden["sse_label"]).float()
    resnet38.zero_grad()
    out = two_branch_losses(resnet38, images, labels, Scale((28, 28)), eta=1.0, form="official")
    out.total.backward()
    yield out
    resnet38.zero_grad(set_to_none=True)


def test_losses(golden, losses) -> None:
    actual = [float(t.detach()) for t in (losses.total, losses.cls_large, losses.cls_small, losses.ser)]
    np.testing.assert_allclose(actual, golden["sse_losses"], rtol=1e-4)


@pytest.mark.usefixtures("losses")
def test_gradient_norms(golden, resnet38) -> None:
    fc8 = resnet38.fc8.weight.grad.norm()
    b7 = resnet38.b7.conv_branch2b2.weight.grad.norm()
    np.testing.assert_allclose(float(fc8), golden["sse_grad_fc8_norm"], rtol=1e-4)
    np.testing.assert_allclose(float(b7), golden["sse_grad_b7_branch2b2_norm"], rtol=1e-4)


def test_multilabel_soft_margin_is_bce() -> None:
    scores, labels = torch.randn(3, 20, dtype=torch.float64), (torch.rand(3, 20) > 0.7).double()
    expected = F.binary_cross_entropy_with_logits(scores, labels)
    torch.testing.assert_close(F.multilabel_soft_margin_loss(scores, labels), expected)
