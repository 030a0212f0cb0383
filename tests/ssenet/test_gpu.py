"""Smoke tests of the GPU paths: the device is used, and gives what the CPU gives."""

import numpy as np
import pytest
import torch
from tiny_training import SPEC, Recorder, tiny_settings

from ssenet.data import open_dataset
from ssenet.inference import load_network
from ssenet.results import views_of
from ssenet.training.cam import cam_training
from ssenet.weights.builtin import builtin

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]


def test_inference_equals_the_cpu() -> None:
    found = builtin("demo-ssenet")
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    cpu, gpu = (
        load_network(found.weights, found.card, torch.device(device)).coarse_logits(image, views_of((0.5, 1.0), True))
        for device in ("cpu", "cuda:0")
    )
    for view, expected in cpu.items():
        np.testing.assert_allclose(gpu[view], expected, atol=2e-2 * float(np.abs(expected).max()))


def test_a_training_runs_on_the_gpu(tmp_path) -> None:
    trainer = cam_training(tiny_settings(epochs=1), open_dataset(SPEC), tmp_path, Recorder())
    assert next(trainer.task.network.parameters()).is_cuda
    assert trainer.run().epoch == 1
