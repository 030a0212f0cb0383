"""The stage ``triage``: rows of every photograph, stopping, dying and going on; unlabelled lists."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError
from tiny_sets import tiny_voc
from tiny_training import SPEC, Recorder

from ssenet import triage_stage
from ssenet.analysis.ranking import figure
from ssenet.analysis.triage import ALPHAS, SIDE, small_size
from ssenet.analysis.triage_record import TriageRecord
from ssenet.config import DatasetSpec, TriageSettings
from ssenet.curves import counts
from ssenet.data import open_dataset
from ssenet.errors import DatasetError, SettingsError
from ssenet.evaluate import Scored, histogram_of
from ssenet.events import Stopped
from ssenet.histograms import nearest_edge
from ssenet.journal import JOURNAL, Journal, finished_in
from ssenet.render import class_scores, scale_consistency
from ssenet.results import CheckpointCard, View, views_of
from ssenet.stages import RANKING, CheckpointFiles, RunSpec, run_stage
from ssenet.weights.builtin import builtin

SCALES = (0.5, 1.0, 2.0)


def card(name: str, **changes: Any) -> CheckpointCard:
    """A demo network's card under another name."""
    found = builtin("demo-ssenet")
    assert found is not None
    values = found.card.model_dump(exclude={"metrics_protocol"})
    return CheckpointCard.model_validate({**values, "name": name, "weights_sha256": name[0].lower() * 64, **changes})


class FakeNetwork:
    """Logits that are a function of the photograph, the network and the view; it counts what it is asked."""

    asked: ClassVar[Counter[str]] = Counter()

    def __init__(self, weights: Path, card: CheckpointCard) -> None:
        self.card = card

    def coarse_logits(self, image: Any, views: list[View]) -> dict[View, Any]:
        self.asked[self.card.name] += 1
        seed = int(image.astype(np.int64).sum()) + ord(self.card.name[0])
        return {view: _logits(seed, view, len(self.card.classes), image.shape) for view in views}


def _logits(seed: int, view: View, classes: int, shape: tuple[int, ...]) -> Any:
    random = np.random.default_rng([seed, round(100 * view.scale), view.flip])
    size = tuple(max(2, round(side * view.scale / 16)) for side in shape[:2])
    means = np.random.default_rng(seed).normal(0, 2, (classes, 1, 1))
    return (means + random.normal(0, 1, (classes, *size))).astype(np.float32)


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Networks that answer at once; how many photographs each was shown."""
    monkeypatch.setattr(FakeNetwork, "asked", Counter())
    monkeypatch.setattr(triage_stage, "load_network", FakeNetwork)
    return FakeNetwork.asked


def spec_of(folder: Path, dataset: DatasetSpec = SPEC, earlier: Path | None = None, **settings: Any) -> RunSpec:
    names = {"checkpoint": "A", **({"other": "B"} if settings.get("other") else {})}
    return RunSpec(
        kind="triage",
        settings={"checkpoint": "a", "scales": SCALES, "dataset": dataset.name, **settings},
        dataset=dataset,
        checkpoints={field: CheckpointFiles(weights=Path("none"), card=card(name)) for field, name in names.items()},
        output=folder,
        resume_from=earlier,
    )


def done(spec: RunSpec, report: Any = None, stop: Callable[[], bool] = lambda: False) -> TriageRecord:
    """The record of a run."""
    run_stage(spec, report or Recorder(), stop)
    return TriageRecord.model_validate_json((spec.output / RANKING).read_bytes())


def test_rows_are_the_figures_of_the_maps(tmp_path: Path, networks: Counter[str]) -> None:
    events = Recorder()
    record = done(spec_of(tmp_path, other="b", labels="given", flip=True), events)
    assert events.of("ranking") == [{"type": "ranking", "record": RANKING}]
    assert [e["done"] for e in events.of("progress")] == [0, 1, 2, 3, 4] and networks == {"A": 4, "B": 4}
    dataset, classes = open_dataset(SPEC), open_dataset(SPEC).classes
    assert len(record.rows) == record.measured == sum(int(dataset.labels("val", i).sum()) for i in range(4))
    for row in record.rows:
        sample, k = dataset.sample("val", row.index), classes.index(row.class_name)
        assert row.image_id == sample.id and sample.labels[k]
        for name, found in (("A", row.a), ("B", row.b)):
            logits = FakeNetwork(Path(), card(name)).coarse_logits(sample.image, views_of(SCALES, True))
            scored = Scored(sample, logits, class_scores(logits))
            given = [int(c) for c in np.flatnonzero(sample.labels)]
            exact = counts(histogram_of(scored, list(logits), given, "fast", len(classes)))
            at = nearest_edge(0.2)
            hit, real, claimed = exact.hit[at, k + 1], exact.truth[k + 1], exact.predicted[at, k + 1]
            assert found is not None and found.iou == pytest.approx(hit / (real + claimed - hit), abs=1e-6)
            assert row.object_area == pytest.approx(real / (sample.mask != 255).sum(), abs=1e-6)
            shown = scale_consistency(logits, small_size(sample.image.shape[:2]), k)
            assert found.inconsistency == pytest.approx(1 - shown, abs=2e-5)
            assert found.score == pytest.approx(float(scored.scores[k]), abs=1e-6) and len(found.agreement) == 39
    assert record.protocol.uses_ground_truth and record.masks and record.side == SIDE
    assert record.protocol_b is not None and record.protocol_b.weights_sha256 == "b" * 64
    assert record.alphas == pytest.approx(ALPHAS) and len(record.agreement) == len(record.alphas)
    assert record.lineage[-1].kind == "triage"


@pytest.mark.usefixtures("networks")
def test_without_labels_the_classes_are_those_that_either_network_predicts(tmp_path: Path) -> None:
    alone, both = done(spec_of(tmp_path / "1")), done(spec_of(tmp_path / "2", other="b"))
    of = lambda record: {(row.index, row.class_name) for row in record.rows}  # noqa: E731
    assert of(alone) < of(both) and not alone.protocol.uses_ground_truth
    for row in both.rows:
        assert row.b is not None and max(row.a.score, row.b.score) > 0.5
        assert 0 <= row.disagreement <= 1 and 0 <= row.disagreement_at_alpha <= 1  # type: ignore[operator]
    assert {figure(row, "disagreement") for row in alone.rows} == {None} and alone.agreement_b == ()


@pytest.mark.usefixtures("networks")
def test_a_photograph_without_a_class_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = lambda self, image, views: {v: np.full((10, 2, 2), -9, np.float32) for v in views}  # noqa: E731
    monkeypatch.setattr(FakeNetwork, "coarse_logits", silent)
    record = done(spec_of(tmp_path, images=3))
    assert (record.images, record.measured, record.without_class, record.rows) == (3, 0, 3, ())
    assert record.agreement == () and record.size_limits is None


def test_a_stopped_run_goes_on_where_it_was_and_gives_the_same(tmp_path: Path, networks: Counter[str]) -> None:
    whole = done(spec_of(tmp_path / "whole", other="b"))
    networks.clear()
    events = Recorder()
    with pytest.raises(Stopped):
        done(spec_of(tmp_path / "1", other="b"), events, stop=lambda: len(events.of("progress")) == 3)
    assert not (tmp_path / "1" / RANKING).exists() and finished_in(tmp_path / "1") == 2
    resumed = Recorder()
    record = done(spec_of(tmp_path / "2", other="b", earlier=tmp_path / "1"), resumed)
    assert networks == {"A": 4, "B": 4}, "no photograph twice"
    assert [e["done"] for e in resumed.of("progress")] == [2, 3, 4]
    assert record.rows == whole.rows and record.agreement == whole.agreement


class Killed(BaseException):
    """As sudden as a signal."""


def test_a_run_that_dies_while_it_writes_loses_at_most_that_photograph(tmp_path: Path, networks: Counter[str]) -> None:
    def die(type: str, **values: Any) -> None:
        if type == "progress" and values["done"] == 3:
            raise Killed

    with pytest.raises(Killed):
        done(spec_of(tmp_path), die)
    journal = tmp_path / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-30])  # the third line is torn
    assert finished_in(tmp_path) == 2
    record = done(spec_of(tmp_path))
    assert networks == {"A": 5} and record.images == 4
    assert {row.index for row in record.rows} <= {0, 1, 2, 3}
    assert done(spec_of(tmp_path)).rows == record.rows and networks == {"A": 5}, "nothing is left to do"


def test_results_of_other_settings_are_never_taken_over(tmp_path: Path, networks: Counter[str]) -> None:
    done(spec_of(tmp_path / "1"))
    done(spec_of(tmp_path / "2", alpha=0.3, earlier=tmp_path / "1"))
    assert networks == {"A": 8}
    with pytest.raises(SettingsError, match="Choose another folder"):
        done(spec_of(tmp_path / "1", alpha=0.3))


def test_a_journal_keeps_what_both_attempts_finished(tmp_path: Path) -> None:
    first = Journal(tmp_path / "1", "k")
    first.add("a", [1])
    first.add("ü/x", {"n": None})
    second = Journal(tmp_path / "2", "k", tmp_path / "1")
    second.add("b", [])
    assert Journal(tmp_path / "2", "k").results == {"a": [1], "ü/x": {"n": None}, "b": []}
    assert Journal(tmp_path / "3", "other", tmp_path / "1").results == {}
    lines = (tmp_path / "2" / JOURNAL).read_text().splitlines()
    assert json.loads(lines[0]) == {"key": "k"} and len(lines) == 4
    assert finished_in(tmp_path / "nowhere") == 0


@pytest.mark.usefixtures("networks")
def test_photographs_without_labels_or_masks_are_ranked_too(tmp_path: Path) -> None:
    spec = tiny_voc(tmp_path / "voc")
    lists = tmp_path / "voc" / "ImageSets" / "Segmentation"
    ids = (lists / "val.txt").read_text().split()
    for image_id in ids:
        (tmp_path / "voc" / "SegmentationClass" / f"{image_id}.png").unlink()
    (lists / "val.txt").rename(lists / "test.txt")
    assert open_dataset(spec).unlabelled == {"test": len(ids)}
    record = done(spec_of(tmp_path / "out", spec, split="test"))
    assert record.images == len(ids) and not record.masks
    assert {row.object_area for row in record.rows} == {None} and {row.a.iou for row in record.rows} == {None}
    with pytest.raises(DatasetError, match="with labels"):
        done(spec_of(tmp_path / "given", spec, split="test", labels="given"))


@pytest.mark.usefixtures("networks")
def test_what_cannot_be_measured_is_said(tmp_path: Path) -> None:
    for changes, message in (
        ({"scales": (1.0, 1.0)}, "two different scales"),
        ({"other": "a"}, "another one than the first"),
        ({"labels": "all"}, "labels"),
    ):
        with pytest.raises(ValidationError, match=message):
            TriageSettings.model_validate({"checkpoint": "a", **changes})
    spec = spec_of(tmp_path, other="b")
    odd = CheckpointFiles(weights=Path("none"), card=card("B", classes=("cat",)))
    with pytest.raises(SettingsError, match="different classes"):
        done(spec.model_copy(update={"checkpoints": {**spec.checkpoints, "other": odd}}))
    only = spec.model_copy(update={"checkpoints": {"checkpoint": odd, "other": odd}})
    assert not done(only.model_copy(update={"settings": {**spec.settings, "other": None}})).masks
    with pytest.raises(SettingsError, match="knows 1 classes"):
        done(only.model_copy(update={"settings": {**spec.settings, "labels": "given"}}))
