"""``ssenet-lab up`` as a person runs it: real processes, from nothing to ready and back to nothing."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

Wait = Callable[..., Any]
Gone = Callable[..., None]
Measured = Callable[..., None]
START_SECONDS = 120.0


class Up:
    """A running ``ssenet-lab up`` and what it printed."""

    def __init__(self, family: Any, data: Path, *options: str) -> None:
        self.output = data / f"up-{len(list(data.glob('up-*')))}.txt"
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "backend.lab", "up", "--data-dir", str(data / "lab"), *options]
            self.popen = subprocess.Popen(
                command, env=family.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    @property
    def text(self) -> str:
        """All it said so far."""
        return self.output.read_text()

    @property
    def ready(self) -> bool:
        """Whether it said that all is ready."""
        assert self.popen.poll() is None, self.text
        return "SSENet Lab is ready" in self.text

    def address(self, name: str) -> str:
        """The address that it printed for ``pages`` or ``API``."""
        found = re.search(rf"{name}\s+(http://\S+)", self.text)
        assert found, self.text
        return found[1]


@pytest.fixture
def up(family: Any, tmp_path: Path, wait_until: Wait) -> Iterator[Callable[..., Up]]:
    """``up(*options)``: started, and waited for until it is ready."""

    def start(*options: str) -> Up:
        started = Up(family, tmp_path, *options)
        wait_until(lambda: started.ready, timeout=START_SECONDS, what="the banner")
        return started

    return start


@pytest.fixture
def ports() -> tuple[str, ...]:
    """Options that name two ports nobody uses."""
    with socket.socket() as api, socket.socket() as pages:
        api.bind(("127.0.0.1", 0))
        pages.bind(("127.0.0.1", 0))
        return ("--port", str(api.getsockname()[1]), "--ui-port", str(pages.getsockname()[1]))


@pytest.mark.promise("R15")
def test_ready_then_refusing_a_second_then_gone_at_a_signal(
    up: Any, family: Any, gone: Gone, tmp_path: Path, ports: tuple[str, ...], measured: Measured
) -> None:
    first = up(*ports)
    ready = httpx.get(f"{first.address('API')}/readyz")
    assert ready.status_code == 200
    assert ready.json()["workers"] == {"train": 1, "infer": 1} and ready.json()["infer_warm"] is True
    assert httpx.get(f"{first.address('pages')}/_stcore/health").status_code == 200

    second = Up(family, tmp_path, *ports)
    assert second.popen.wait(30) == 1
    for part in (str(first.popen.pid), first.address("pages"), "since"):
        assert part in second.text

    started, began = len(family.members), time.monotonic()
    first.popen.send_signal(signal.SIGTERM)
    assert first.popen.wait(60) == 0
    measured("time until it ended after SIGTERM, with status 0", time.monotonic() - began, "s", limit=60)
    assert "All data is kept" in first.text and "killed" not in first.text
    gone(1)
    measured(f"processes left of {started}", len(family.members), "", limit=0)


@pytest.mark.promise("R15")
def test_killed_it_leaves_nothing_and_the_next_start_finds_its_data(
    up: Any, gone: Gone, ports: tuple[str, ...], tmp_path: Path, measured: Measured
) -> None:
    first = up(*ports, "--no-ui")
    png = httpx.get(f"{first.address('API')}/images?source=gallery").json()["items"][0]["id"]
    pixels = httpx.get(f"{first.address('API')}/images/{png}/pixels?max_side=64").content
    uploaded = httpx.post(f"{first.address('API')}/images", files={"file": ("small.png", pixels)})
    assert uploaded.status_code == 201, uploaded.text

    first.popen.kill()
    first.popen.wait()
    began = time.monotonic()
    gone(5)
    measured("time until no process was left after SIGKILL", time.monotonic() - began, "s", limit=5)

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken, began = other.getsockname()[1], time.monotonic()
        again = up("--port", str(taken), "--no-ui")
        measured("time of the next start on the same data", time.monotonic() - began, "s")
        address = again.address("API")
        assert f":{taken}/" not in address, "the port is someone else's"
        kept = httpx.get(f"{address}/images/{uploaded.json()['id']}")
        assert kept.status_code == 200 and kept.json()["name"] == "small.png"
        again.popen.send_signal(signal.SIGINT)
        assert again.popen.wait(60) == 0
    gone(1)
    assert (tmp_path / "lab" / "ssenet.db").exists()


def test_a_signal_while_starting_ends_it_in_order(
    family: Any, gone: Gone, tmp_path: Path, ports: tuple[str, ...], wait_until: Wait
) -> None:
    starting = Up(family, tmp_path, *ports)
    wait_until(lambda: len(family.members) > 2, timeout=60, what="the first child")
    starting.popen.send_signal(signal.SIGHUP)
    assert starting.popen.wait(60) == 0, starting.text
    gone(1)


def test_an_address_beyond_this_host_is_refused_while_nobody_could_log_in(family: Any, tmp_path: Path) -> None:
    refused = Up(family, tmp_path, "--host", "0.0.0.0")
    assert refused.popen.wait(30) == 1
    assert "token create NAME" in refused.text and "SSENET_HOSTS" in refused.text and "Traceback" not in refused.text


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_training_goes_on_where_it_was_when_the_service_is_stopped_and_started_again(
    up: Any, gone: Gone, ports: tuple[str, ...], wait_until: Wait
) -> None:
    first = up(*ports, "--no-ui")
    settings = {"crop": 64, "scale_min": 64, "scale_max": 80, "epochs": 3, "batch_size": 4, "train_images": 40}
    body = {"kind": "train_cam", "settings": {**settings, "val_images": 2, "save_every_steps": 1}}
    submitted = httpx.post(f"{first.address('API')}/jobs", json=body)
    assert submitted.status_code == 202, submitted.text
    path = f"/jobs/{submitted.json()['id']}"

    def job(service: Up) -> dict[str, Any]:
        state: dict[str, Any] = httpx.get(service.address("API") + path, timeout=20).json()
        return state

    wait_until(lambda: ((job(first)["progress"] or {}).get("done") or 0) >= 2, timeout=120, what="the first steps")
    first.popen.send_signal(signal.SIGTERM)
    assert first.popen.wait(90) == 0, first.text
    gone(1)

    again = up(*ports, "--no-ui")
    wait_until(lambda: job(again)["state"] not in ("queued", "running"), timeout=240, what="the end of the training")
    finished = job(again)
    assert (finished["state"], finished["attempts"]) == ("succeeded", 1), finished
    events = httpx.get(f"{again.address('API')}{path}/events?after=0&limit=500").json()["items"]
    steps = [event["data"]["step"] for event in events if event["type"] == "metrics"]
    assert steps == sorted(set(steps)), "every step is recorded once"
    again.popen.send_signal(signal.SIGTERM)
    assert again.popen.wait(90) == 0
    gone(1)
