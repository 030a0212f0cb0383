"""A day of the product with everything logged: no password and no token is in what it writes or answers."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from postgres_server import Cluster, running_cluster

from backend.supervisor import valkey
from ssenet.data.images import encode_png

Wait = Callable[..., Any]


@dataclass
class Day:
    """The processes of one installation, what they wrote, and the secrets that they know."""

    folder: Path
    environment: dict[str, str]
    secrets: dict[str, str]
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def start(self, name: str, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
        """Start a process whose output is ``<name>.log``."""
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "backend.lab", *arguments]
            popen = subprocess.Popen(
                command, env={**self.environment, **changes}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.processes.append(popen)
        return popen

    def run(self, name: str, *arguments: str) -> str:
        """Run a command to its end; what it printed is ``<name>.log``, too."""
        command = [sys.executable, "-m", "backend.lab", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=240, check=False)
        (self.folder / f"{name}.log").write_text(done.stdout + done.stderr)
        return done.stdout

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the API; the answer is kept to be looked through."""
        headers = {"Authorization": f"Bearer {self.secrets['token']}", **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self.port}{path}"
        answer = httpx.request(method, url, headers=headers, timeout=60, trust_env=False, **options)
        self.answers.append(f"{method} {path} {answer.status_code} {answer.headers} {answer.text}")
        return answer

    def found(self) -> list[str]:
        """Places where a secret is."""
        places = {path.name: path.read_text(errors="replace") for path in self.folder.glob("*.log")}
        places |= {answer.split(" ", 2)[1] + f" #{index}": answer for index, answer in enumerate(self.answers)}
        assert len(places) > 20, "there is something to look through"
        known = self.secrets.items()
        return [f"{name} in {place}" for place, text in places.items() for name, value in known if value in text]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL that may be stopped."""
    with running_cluster() as started:
        yield started


@pytest.fixture
def day(family: Any, cluster: Cluster, tmp_path: Path) -> Iterator[Day]:
    """Everything that it takes, with a password wherever there can be one."""
    known = {name: f"{name}0{secrets.token_hex(12)}" for name in ("redis", "postgres", "wrong")}
    redis_port, address = _free_port(), cluster.url(cluster.create())
    environment = family.environment | {
        "SSENET_DATA_DIR": str(tmp_path / "data"),
        "SSENET_DATABASE_URL": address.replace("ssenet@", f"ssenet:{known['postgres']}@"),
        "SSENET_REDIS_URL": f"redis://:{known['redis']}@127.0.0.1:{redis_port}/0",
        "SSENET_LOGIN": "always",
        "SSENET_LOG_LEVEL": "DEBUG",
        "SSENET_API_PORT": str(_free_port()),
        "COLUMNS": "200",
    }
    (tmp_path / "logs").mkdir()
    made = Day(tmp_path / "logs", environment, known, int(environment["SSENET_API_PORT"]))
    options = ["--port", str(redis_port), "--bind", "127.0.0.1", "--requirepass", known["redis"], "--save", ""]
    broker = subprocess.Popen([str(valkey.find_server()), *options, "--dir", str(tmp_path)], stdout=subprocess.DEVNULL)
    made.processes.append(broker)
    yield made
    for process in made.processes:
        process.kill()
        process.wait()


def _csv_set(folder: Path) -> Path:
    folder.mkdir()
    for index in range(2):
        (folder / f"{index}.png").write_bytes(encode_png(np.full((32, 32, 3), 100 * index, np.uint8)))
    (folder / "list.csv").write_text("image,labels,split\n0.png,cat,train\n1.png,dog,val\n")
    return folder / "list.csv"


def _provoke(day: Day) -> None:
    """Mistakes of every kind."""
    wrong = {"Authorization": f"Bearer sslab_{day.secrets['wrong']}"}
    for headers in (wrong, {"Authorization": f"Basic {day.secrets['wrong']}"}, {"Authorization": day.secrets["token"]}):
        assert day.ask("GET", "/api/v1/jobs", headers=headers).status_code == 401
    day.ask("GET", "/api/v1/nope", params={"token": day.secrets["token"]})
    day.ask("GET", "/api/v1/jobs", params={"limit": 9999, "token": day.secrets["token"]})
    day.ask("POST", "/api/v1/jobs", content=b"{", headers={"Content-Type": "application/json"})
    day.ask("POST", "/api/v1/jobs", json={"kind": "rm"})
    day.ask("POST", "/api/v1/tokens", json={"user": "x"})
    day.ask("POST", "/api/v1/images", files={"file": ("a.png", b"no image")})
    day.ask("GET", "/api/v1/jobs", headers={"Host": "evil.example"})
    for path in (
        "openapi.json",
        "whoami",
        "tokens",
        "readyz",
        "workers",
        "metrics",
        "datasets",
        "images",
        "capabilities",
    ):
        day.ask("GET", f"/api/v1/{path}")


def _job_that_fails(day: Day, listing: Path, wait_until: Wait) -> None:
    settings = {"dataset": "mine", "split": "train", "val_split": "val", "epochs": 1, "crop": 64}
    submitted = day.ask("POST", "/api/v1/jobs", json={"kind": "train_cam", "settings": settings})
    assert submitted.status_code == 202, submitted.text
    for path in listing.parent.iterdir():
        path.unlink()
    path = f"/api/v1/jobs/{submitted.json()['id']}"
    wait_until(lambda: day.ask("GET", path).json()["state"] == "failed", timeout=180, what="the failure")
    assert day.ask("GET", path).json()["error"]["message"]
    day.ask("GET", f"{path}/events")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.promise("S10")
def test_no_secret_is_written_or_answered(
    day: Day, cluster: Cluster, tmp_path: Path, wait_until: Wait, measured: Any
) -> None:
    listing = _csv_set(tmp_path / "set")
    day.run("add", "data", "add", "mine", str(listing))
    printed = day.run("create", "token", "create", "alice").split()
    day.secrets["token"] = printed[-1]
    (day.folder / "create.log").unlink()  # the one place where the token stands
    day.start("api", "api")
    wait_until(lambda: _alive(day.port), timeout=180, what="the API")
    day.start("worker", "worker", "train")
    url = day.environment["SSENET_REDIS_URL"].replace(day.secrets["redis"], day.secrets["wrong"])
    day.start("locked-out", "worker", "train", SSENET_REDIS_URL=url)
    _provoke(day)
    _job_that_fails(day, listing, wait_until)
    day.run("doctor", "doctor")
    day.run("list", "token", "list")
    wait_until(lambda: "rror" in (day.folder / "locked-out.log").read_text(), timeout=120, what="a refused worker")

    day.processes[0].send_signal(signal.SIGKILL)  # the broker
    body = {"kind": "evaluate", "settings": {"checkpoint": "demo-ssenet", "dataset": "demo", "split": "val"}}
    assert day.ask("POST", "/api/v1/jobs", json=body).status_code == 202
    day.ask("GET", "/api/v1/readyz")
    day.run("doctor-without-broker", "doctor")
    cluster.stop()
    assert day.ask("GET", "/api/v1/jobs").status_code == 503
    day.run("doctor-without-database", "doctor")
    day.start("api-without-database", "api", SSENET_API_PORT=str(_free_port())).wait(120)

    log = (day.folder / "api.log").read_text()
    assert "DEBUG" in log and " 401 " in log and "ssenet" in (day.folder / "worker.log").read_text()
    assert day.found() == []
    measured("secrets found in logs, answers, job errors and what commands print", len(day.found()), "", limit=0)
    written = sum(path.stat().st_size for path in day.folder.glob("*.log")) + sum(map(len, day.answers))
    measured("text looked through", round(written / 1e6, 2), "MB")


def _alive(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/v1/healthz", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_secret_that_is_there_is_found(tmp_path: Path) -> None:
    day = Day(tmp_path, {}, {"token": "sslab_x"}, 0, answers=["GET /a 200 {} fine"] * 30)
    (tmp_path / "api.log").write_text("nothing")
    assert day.found() == []
    day.answers.append('GET /b 401 {} {"detail": "sslab_x"}')
    (tmp_path / "worker.log").write_text("redis://:sslab_x@host")
    assert [place.rpartition(" in ")[2] for place in day.found()] == ["worker.log", "/b #30"]
