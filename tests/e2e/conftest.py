"""The real product on free ports and a real Chromium, once for all browser tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

START_SECONDS = 180


@dataclass(frozen=True)
class Product:
    """Where the running product answers."""

    ui: str
    api: str
    log: Path


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, wait_until: Callable[..., object]) -> Iterator[Product]:
    """``ssenet-lab up`` on a fresh folder and free ports, ready."""
    folder = tmp_path_factory.mktemp("product")
    api, ui, log = free_port(), free_port(), folder / "up.log"
    command = [sys.executable, "-c", "from backend.lab import app; app()", "up", "--data-dir", str(folder / "data")]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SSENET_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(api), "--ui-port", str(ui)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            running = Product(f"http://127.0.0.1:{ui}", f"http://127.0.0.1:{api}", log)
            wait_until(lambda: _ready(running, process), timeout=START_SECONDS, what=f"readiness (see {log})")
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise


def _ready(running: Product, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        pytest.fail(f"the product ended while starting:\n{running.log.read_text(errors='replace')[-4000:]}")
    try:
        answers = [httpx.get(url, timeout=5, trust_env=False) for url in (running.api + "/api/v1/readyz", running.ui)]
    except httpx.HTTPError:
        return False
    return all(answer.status_code == 200 for answer in answers)


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def page(browser: Browser, product: Product) -> Iterator[Page]:
    """A fresh tab, 1280 pixels wide, whose relative addresses are the product's pages."""
    context = browser.new_context(
        base_url=product.ui, viewport={"width": 1280, "height": 900}, color_scheme="light", accept_downloads=True
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()
