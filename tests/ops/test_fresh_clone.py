"""Promise P1: from a fresh clone to a trained network by the README's commands, no docker, servers or compilers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
ABSENT = re.compile(
    r"docker|podman|redis|valkey|postgres|psql|pg_|(^|-)(g\+\+|gcc|cc|c\+\+|clang|cpp|ld|as)(-|$)|cmake|rustc|cargo"
)
TINY = {"crop": 64, "scale_min": 64, "scale_max": 80, "epochs": 1, "batch_size": 4, "train_images": 8, "val_images": 2}
Measured = Callable[..., None]


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH with all programs of this machine but servers, containers and compilers."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            if not ABSENT.search(program.name) and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    assert shutil.which("g++", path=str(folder)) is None is shutil.which("redis-server", path=str(folder))
    assert shutil.which("git", path=str(folder)) and shutil.which("make", path=str(folder))
    return str(folder)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of what is committed."""
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    return folder


@pytest.fixture
def running(clone: Path, bare_path: str, tmp_path: Path, family: Any) -> Iterator[subprocess.Popen[bytes]]:
    """``make run``, in the clone."""
    with socket.socket() as api, socket.socket() as pages:
        api.bind(("127.0.0.1", 0))
        pages.bind(("127.0.0.1", 0))
        ports = f"--port {api.getsockname()[1]} --ui-port {pages.getsockname()[1]}"
    kept = {
        name: value for name, value in family.environment.items() if not name.startswith(("SSENET_", "VIRTUAL_ENV"))
    }
    environment = {
        **kept,
        "PATH": bare_path,
        "XDG_DATA_HOME": str(tmp_path / "share"),
        "SSENET_TEST_MARKER": family.marker,
    }
    with (tmp_path / "out.txt").open("wb") as out:
        command = ["make", "run", "PYTHON=python3", f"ARGS={ports}"]
        made = subprocess.Popen(command, cwd=clone, env=environment, stdout=out, stderr=out, start_new_session=True)
        yield made
    os.killpg(made.pid, signal.SIGTERM)
    made.wait(60)


def job_state(address: str, job: str) -> str:
    """The state of a job."""
    return str(httpx.get(f"{address}/jobs/{job}", timeout=30).json()["state"])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.promise("P1")
def test_a_fresh_clone_serves_maps_and_trains(
    running: subprocess.Popen[bytes], clone: Path, tmp_path: Path, wait_until: Any, measured: Measured
) -> None:
    started, out = time.monotonic(), tmp_path / "out.txt"

    def said(text: str) -> bool:
        assert running.poll() is None, out.read_text()[-3000:]
        return text in out.read_text()

    wait_until(lambda: (clone / ".venv" / ".installed").exists(), timeout=600, what="the environment")
    installed = time.monotonic()
    wait_until(lambda: said("SSENet Lab is ready"), timeout=180, what="the product")
    ready = time.monotonic()
    assert said("g++ is missing, so the dense CRF is not built")
    pages, api = (re.search(rf"{name}\s+(http://\S+)", out.read_text()) for name in ("pages", "API"))
    assert pages and api
    assert httpx.get(pages[1]).status_code == 200
    image = httpx.get(f"{api[1]}/images?source=gallery").json()["items"][0]["id"]
    maps = httpx.get(f"{api[1]}/checkpoints/demo-ssenet/cams", params={"image": image, "scales": 1}, timeout=60)
    assert maps.status_code == 200 and maps.json()["classes"], maps.text
    assert not httpx.get(f"{api[1]}/capabilities").json()["crf"]["available"]
    mapped = time.monotonic()
    sent = httpx.post(f"{api[1]}/jobs", json={"kind": "train_cam", "settings": TINY}, timeout=30)
    assert sent.status_code == 202, sent.text
    job = sent.json()["id"]
    wait_until(lambda: job_state(api[1], job) not in ("queued", "running"), timeout=240, what="the training")
    assert job_state(api[1], job) == "succeeded"
    ended = time.monotonic()
    measured("making the environment, with warm package caches", installed - started, "s")
    measured("from the environment to pages and workers that are ready", ready - installed, "s")
    measured("the first map of a sample photograph after that", mapped - ready, "s")
    measured("one epoch of a tiny training", ended - mapped, "s")
    measured("from the environment to a trained network", ended - installed, "s", limit=180)
