"""Decoding in processes of their own: what a picture can do to them, and what that means for others."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import hostile_pictures as hostile
import numpy as np
import psutil
import pytest
from PIL import Image

from backend.decoding.pool import Decoded, DecodeLimits, Decoders, Refused
from backend.problems import Problem
from ssenet.data.images import ImageLimits, decode_image, pixels_sha

MEBI = 2**20
SMALL = hostile.saved(Image.new("RGB", (8, 6), "red"), "PNG")
Make = Callable[..., Decoders]


@pytest.fixture
def make_decoders() -> Iterator[Make]:
    """``make_decoders(memory=, seconds=, processes=)``, closed after the test."""
    made: list[Decoders] = []

    def make(memory: int = 512 * MEBI, seconds: float = 30.0, processes: int = 1, size: int = 25 * MEBI) -> Decoders:
        image = ImageLimits(size, 40_000_000, 16_000)
        made.append(Decoders(DecodeLimits(image, memory, seconds, processes)))
        return made[-1]

    yield make
    for decoders in made:
        decoders.close()


def decode(decoders: Decoders, data: bytes, target: Path) -> Decoded:
    """One picture."""
    target.unlink(missing_ok=True)

    async def main() -> Decoded:
        return await decoders.decode(io.BytesIO(data), target)

    return anyio.run(main)


def refused(decoders: Decoders, data: bytes, target: Path) -> Problem:
    """The problem with a picture."""
    with pytest.raises(Problem) as caught:
        decode(decoders, data, target)
    return caught.value


def test_a_picture_becomes_a_canonical_png_and_the_process_is_used_again(make_decoders: Make, tmp_path: Path) -> None:
    decoders, pixels = make_decoders(), np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    found = decode(decoders, hostile.saved(Image.fromarray(pixels), "PNG"), tmp_path / "a")
    assert found == Decoded(pixels_sha(pixels), 24, 32)
    assert np.array_equal(decode_image((tmp_path / "a").read_bytes()), pixels)
    pid = decoders._idle[0].pid
    assert refused(decoders, b"nothing", tmp_path / "b").status == 422 and not (tmp_path / "b").exists()
    decode(decoders, SMALL, tmp_path / "c")
    assert decoders._idle[0].pid == pid != os.getpid()


@pytest.mark.promise("S2")
def test_a_picture_that_takes_minutes_is_given_up(
    make_decoders: Make, tmp_path: Path, measured: Callable[..., None]
) -> None:
    decoders, bomb = make_decoders(seconds=2.0), hostile.scan_bomb()
    decode(decoders, SMALL, tmp_path / "warm")
    before = decoders._idle[0].pid
    started = time.monotonic()
    problem = refused(decoders, bomb, tmp_path / "a")
    measured("a JPEG of 20,000 scans refused after, at a limit of 2 s", time.monotonic() - started, "s", limit=4)
    assert problem.status == 422 and "longer than 2 s" in problem.detail and isinstance(problem, Refused)
    assert not psutil.pid_exists(before) and not (tmp_path / "a").exists()
    assert decode(decoders, SMALL, tmp_path / "b").width == 8


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not enforce limits of address space")
def test_a_picture_that_wants_more_memory_is_too_large(make_decoders: Make, tmp_path: Path) -> None:
    decoders = make_decoders(memory=400 * MEBI)
    large = hostile.saved(Image.new("RGBA", (6000, 6000), (0, 0, 0, 9)), "PNG")
    problem = refused(decoders, large, tmp_path / "a")
    assert (problem.status, problem.kind) == (413, "too-large") and "400 MiB" in problem.detail
    assert decode(decoders, SMALL, tmp_path / "b").height == 6


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGSEGV, 422), (signal.SIGABRT, 422), (signal.SIGXCPU, 422), (signal.SIGKILL, 503)]
)
def test_a_decoder_that_ends_is_replaced(
    make_decoders: Make, tmp_path: Path, wait_until: Any, number: signal.Signals, status: int
) -> None:
    decoders = make_decoders()
    decode(decoders, SMALL, tmp_path / "warm")
    pid = decoders._idle[0].pid
    os.kill(pid, signal.SIGSTOP)  # so that the picture is on its way when it ends

    class Ending(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            os.kill(pid, number)
            os.kill(pid, signal.SIGCONT)
            return super().read(size)

    async def main() -> None:
        await decoders.decode(Ending(hostile.saved(Image.effect_noise((900, 900), 90), "PNG")), tmp_path / "a")

    with pytest.raises(Problem) as caught:
        anyio.run(main)
    assert caught.value.status == status
    wait_until(lambda: not psutil.pid_exists(pid))
    assert decode(decoders, SMALL, tmp_path / "b").width == 8


def test_a_decoder_that_died_while_idle_costs_nobody_anything(make_decoders: Make, tmp_path: Path) -> None:
    decoders = make_decoders()
    decode(decoders, SMALL, tmp_path / "a")
    process = psutil.Process(decoders._idle[0].pid)
    process.kill()
    psutil.wait_procs([process], timeout=5)
    assert decode(decoders, SMALL, tmp_path / "b").width == 8


def test_no_more_processes_than_allowed_work_for_many(make_decoders: Make, tmp_path: Path) -> None:
    decoders, most = make_decoders(processes=2), 0
    others = {child.pid for child in psutil.Process().children()}

    class Noting(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal most
            mine = [child for child in psutil.Process().children() if child.pid not in others]
            most = max(most, sum("backend.decoding.child" in child.cmdline() for child in mine))
            return super().read(size)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(decoders.decode, Noting(SMALL), tmp_path / str(number))

    anyio.run(main)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1 and len(list(tmp_path.iterdir())) == 8
    assert 1 <= most <= 2 and 1 <= len(decoders._idle) <= 2


def test_a_full_disk_is_not_blamed_on_the_picture(make_decoders: Make, tmp_path: Path) -> None:
    decoders = make_decoders()
    with pytest.raises(FileNotFoundError):
        decode(decoders, SMALL, tmp_path / "no folder" / "a")
    assert decoders._idle == [] and decode(decoders, SMALL, tmp_path / "b").width == 8


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_sees_no_secret_and_can_write_no_file(
    make_decoders: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSENET_REDIS_URL", "redis://:hunter2@host")
    decoders = make_decoders()
    decode(decoders, SMALL, tmp_path / "a")
    process = psutil.Process(decoders._idle[0].pid)
    assert not [name for name in process.environ() if name.startswith("SSENET") and "MARKER" not in name]
    assert process.rlimit(psutil.RLIMIT_FSIZE) == (0, 0) == process.rlimit(psutil.RLIMIT_CORE)
    assert process.rlimit(psutil.RLIMIT_AS) == (512 * MEBI, 512 * MEBI)
    assert process.rlimit(psutil.RLIMIT_CPU)[0] <= 40


SERVE = """
import io, sys, anyio
from pathlib import Path
import hostile_pictures as hostile
from backend.decoding.pool import DecodeLimits, Decoders
from ssenet.data.images import ImageLimits
decoders = Decoders(DecodeLimits(ImageLimits(), 2**29, 60.0, 2))
decoders.warm()
print(decoders._idle[0].pid, flush=True)
anyio.run(decoders.decode, io.BytesIO(hostile.scan_bomb()), Path(sys.argv[1]))
"""


def test_it_goes_with_an_api_that_is_killed_in_the_middle_of_a_picture(tmp_path: Path, wait_until: Any) -> None:
    support = str(Path(hostile.__file__).parent)
    command = [sys.executable, "-c", SERVE, str(tmp_path / "a")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": support}) as api:
        assert api.stdout is not None
        decoder = psutil.Process(int(api.stdout.readline()))
        wait_until(lambda: decoder.cpu_times().user > 1, what="work on the picture")
        api.kill()
    wait_until(lambda: not decoder.is_running() or decoder.status() == "zombie", timeout=5, what="its end")
