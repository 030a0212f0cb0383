"""The paper's own networks through every stage: ResNet38, as released, on two small crops."""

import pytest
from tiny_sets import tiny_voc

from ssenet.cli.runs import scores
from ssenet.config import pipeline_preset, train_preset
from ssenet.local import LocalPipeline
from ssenet.pipeline import ORDER

SMALL = {"pretrained": False, "crop": 64, "epochs": 1, "batch_size": 2}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_resnet38_goes_through_every_stage_with_the_papers_settings(tmp_path) -> None:
    paper = pipeline_preset("paper")
    settings = pipeline_preset(
        "paper",
        train=train_preset("paper", **SMALL, scale_min=64, scale_max=96, rate=0.5),
        affinity=paper.affinity.model_copy(update=SMALL),
        segmentation=paper.segmentation.model_copy(update=SMALL),
        dataset="small",
    )
    finished = LocalPipeline(settings, tiny_voc(tmp_path / "voc", side=64, train=2, val=1), tmp_path).run()
    assert list(finished) == list(ORDER)
    record = scores(finished["evaluate_segmentation"].folder)
    assert {step.settings["backbone"] for step in record.lineage if step.kind.startswith("train")} == {"resnet38"}
    assert record.protocol.crf.startswith("dense CRF (seam)")
