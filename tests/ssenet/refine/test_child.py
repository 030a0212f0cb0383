"""The CRF stage as a process of its own, stopped as the service stops it: by a signal to its whole group."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_sets import tiny_set
from tiny_training import SPEC

from ssenet.sets import ImageSet
from ssenet.stages import RunSpec


@pytest.mark.slow
def test_a_stopped_group_goes_on_where_it_was(tmp_path: Path, wait_until) -> None:
    cams = tiny_set(tmp_path / "cams", "cams", 8)

    def start(output: str, iterations: int, resume_from: Path | None = None) -> subprocess.Popen[bytes]:
        spec = RunSpec(
            kind="crf",
            settings={"cams": "cams-1", "processes": 2, "crf_iterations": iterations},
            dataset=SPEC,
            sets={"cams": cams.folder},
            output=tmp_path / output,
            resume_from=resume_from,
        )
        (tmp_path / f"{output}.json").write_text(spec.model_dump_json())
        words = [sys.executable, "-m", "ssenet.child", str(tmp_path / f"{output}.json")]
        return subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True)

    items = tmp_path / "first" / "result" / "items"
    first = start("first", 30)
    wait_until(lambda: items.is_dir() and any(items.glob("*.npz")), timeout=60, what="a finished image")
    os.killpg(first.pid, signal.SIGTERM)
    assert first.wait(timeout=30) == 75
    with pytest.raises(ProcessLookupError):
        wait_until(lambda: os.killpg(first.pid, 0), timeout=10, what="the end of the group")
    kept = {path.name: path.stat().st_ino for path in items.glob("*.npz")}
    assert 0 < len(kept) < 8
    assert start("second", 30, tmp_path / "first").wait(timeout=120) == 0
    made = ImageSet(tmp_path / "second" / "result")
    assert made.ids == cams.ids
    taken = {name: (made.folder / "items" / name).stat().st_ino for name in kept}
    assert taken == kept, "what was finished is linked, not made again"
    assert all(made.arrays(image_id)["low"].shape[0] > 1 for image_id in made.ids)
