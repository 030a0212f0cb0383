"""Smoke tests of the GPU paths: the device is used, and gives what the CPU gives."""

import numpy as np
import pytest
import torch
from tiny_training import Recorder

from ssenet.segmentation.inference import SegmentationNetwork
from ssenet.segmentation.network import build_deeplab
from ssenet.stages import RunSpec, run_stage

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]


def test_probabilities_equal_those_of_the_cpu(deeplab, card) -> None:
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    copy = build_deeplab(card.settings, len(card.classes))
    copy.load_state_dict(deeplab.state_dict())
    cpu = SegmentationNetwork(deeplab, card, torch.device("cpu")).probabilities(image, (0.5, 1.0), True)
    gpu = SegmentationNetwork(copy, card, torch.device("cuda:0")).probabilities(image, (0.5, 1.0), True)
    np.testing.assert_allclose(gpu, cpu, atol=2e-2)


def test_a_training_runs_on_the_gpu(voc, masks, settings, tmp_path) -> None:
    recorder = Recorder()
    raw = settings(epochs=1).model_dump(mode="json")
    spec = RunSpec(kind="train_segmentation", settings=raw, dataset=voc, sets={"labels": masks.folder}, output=tmp_path)
    run_stage(spec, recorder)
    assert torch.cuda.max_memory_allocated() > 0
    assert [c["final"] for c in recorder.of("checkpoint")] == [True]
