"""The whole pipeline in one process: it gets to a segmentation, and computes nothing twice, whatever kills it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_pipeline import given, tiny_pipeline
from tiny_training import SPEC

from ssenet import stages
from ssenet.cli.runs import facts_below, scores
from ssenet.config import JobKind, PipelineSettings
from ssenet.errors import DatasetError, SettingsError
from ssenet.events import Stopped
from ssenet.local import Finished, LocalPipeline, StageError
from ssenet.pipeline import ORDER
from ssenet.sets import ImageSet

STAGES = [name for name in ORDER if name != "train_cam"]


def run(folder: Path, settings: PipelineSettings, **changes: Any) -> tuple[dict[JobKind, Finished], list[str]]:
    """Its stages, and the names of those that ran."""
    ran: list[str] = []

    def state(stage: JobKind, how: str) -> None:
        if how == "running":
            ran.append(stage)

    return LocalPipeline(settings, SPEC, folder, given(), state=state, **changes).run(), ran


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, dict[JobKind, Finished]]:
    """A finished pipeline."""
    folder = tmp_path_factory.mktemp("pipeline")
    finished, ran = run(folder, tiny_pipeline())
    assert ran == STAGES
    return folder, finished


def test_it_ends_with_a_scored_segmentation_whose_lineage_names_every_step(whole) -> None:
    _, finished = whole
    record = scores(finished["evaluate_segmentation"].folder)
    assert record.subject == "segmentation"
    assert 0 <= record.miou <= 100
    # The built-in network carries the settings of its own training.
    assert [step.kind for step in record.lineage] == [name for name in ORDER if name != "evaluate"]
    assert ImageSet(finished["evaluate_segmentation"].folder / "result").ids == tuple(record.image_ids)


def test_its_figures_are_facts_of_the_tables(whole) -> None:
    folder, _ = whole
    assert {fact.measure for fact in facts_below(folder)} == {"cam", "walk", "segmentation"}


def test_again_nothing_is_computed(whole) -> None:
    folder, finished = whole
    again, ran = run(folder, tiny_pipeline())
    assert ran == []
    assert {name: result.key for name, result in again.items()} == {n: r.key for n, r in finished.items()}
    assert all(result.reused for result in again.values())


def test_another_setting_runs_its_stage_and_what_depends_on_it(whole) -> None:
    folder, _ = whole
    _, ran = run(folder, tiny_pipeline(test={"scales": [1.0], "flip": True}))
    assert ran == ["evaluate_segmentation"]
    _, ran = run(folder, tiny_pipeline(walk={"log_steps": 1}, last="pseudo_labels"))
    assert ran == ["random_walk", "pseudo_labels"]


def test_how_a_stage_runs_is_no_part_of_what_it_makes(whole) -> None:
    folder, _ = whole
    assert run(folder, tiny_pipeline(crf={"crf_iterations": 1, "processes": 2}))[1] == []


def test_a_failure_names_the_stage_and_keeps_what_is_done(tmp_path, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise SettingsError("no memory.")

    monkeypatch.setattr("ssenet.refine.crf_stage.run", fail)
    settings = tiny_pipeline(last="crf")
    with pytest.raises(StageError, match=r"stopped in crf: no memory\. What is finished is kept") as caught:
        run(tmp_path, settings)
    assert caught.value.stage == "crf"
    monkeypatch.undo()
    assert run(tmp_path, settings)[1] == ["crf"]


def test_without_the_crfs_library_nothing_is_begun(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("ssenet.local.unavailable", lambda: "It is not installed.")
    with pytest.raises(StageError, match=r"stopped in crf: It is not installed\."):
        run(tmp_path, tiny_pipeline())
    assert not list(tmp_path.iterdir())


def test_a_crash_names_the_stage(tmp_path, monkeypatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("ssenet.cam_stages.infer", crash)
    with pytest.raises(RuntimeError, match="a bug") as caught:
        run(tmp_path, tiny_pipeline(last="infer_cam"))
    assert caught.value.__notes__ == ["This happened in infer_cam. What is finished is kept; repeat to go on there."]


def test_asked_to_stop_it_goes_on_inside_the_stage(tmp_path) -> None:
    told: list[dict[str, Any]] = []
    report = lambda type, **values: told.append({"type": type, **values})  # noqa: E731
    settings = tiny_pipeline(last="infer_cam")
    with pytest.raises(Stopped):
        run(tmp_path, settings, report=report, stop=lambda: any(e["type"] == "progress" for e in told))
    items = list(tmp_path.glob("infer_cam/*/result/items/*.npz"))
    before = {path: path.stat().st_mtime_ns for path in items}
    assert 0 < len(before) < 4
    run(tmp_path, settings)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("field", ["split", "val_split"])
def test_a_split_that_is_not_there_is_found_before_any_work(tmp_path, field) -> None:
    with pytest.raises(DatasetError, match="no split 'other'"):
        run(tmp_path, tiny_pipeline(**{field: "other"}))
    assert not list(tmp_path.glob("*/*"))


def test_every_stage_has_a_function() -> None:
    assert set(stages.RUNNERS) == {*ORDER, "triage"}


def start(folder: Path) -> subprocess.Popen[str]:
    support = Path(__file__).parents[1] / "support"
    environment = {**os.environ, "PYTHONPATH": str(support), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(support / "tiny_pipeline.py"), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def kill_at(folder: Path, stage: str, moment: str) -> list[str]:
    """Run until ``stage`` is at ``moment``, kill the process there; returns the stages that ran in it."""
    process, current = start(folder), ""
    ran: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["type"] == "stage":
            current = event["stage"]
            ran += [current] if event["how"] == "running" else []
        if current == stage and moment in (event["type"], event.get("how")):
            process.send_signal(signal.SIGKILL)
            break
    process.wait(timeout=60)
    return ran


def made(folder: Path) -> dict[str, int]:
    """Finished items, published networks and their times."""
    patterns = ("*/*/result/items/*.*", "*/*/epoch-*/weights.safetensors", "*/*/done.json")
    paths = [path for pattern in patterns for path in folder.glob(pattern)]
    return {str(path): path.stat().st_mtime_ns for path in paths}


INSIDE = ["infer_cam", "crf", "train_affinity", "random_walk", "pseudo_labels", "train_segmentation"]
DEATHS = [*((stage, "progress") for stage in INSIDE), ("crf", "reused"), ("evaluate_segmentation", "running")]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_inside_and_between_stages_it_recomputes_nothing_that_was_finished(tmp_path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    before: dict[str, int] = {}
    for stage, moment in DEATHS:
        ran = kill_at(killed, stage, moment)
        now = made(killed)
        assert {path: now.get(path) for path in before} == before, f"killed in {stage}"
        done = {Path(path).parent.parent.name for path in before if path.endswith("done.json")}
        assert not done & set(ran)
        before = now
    for folder in (killed, whole):
        assert start(folder).wait(timeout=300) == 0
    now = made(killed)
    assert {path: now[path] for path in before} == before
    # The same contents under the same keys as without any kill.
    assert {path.relative_to(killed) for path in killed.glob("*/*/done.json")} == {
        path.relative_to(whole) for path in whole.glob("*/*/done.json")
    }
    folders = [next(folder.glob("evaluate_segmentation/*")) for folder in (killed, whole)]
    assert scores(folders[0]).confusion == scores(folders[1]).confusion
