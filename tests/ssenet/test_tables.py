"""The paper's tables: which runs may stand together, what is averaged, what is the paper's."""

import pytest

from ssenet.config import CamTrainSettings, train_preset
from ssenet.facts import Fact, cam_fact, score_fact
from ssenet.lineage import Step
from ssenet.results import EvaluationRecord, ProtocolCard
from ssenet.scores import SegmentationRecord
from ssenet.tables import PAPER_RATES, Table, build

VIEWS = {"scales": [0.5, 1.0], "flip": True, "relu_order": "fast", "labels": "given"}


def protocol(weights: str = "a", **changes) -> ProtocolCard:
    values = {
        "dataset": "demo",
        "dataset_fingerprint": "f",
        "split": "train",
        "images": 96,
        "label_source": "given",
        "scales": (1.0,),
        "multi_scale": (0.5, 1.0),
        "flip": True,
        "relu_order": "fast",
        "alpha_rule": "fixed 0.2",
        "weights_sha256": weights * 64,
        "code_version": "1",
    }
    return ProtocolCard(**{**values, **changes})


def trained(method: str = "ssenet", **changes) -> CamTrainSettings:
    return train_preset("demo", "baseline" if method == "baseline" else "ssenet", **changes)


def later(**walk) -> tuple[Step, ...]:
    return (
        Step(kind="infer_cam", key="1" * 64, settings=VIEWS),
        Step(kind="random_walk", key="2" * 64, settings={"beta": 8.0, "cams": "x", **walk}),
    )


def cam(miou: float, train: CamTrainSettings, weights: str = "a", **changes) -> Fact:
    return Fact("cam", miou, train, protocol(weights, **changes))


def walk(miou: float, train: CamTrainSettings, weights: str = "a", **changes) -> Fact:
    return Fact("walk", miou, train, protocol(weights), later(**changes))


def table(tables: list[Table], number: int) -> Table:
    return next(t for t in tables if t.number == number)


def own(found: Table, label: str) -> list[float | None]:
    row = next(r for r in found.rows if r.label == label)
    return [c.value for c in row.cells if c.source == "own"]


def test_without_runs_every_table_stands_with_the_papers_figures_alone() -> None:
    tables = build([], "demo")
    assert [t.number for t in tables] == [1, 2, 3]
    assert own(tables[0], "Baseline") == [None, None]
    first = next(r for r in tables[0].rows if r.label == "SSENet 0.3")
    assert [(c.value, c.source) for c in first.cells[2:]] == [(49.8, "paper"), (62.1, "paper")]


def test_rates_stand_beside_the_baseline_and_the_paper() -> None:
    facts = [cam(40, trained("baseline")), walk(50, trained("baseline")), cam(42, trained(rate=0.5), "b")]
    found = table(build(facts, "demo"), 1)
    assert own(found, "Baseline") == [40, 50]
    assert own(found, "SSENet 0.5") == [42, None]
    assert [r.label for r in found.rows] == list(PAPER_RATES)


def test_seeds_are_averaged_and_the_same_network_counts_once() -> None:
    facts = [cam(40, trained(seed=0), "a"), cam(44, trained(seed=1), "b"), cam(44, trained(seed=1), "b")]
    row = next(r for r in table(build(facts, "demo"), 1).rows if r.label == "SSENet 0.5")
    assert (row.cells[0].value, row.cells[0].runs) == (42, 2)
    assert row.cells[0].spread == pytest.approx(8**0.5)


@pytest.mark.parametrize(
    "other",
    [
        cam(10, trained(epochs=1), "b"),
        cam(10, trained(), "b", images=40),
        cam(10, trained(), "b", flip=False),
        cam(10, trained(), "b", dataset_fingerprint="g"),
        cam(10, trained(dataset="other"), "b"),
    ],
    ids=["recipe", "images", "views", "data", "training data"],
)
def test_runs_that_differ_otherwise_never_share_a_table(other) -> None:
    tables = [t for t in build([cam(40, trained()), other], "demo") if t.number == 1]
    assert sorted(own(t, "SSENet 0.5")[0] for t in tables) == [10, 40]


def test_a_title_names_what_was_scored_and_what_was_learnt_from() -> None:
    found = table(build([cam(40, trained(split="train_aug"))], "demo"), 1)
    assert "demo/train, 96 images" in found.title and "trained on demo/train_aug" in found.title


def test_a_baseline_stands_beside_each_way_of_regularising() -> None:
    facts = [
        cam(40, trained("baseline", batch_norm="all")),
        cam(42, trained(batch_norm="large"), "b"),
        cam(44, trained(batch_norm="large", eta=5), "c"),
    ]
    tables = [t for t in build(facts, "demo") if t.number == 1]
    assert sorted((own(t, "Baseline")[0], own(t, "SSENet 0.5")[0]) for t in tables) == [(40, 42), (40, 44)]
    assert {"η 1," in t.title for t in tables} == {"η 5," in t.title for t in tables} == {True, False}


def test_another_transformation_is_no_rate_of_the_papers() -> None:
    found = table(build([cam(40, trained("baseline")), cam(43, trained(equivariance="flip"), "b")], "demo"), 1)
    assert own(found, "SSENet, A = flip") == [43, None]
    assert own(found, "SSENet 0.5") == [None, None]
    assert "A = flip" in found.title


def test_ways_of_refining_are_not_averaged() -> None:
    facts = [cam(40, trained()), walk(50, trained()), walk(60, trained(), beta=4.0)]
    tables = [t for t in build(facts, "demo") if t.number == 1]
    assert sorted(own(t, "SSENet 0.5") for t in tables) == [[40, 50], [40, 60]]


@pytest.mark.parametrize(
    "changes",
    [{"kind": "train_affinity", "settings": {"start": "cam-1"}}, {"kind": "infer_cam", "settings": {"images": 8}}],
    ids=["backbone from a checkpoint", "fewer photographs"],
)
def test_what_ids_and_cam_settings_hide_is_not_averaged(changes) -> None:
    def fact(miou: float, affinity: dict, cams: dict) -> Fact:
        infer, walked = later()
        steps = (
            infer.model_copy(update={"settings": {**VIEWS, "split": "train", "images": None, **cams}}),
            Step(kind="train_affinity", key="3" * 64, settings={"lr": 0.1, "start": None, **affinity}),
            walked,
        )
        return Fact("segmentation", miou, trained(), protocol(), steps)

    chosen = [changes["settings"] if changes["kind"] == kind else {} for kind in ("train_affinity", "infer_cam")]
    tables = [t for t in build([fact(50, {}, {}), fact(60, *chosen)], "demo") if t.number == 3]
    assert sorted(own(t, "SSENet 0.5")[0] for t in tables) == [50, 60]


def test_the_range_of_scales_has_a_table_of_its_own() -> None:
    facts = [cam(40, trained("baseline")), cam(38, trained("baseline", scale_min=128), "b")]
    found = table(build(facts, "demo"), 2)
    assert own(found, "Baseline [256, 435]") == [40]
    assert own(found, "Baseline [128, 435]") == [38]
    assert own(found, "Baseline [448, 768]") == [None]


def test_other_data_sets_are_left_out() -> None:
    assert own(table(build([cam(40, trained())], "voc"), 1), "SSENet 0.5") == [None, None]


def evaluation(**changes) -> EvaluationRecord:
    values = {"checkpoint": "c", "classes": ("a",), "image_ids": ("i",), "rows": ("MS",), "protocol": protocol()}
    return EvaluationRecord(**{**values, **changes})


def train_step(settings: CamTrainSettings) -> Step:
    return Step(kind="train_cam", key="0" * 64, settings=settings.model_dump(mode="json"))


def test_an_evaluation_is_a_fact_only_for_multi_scale_and_a_known_training() -> None:
    steps = (train_step(trained()),)
    assert cam_fact(evaluation(lineage=steps), "MS", 40.0).protocol.alpha_rule == "fixed 0.2"
    assert cam_fact(evaluation(), "MS", 40.0, steps).train == trained()
    assert cam_fact(evaluation(lineage=steps), "1", 40.0) is None
    assert cam_fact(evaluation(), "MS", 40.0) is None


def test_seeds_of_later_networks_are_averaged_too() -> None:
    facts = [walk(50, trained(), seed=0), walk(54, trained(), seed=1), walk(54, trained(), seed=1)]
    row = next(r for r in table(build(facts, "demo"), 1).rows if r.label == "SSENet 0.5")
    assert (row.cells[1].value, row.cells[1].runs) == (52, 2)


def test_a_network_before_its_last_epoch_is_no_fact() -> None:
    whole = train_step(trained())
    for epoch, known in ((trained().epochs, True), (1, False)):
        steps = (whole.model_copy(update={"epoch": epoch}),)
        assert (cam_fact(evaluation(lineage=steps), "MS", 40.0) is not None) == known


def test_scores_are_a_fact_when_a_random_walk_is_behind_them() -> None:
    values = {"subject": "pseudo-labels", "classes": ("a",), "image_ids": ("i",), "confusion": ((3, 1), (1, 3))}
    lineage = (train_step(trained()), *later())
    fact = score_fact(SegmentationRecord(**values, protocol=protocol(), lineage=lineage))
    assert fact.measure == "walk"
    assert fact.miou == pytest.approx(60)
    assert score_fact(SegmentationRecord(**values, protocol=protocol(), lineage=lineage[:1])) is None


@pytest.mark.parametrize(
    "other",
    [
        train_step(trained("baseline")).model_copy(update={"key": "4" * 64}),
        Step(kind="infer_cam", key="5" * 64, settings={**VIEWS, "flip": False}),
    ],
    ids=["networks", "views"],
)
def test_scores_with_two_kinds_of_cams_behind_them_belong_to_no_row(other) -> None:
    values = {"subject": "pseudo-labels", "classes": ("a",), "image_ids": ("i",), "confusion": ((3, 1), (1, 3))}
    lineage = (other, train_step(trained()), *later())
    assert score_fact(SegmentationRecord(**values, protocol=protocol(), lineage=lineage)) is None
