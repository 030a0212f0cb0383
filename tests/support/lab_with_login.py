"""The real API and the real pages, both wanting a log-in, without workers: what people submit stays waiting."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_LAB = "from backend.lab import app; app()"


@dataclass(frozen=True)
class Lab:
    """Where it answers, what it logs, and a token for each person."""

    ui: str
    api: str
    folder: Path
    tokens: dict[str, str]

    def client(self, user: str) -> httpx.Client:
        """Somebody's program."""
        headers = {"Authorization": f"Bearer {self.tokens[user]}"}
        return httpx.Client(base_url=f"{self.api}/api/v1", headers=headers, trust_env=False, timeout=30)

    def answered(self) -> list[tuple[str, int]]:
        """Paths that the API was asked for so far, health checks aside, with the status of each answer."""
        text = (self.folder / "api.log").read_text(errors="replace")
        lines = [line for line in map(_fields, text.splitlines()) if line and "path" in line and "status" in line]
        return [(line["path"], int(line["status"])) for line in lines if not line["path"].endswith("/healthz")]

    def logs(self) -> str:
        """All that API and pages have written."""
        return "".join((self.folder / f"{name}.log").read_text(errors="replace") for name in ("api", "ui"))


def _fields(line: str) -> dict[str, str] | None:
    try:
        found = json.loads(line)
    except ValueError:
        pairs = re.findall(r"(\w+)=(\S+)", line)
        return dict(pairs) or None
    return found if isinstance(found, dict) else None


@contextmanager
def running(folder: Path, wait_until: Callable[..., object]) -> Iterator[Lab]:
    """Start both, and stop them."""
    api, ui = _free_port(), _free_port()
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SSENET_")}
    environment = kept | {
        "SSENET_DATA_DIR": str(folder / "data"), "SSENET_LOGIN": "always", "SSENET_UI_LOGIN": "1",
        "SSENET_API_PORT": str(api), "SSENET_UI_PORT": str(ui), "SSENET_API_URL": f"http://127.0.0.1:{api}",
        "SSENET_LOG_FORMAT": "json", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    _lab(environment, "db", "upgrade")
    tokens = {
        "anna": _token(environment, "anna"),
        "bert": _token(environment, "bert"),
        "root": _token(environment, "root", "--scope", "admin"),
    }
    lab = Lab(f"http://127.0.0.1:{ui}", f"http://127.0.0.1:{api}", folder, tokens)
    processes = [_start(environment, folder, "api"), _start(environment, folder, "ui")]
    try:
        wait_until(lambda: _up(f"{lab.api}/api/v1/healthz"), timeout=90, what="the API")
        wait_until(lambda: _up(f"{lab.ui}/_stcore/health"), timeout=90, what="the pages")
        yield lab
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def _lab(environment: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-c", _LAB, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout


def _token(environment: dict[str, str], *words: str) -> str:
    return _lab(environment, "token", "create", *words).strip().splitlines()[-1]


def _start(environment: dict[str, str], folder: Path, name: str) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("wb") as log:
        command = [sys.executable, "-c", _LAB, name]
        return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)


def _up(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
