"""The commands and readiness of the product's processes. Compose and ``ssenet-lab up`` start the same ones."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import httpx

from backend.settings import Settings
from backend.supervisor import valkey
from backend.supervisor.process import Service
from ssenet.errors import UserError

Queue = Literal["train", "infer"]
UI_LOGIN = "SSENET_UI_LOGIN"
"""Tells the pages, which do not read the service's settings, that every one of them needs a log-in."""


def api_command(settings: Settings) -> list[str]:
    """The API under uvicorn."""
    where = ["--host", settings.api_host, "--port", str(settings.api_port), "--log-level", settings.log_level]
    return [sys.executable, "-m", "backend.serving", *where]


def worker_command(queue: Queue, settings: Settings) -> list[str]:
    """A Celery worker with one slot: a training, or a card's share of CAM requests, is one at a time."""
    pool = ["--pool", "prefork", "--concurrency", "1", "--without-gossip", "--without-mingle"]
    names = ["--queues", queue, "--hostname", f"{queue}@%h", "--loglevel", settings.log_level]
    return [sys.executable, "-m", "celery", "--app", f"worker.{queue}", "worker", *pool, *names]


def ui_command(settings: Settings, host: str = "127.0.0.1") -> list[str]:
    """The pages under Streamlit: no telemetry, no browser opened, no file watching."""
    options = {
        "server.address": host,
        "server.port": str(settings.ui_port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.maxUploadSize": str(-(-settings.image_bytes // 2**20)),
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        # Written out: a setting of the user's own must not take them away.
        "server.enableXsrfProtection": "true",
        "server.enableCORS": "true",
        "server.enableStaticServing": "false",
    }
    flags = [f"--{key}={value}" for key, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(_pages()), *flags]


def valkey_service(settings: Settings) -> Service:
    """The embedded broker on its private socket, with an append-only file that survives a restart."""
    socket, data = settings.socket, settings.data_dir / "valkey"
    for folder in (socket.parent, data):
        private_folder(folder)
    socket.unlink(missing_ok=True)  # left behind by a killed one; the run lock says that none is alive
    return Service("valkey", valkey.command(valkey.find_server(), socket, data), lambda: valkey.answers(socket))


def api_service(settings: Settings) -> Service:
    """The API; ready when the process answers, whatever the state of the rest."""
    return Service("api", api_command(settings), answers(f"{api_address(settings)}/api/v1/healthz"))


def ui_service(settings: Settings) -> Service:
    """The pages, on the API's own address, told where that is and whether people log in."""
    ready = answers(f"{local(settings.api_host, settings.ui_port)}/_stcore/health")
    told = {"SSENET_API_URL": api_address(settings), **({UI_LOGIN: "1"} if settings.login_required else {})}
    return Service("ui", ui_command(settings, settings.api_host), ready, told)


def worker_service(queue: Queue, settings: Settings) -> Service:
    """A worker; whether it is ready is for the API to say, which knows its heartbeats."""
    stop_seconds = 45.0 if queue == "train" else 10.0  # a trainer saves its state first
    return Service(queue, worker_command(queue, settings), lambda: True, stop_seconds=stop_seconds)


def api_address(settings: Settings) -> str:
    """Where the API is for this host's own processes."""
    return local(settings.api_host, settings.api_port)


def local(host: str, port: int) -> str:
    """Where a server that listens on ``host`` is for this host's own processes."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def answers(url: str, headers: Mapping[str, str] | None = None) -> Callable[[], bool]:
    """A check whether ``url`` answers 200 now."""

    def check() -> bool:
        try:
            return httpx.get(url, headers=headers, timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    return check


def private_folder(folder: Path) -> None:
    """Make ``folder`` readable by its owner only.

    Raises:
        UserError: it belongs to someone else, who could read or replace what is put there.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid():
        raise UserError(f"{folder} belongs to another user: remove it, or name another --data-dir.")
    folder.chmod(0o700)


def _pages() -> Path:
    # Found, not imported: the service does not depend on the code of the pages.
    spec = importlib.util.find_spec("frontend")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("The pages are not installed: install the whole project, or start with --no-ui.")
    return Path(spec.submodule_search_locations[0]) / "server.py"
