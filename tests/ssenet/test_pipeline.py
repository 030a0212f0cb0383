"""The graph of stages: order, what each takes, when it may start, what its content key depends on."""

import pytest
from pydantic import ValidationError

from ssenet.config import INPUTS, OUTPUTS, STAGES, CamTrainSettings, CrfSettings, PipelineSettings, pipeline_preset
from ssenet.lineage import Step, content_key, lineage_of
from ssenet.pipeline import ORDER, checked, graph, ready, stage_settings

PRESETS = ["quick", "demo", "paper"]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("checkpoint", [None, "demo-ssenet"])
def test_every_preset_is_a_graph_whose_stages_take_what_earlier_ones_make(preset, checkpoint) -> None:
    stages = checked(pipeline_preset(preset, checkpoint=checkpoint), masked=True)
    names = [stage.name for stage in stages]
    assert names == [name for name in ORDER if name != "train_cam" or checkpoint is None]
    for position, stage in enumerate(stages):
        for field, source in stage.inputs.items():
            assert source in names[:position]
            assert OUTPUTS[source] in INPUTS[stage.name][field]
    first = stage_settings(stages[0], {})
    assert isinstance(first, CamTrainSettings) or first.checkpoint == checkpoint


def test_the_pipelines_data_and_counts_rule_in_every_stage() -> None:
    settings = pipeline_preset("quick", dataset="mine", split="all", images=7, val_split="held-out", val_images=3)
    results = dict.fromkeys(ORDER, "x")
    by_name = {s.name: stage_settings(s, results) for s in graph(settings, masked=True)}
    train = by_name["train_cam"]
    assert (train.dataset, train.split, train.train_images) == ("mine", "all", 7)
    assert (train.val_split, train.val_images) == ("held-out", 3)
    assert (by_name["infer_cam"].split, by_name["infer_cam"].images) == ("all", 7)
    assert by_name["evaluate"].multi_scale == by_name["infer_cam"].scales
    assert (by_name["evaluate_segmentation"].split, by_name["evaluate_segmentation"].images) == ("held-out", 3)


def test_without_masks_cams_are_not_scored_and_all_else_stands() -> None:
    settings = pipeline_preset("quick")
    with_masks, without = (graph(settings, masked=m) for m in (True, False))
    assert [s for s in with_masks if s.name != "evaluate"] == list(without)


def test_a_pipeline_can_stop_early() -> None:
    stages = graph(pipeline_preset("quick", last="pseudo_labels"), masked=True)
    assert stages[-1].name == "pseudo_labels"


def test_either_a_checkpoint_or_a_training() -> None:
    with pytest.raises(ValidationError, match="either a checkpoint"):
        PipelineSettings()
    with pytest.raises(ValidationError, match="either a checkpoint"):
        PipelineSettings(checkpoint="a", train=CamTrainSettings())


def test_a_setting_that_a_stage_refuses_is_found_before_any_work() -> None:
    with pytest.raises(ValidationError, match="alpha_low"):
        pipeline_preset("quick", crf={"alpha_low": 50})


def test_stages_start_when_what_they_take_is_finished() -> None:
    stages = graph(pipeline_preset("quick"), masked=True)
    names = lambda finished, started: [s.name for s in ready(stages, finished, started)]  # noqa: E731
    assert names([], []) == ["train_cam"]
    assert names(["train_cam"], ["train_cam"]) == ["infer_cam"]
    assert names(["train_cam", "infer_cam"], ["train_cam", "infer_cam"]) == ["evaluate", "crf"]
    # The walk needs the CAMs and AffinityNet.
    assert names(["infer_cam", "crf"], ["train_cam", "infer_cam", "evaluate", "crf", "train_affinity"]) == []


def key(settings: CrfSettings, inputs=None, fingerprint="f") -> str:
    return content_key("crf", settings, inputs or {"cams": "a"}, fingerprint)


def test_a_content_key_depends_on_contents_and_not_on_names_or_processes() -> None:
    base = key(CrfSettings(cams="one"))
    assert key(CrfSettings(cams="two", processes=3)) == base
    assert key(CrfSettings(cams="one"), {"cams": "b"}) != base
    assert key(CrfSettings(cams="one"), fingerprint="g") != base
    assert key(CrfSettings(cams="one", alpha_low=5)) != base


def test_every_stage_names_its_inputs_among_its_settings() -> None:
    for kind, inputs in INPUTS.items():
        assert set(inputs) <= set(STAGES[kind].model_fields)


def step(kind: str, key: str) -> Step:
    return Step(kind=kind, key=key * 64, settings={})


def test_a_lineage_names_each_step_once_and_its_own_last() -> None:
    cams = (step("train_cam", "a"), step("infer_cam", "b"))
    affinity = (*cams, step("crf", "c"), step("train_affinity", "d"))
    assert [s.kind for s in lineage_of([affinity, cams], step("random_walk", "e"))] == [
        "train_cam", "infer_cam", "crf", "train_affinity", "random_walk",
    ]  # fmt: skip


@pytest.mark.parametrize("checkpoint", [None, "demo-ssenet"])
def test_later_networks_can_start_from_the_cam_network(checkpoint) -> None:
    stages = graph(pipeline_preset("quick", checkpoint=checkpoint, start_from_cam=True), masked=True)
    for stage in stages:
        if stage.name in ("train_affinity", "train_segmentation"):
            found = {**dict.fromkeys(stage.inputs.values(), "x"), "train_cam": "trained"}
            assert stage_settings(stage, found).start == (checkpoint or "trained")
