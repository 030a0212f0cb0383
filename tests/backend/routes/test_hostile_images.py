"""Promise S2: pictures that would harm who decodes them are refused at once; odd but legal ones become plain RGB."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hostile_pictures as hostile
import httpx
import numpy as np
import psutil
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.service import Service
from backend.settings import Settings

Measured = Callable[..., None]
PATH = "/api/v1/images"
MEBI = 2**20


def photograph() -> Image.Image:
    """A picture with four corners that differ."""
    pixels = np.full((24, 40, 3), 128, np.uint8)
    pixels[:12, :20], pixels[:12, 20:], pixels[12:, :20] = (250, 10, 10), (10, 250, 10), (10, 10, 250)
    return Image.fromarray(pixels)


def bombs() -> dict[str, bytes]:
    """Files that unfold to far more than they are, or are no pictures at all."""
    jpeg = hostile.saved(photograph().resize((800, 800)), "JPEG")
    return {
        "PNG of 50,000 x 50,000": hostile.png_bomb(50_000),
        "PNG of 9,000 x 9,000": hostile.png_bomb(9_000),
        "PNG with a text of 200 MB": hostile.text_bomb(),
        "GIF of 30,000 frames": hostile.frames_bomb(),
        "FITS in gzip": hostile.fits_bomb(),
        "JPEG cut off": jpeg[: len(jpeg) // 2],
        "SVG": hostile.SVG,
        "PDF": b"%PDF-1.7\n%%EOF",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\n",
        "TIFF": hostile.saved(photograph(), "TIFF"),
        "BMP": hostile.saved(photograph(), "BMP"),
        "empty": b"",
    }


def legal() -> dict[str, tuple[bytes, tuple[int, int]]]:
    """Odd but legal files, and the (width, height) that they become."""
    plain, deep = photograph(), np.linspace(0, 65535, 24 * 40).reshape(24, 40).astype(np.uint16)
    made = {
        "CMYK": hostile.saved(plain.convert("CMYK"), "JPEG"),
        "16 bit": hostile.saved(Image.fromarray(deep), "PNG"),
        "1 bit": hostile.saved(plain.convert("1"), "PNG"),
        "palette with a transparent colour": hostile.saved(plain.convert("P"), "PNG", transparency=0),
        "gray with alpha": hostile.saved(plain.convert("LA"), "PNG"),
        "animated WebP": hostile.saved(plain, "WEBP", save_all=True, append_images=[plain.rotate(180)]),
        "polyglot": hostile.polyglot(),
    }
    sizes = {name: (data, (8, 8) if name == "polyglot" else (40, 24)) for name, data in made.items()}
    for turn in range(1, 9):
        sizes[f"orientation {turn}"] = hostile.turned(plain, turn), (24, 40) if turn >= 5 else (40, 24)
    return sizes


@pytest.mark.promise("S2")
def test_legal_pictures_become_plain_rgb(client: TestClient, service: Service, measured: Measured) -> None:
    files = legal()
    for name, (data, size) in files.items():
        answer = client.post(PATH, files={"file": ("a.png", data)})
        assert answer.status_code in (200, 201), (name, answer.text)
        image = answer.json()
        assert (image["width"], image["height"]) == size, name
        stored = service.artifacts.path(f"images/{image['sha']}.png").read_bytes()
        with Image.open(io.BytesIO(stored)) as kept:
            assert (kept.format, kept.mode, kept.size, kept.info) == ("PNG", "RGB", size, {}), name
            assert not dict(kept.getexif()) and b"script" not in stored, name
    measured("odd but legal pictures that became plain RGB", len(files))


@pytest.mark.promise("S2")
def test_upright_is_what_the_camera_meant(client: TestClient) -> None:
    image = client.post(PATH, files={"file": ("a.jpg", hostile.turned(photograph(), 6))}).json()
    upright = np.asarray(Image.open(io.BytesIO(client.get(f"{PATH}/{image['id']}/pixels").content)))
    assert upright[2, -3].argmax() == 0 and upright[-3, -3].argmax() == 1  # red was left, and is now on the right


@pytest.mark.promise("S2")
def test_bombs_are_refused_at_once(client: TestClient, service: Service, measured: Measured) -> None:
    client.post(PATH, files={"file": ("warm.png", hostile.polyglot())})
    slowest = 0.0
    for name, data in bombs().items():
        started = time.monotonic()
        answer = client.post(PATH, files={"file": ("photo.png", data, "image/png")})
        slowest = max(slowest, time.monotonic() - started)
        assert answer.status_code in (413, 415, 422), (name, answer.text)
    staging = service.artifacts.root / ".tmp"
    assert not (staging.exists() and list(staging.iterdir()))
    measured(f"the slowest of {len(bombs())} harmful files was refused after", slowest, "s", limit=1.0)


@pytest.fixture
def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def peak(process: psutil.Process) -> int:
    """Most memory that a process ever held, in bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


@pytest.mark.slow
@pytest.mark.promise("S2")
@pytest.mark.skipif(sys.platform != "linux", reason="reads peaks of memory in /proc")
def test_bombs_take_no_memory(settings: Settings, wait_until: Any, free_port: int, measured: Measured) -> None:
    environment = {**os.environ, "SSENET_DATA_DIR": str(settings.data_dir), "SSENET_REDIS_URL": settings.redis_url}
    command = [sys.executable, "-m", "backend.serving", "--port", str(free_port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as api:
        try:
            base = f"http://127.0.0.1:{free_port}"
            wait_until(lambda: answers(f"{base}/api/v1/healthz"), timeout=60, what="the API")
            Path(f"/proc/{api.pid}/clear_refs").write_text("5")  # forget the peak of the start
            for data in bombs().values():
                refused = httpx.post(base + PATH, files={"file": ("a.png", data)}, timeout=20)
                assert refused.status_code in (413, 415, 422)
            process = psutil.Process(api.pid)
            decoders = process.children()
            measured("peak memory of the API after all bombs", peak(process) / MEBI, "MiB", limit=200)
            assert decoders
            measured("peak memory of a decoder after all bombs", max(map(peak, decoders)) / MEBI, "MiB", limit=200)
        finally:
            api.terminate()


def answers(url: str) -> bool:
    """Whether something is there."""
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
