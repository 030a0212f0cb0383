"""A stage as a process: events on standard output, exit codes, stopping and going on."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from tiny_training import SPEC, Recorder, tiny_settings

from ssenet.errors import UserError
from ssenet.histograms import load_histograms
from ssenet.results import EvaluationRecord
from ssenet.stages import RunSpec, run_stage
from ssenet.weights.builtin import builtin


def write_spec(folder: Path, **changes: Any) -> Path:
    """A run of one quick epoch, on one thread."""
    settings = tiny_settings(epochs=1, save_every_steps=1).model_dump(mode="json")
    spec = {
        "kind": "train_cam",
        "settings": settings,
        "dataset": SPEC.model_dump(mode="json"),
        "output": str(folder / "out"),
        "threads": 1,
    }
    path = folder / "run.json"
    path.write_text(json.dumps({**spec, **changes}))
    return path


def start(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ssenet.child", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]], str]:
    out, log = process.communicate(timeout=240)
    return process.returncode, [json.loads(line) for line in out.splitlines()], log


def checkpoint_json(name: str) -> dict[str, Any]:
    found = builtin(name)
    return {"weights": str(found.weights), "card": found.card.model_dump(mode="json")}


def test_training_stops_on_sigterm_and_goes_on_from_there(tmp_path) -> None:
    process = start(write_spec(tmp_path))
    lines = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if lines[-1]["type"] == "metrics":
            process.send_signal(signal.SIGTERM)
            break
    code, events, log = finish(process)
    assert code == 75, log
    assert [e for e in events if e["type"] == "state"]
    resumed = write_spec(tmp_path, output=str(tmp_path / "again"), resume_from=str(tmp_path / "out"))
    code, events, log = finish(start(resumed))
    assert code == 0, log
    assert [e["step"] for e in events if e["type"] == "metrics"][-1] == 3
    assert len([e for e in events if e["type"] == "metrics"]) < 3
    final = next(e for e in events if e["type"] == "checkpoint")
    assert final["final"]
    assert (tmp_path / "again" / final["weights"]).is_file()
    assert events[-1] == {"type": "done"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": {**tiny_settings().model_dump(mode="json"), "rate": 7}}, "rate"),
        ({"settings": {**tiny_settings().model_dump(mode="json"), "surprise": 1}}, "surprise"),
        ({"settings": tiny_settings(backbone="no_such_net").model_dump(mode="json")}, "timm knows no model"),
        ({"settings": tiny_settings(backbone="resnet38", stride=8).model_dump(mode="json")}, "SSENET_WEIGHTS_DIR"),
        ({"dataset": {"name": "gone", "kind": "voc", "path": "/nowhere/at/all"}}, "/nowhere/at/all"),
        ({"kind": "evaluate", "settings": {"checkpoint": "x"}}, "needs a checkpoint"),
    ],
    ids=["range", "unknown key", "backbone", "weights", "data set", "checkpoint"],
)
def test_what_the_user_can_mend_is_said_in_a_message(tmp_path, changes, message) -> None:
    spec = RunSpec.model_validate_json(write_spec(tmp_path, **changes).read_bytes())
    with pytest.raises((UserError, ValidationError), match=message):
        run_stage(spec, Recorder())


def test_what_the_user_can_mend_exits_2_with_the_message(tmp_path) -> None:
    dataset = {"name": "gone", "kind": "voc", "path": "/nowhere/at/all"}
    code, events, log = finish(start(write_spec(tmp_path, dataset=dataset)))
    assert code == 2, log
    assert events[-1]["type"] == "error"
    assert "/nowhere/at/all" in events[-1]["message"]
    assert "Traceback" not in events[-1]["message"]


def test_evaluation_leaves_a_record_and_histograms(tmp_path) -> None:
    settings = {"checkpoint": "demo-ssenet", "images": 2, "scales": [0.5, 1], "multi_scale": [0.5, 1]}
    path = write_spec(
        tmp_path, kind="evaluate", settings=settings, checkpoints={"checkpoint": checkpoint_json("demo-ssenet")}
    )
    code, events, log = finish(start(path))
    assert code == 0, log
    done = next(e for e in events if e["type"] == "evaluation")
    record = EvaluationRecord.model_validate_json((tmp_path / "out" / done["record"]).read_bytes())
    assert record.rows == ("0.5", "1", "MS")
    assert record.protocol.images == 2
    histograms = load_histograms((tmp_path / "out" / done["histograms"]).read_bytes())
    assert {h.images for h in histograms.values()} == {2}


def test_cams_of_a_split_are_kept_and_not_computed_again(tmp_path) -> None:
    settings = {"checkpoint": "demo-baseline", "images": 2, "scales": [1], "flip": True, "labels": "given"}
    checkpoints = {"checkpoint": checkpoint_json("demo-baseline")}
    files = {"kind": "infer_cam", "settings": settings, "checkpoints": checkpoints}
    code, events, log = finish(start(write_spec(tmp_path, **files)))
    assert code == 0, log
    assert [e["done"] for e in events if e["type"] == "progress"] == [1, 2]
    assert events[-2] == {"type": "set", "folder": "result"}
    cams = sorted((tmp_path / "out" / "result" / "items").glob("*.npz"))
    assert len(cams) == 2
    with np.load(cams[0], allow_pickle=False) as arrays:
        assert set(arrays.files) == {"classes", "scores", "s1", "s1-flip"}
        assert arrays["s1"].dtype == np.float16
        assert len(arrays["s1"]) == len(arrays["classes"])
    before = cams[0].stat().st_mtime_ns
    assert finish(start(write_spec(tmp_path, **files)))[0] == 0
    assert cams[0].stat().st_mtime_ns == before
