"""One decoding process, from the side of the API."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, cast

from ssenet.data.images import ImageLimits

_CHUNK = 2**20
_INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME", "TMPDIR")
"""All that it sees of this process' environment, which holds passwords."""


class Ended(Exception):  # noqa: N818  (no error of ours: the process ended)
    """The process ended in the middle of a picture.

    Attributes:
        status: as ``Popen.returncode``: below zero the signal that ended it.
        late: whether that was because its time was up.
    """

    def __init__(self, status: int, late: bool) -> None:
        super().__init__(f"decoder ended with {status}{', its time was up' if late else ''}")
        self.status, self.late = status, late


class DecoderProcess:
    """A running ``backend.decoding.child``: one picture at a time.

    Args:
        memory: bytes of address space that it may have.
        seconds: of computing, and of wall time, for one picture.
    """

    def __init__(self, memory: int, seconds: float) -> None:
        self._seconds = seconds
        self._late = threading.Event()
        self.pictures = 0
        command = [sys.executable, "-I", "-m", "backend.decoding.child", str(memory), str(max(1, round(seconds)))]
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a library's words about a stranger's file
            env={**{name: os.environ[name] for name in _INHERITED if name in os.environ}, **threads},
            start_new_session=True,  # a Ctrl-C in the terminal is for the API, which then ends its decoders
        )
        self._orders, self._answers = cast(BinaryIO, self._popen.stdin), cast(BinaryIO, self._popen.stdout)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it can take an order."""
        return self._popen.poll() is None

    def decode(self, source: BinaryIO, size: int, limits: ImageLimits, target: Path) -> dict[str, Any]:
        """Decode ``size`` bytes of ``source`` to a canonical PNG at ``target``.

        Returns:
            ``sha``, ``height``, ``width`` and ``size``; or ``error``, and nothing is written.

        Raises:
            Ended: the process did not survive it, or was not done in time.
        """
        self.pictures += 1
        with self._in_time():
            try:
                self._orders.write(json.dumps({"size": size, "limits": asdict(limits)}).encode() + b"\n")
                shutil.copyfileobj(source, self._orders, _CHUNK)
                self._orders.flush()
                answer: dict[str, Any] = json.loads(self._answers.readline())
                if "error" not in answer:
                    self._receive(answer["size"], target)
            except (BrokenPipeError, ValueError, EOFError):  # other errors are of our own disk
                raise self._ended() from None
        return answer

    def _receive(self, size: int, target: Path) -> None:
        left = size
        with target.open("xb") as out:
            while left:
                chunk = self._answers.read(min(left, _CHUNK))
                if not chunk:
                    raise EOFError
                out.write(chunk)
                left -= len(chunk)

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        timer = threading.Timer(self._seconds, self._too_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # it must not end the next picture

    def _too_late(self) -> None:
        self._late.set()
        self._popen.kill()

    def _ended(self) -> Ended:
        """Why it ended; it is made to, should it be alive and have broken the protocol."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(1)
        self.kill()
        return Ended(self._popen.returncode, self._late.is_set())

    def kill(self) -> None:
        """End it now."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._orders, self._answers):
            with suppress(OSError):
                pipe.close()
