"""The decoding processes of an API: how many there are, and what their ends mean for the picture."""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from anyio import CapacityLimiter, to_thread

from backend.decoding.child import OUT_OF_MEMORY
from backend.decoding.process import DecoderProcess, Ended
from backend.problems import Problem, busy, invalid
from ssenet.data.images import ImageLimits

_log = logging.getLogger(__name__)
_PICTURES = 100
"""A process is replaced after so many: what one picture may have done to it, few others meet."""


@dataclass(frozen=True)
class DecodeLimits:
    """Of one picture (``image``), of the processes that decode, and of their number."""

    image: ImageLimits
    memory: int
    seconds: float
    processes: int


@dataclass(frozen=True)
class Decoded:
    """A picture that was decoded to canonical RGB: the hash of its pixels, and its size."""

    sha: str
    height: int
    width: int


class Refused(Problem):
    """The file is no picture that is accepted here."""

    def __init__(self, message: str, status: int = 422) -> None:
        problem = invalid("/file", message)
        super().__init__(status, problem.kind if status == 422 else "too-large", message, problem.errors)


class Decoders:
    """Processes that decode, started when they are needed and used again while they behave."""

    def __init__(self, limits: DecodeLimits) -> None:
        self.limits = limits
        self._turns = CapacityLimiter(limits.processes)
        self._idle: list[DecoderProcess] = []
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Start a process for the first picture; returns at once."""
        if not self._idle:
            self._give_back(self._start())

    async def decode(self, source: BinaryIO, target: Path) -> Decoded:
        """Decode the file ``source`` to a PNG at ``target``; who comes while all processes work waits in line.

        Raises:
            Refused: 422, not an acceptable picture, or one that its decoder did not survive; 413, it is too large.
            Problem: 503, the process was killed from outside.
        """
        return await to_thread.run_sync(self._decode, source, target, limiter=self._turns)

    def _decode(self, source: BinaryIO, target: Path) -> Decoded:
        size = _size(source)
        if size > self.limits.image.size:
            raise Refused(f"Image files may have {self.limits.image.size / 2**20:.4g} MiB.", 413)
        decoder = self._take()
        try:
            answer = decoder.decode(source, size, self.limits.image, target)
        except Ended as ended:
            _log.warning("a picture of %d bytes ended its decoder: %s", size, ended)
            raise self._problem(ended) from None
        except BaseException:
            decoder.kill()
            raise
        self._give_back(decoder)
        if "error" in answer:
            raise Refused(answer["error"])
        return Decoded(answer["sha"], answer["height"], answer["width"])

    def _take(self) -> DecoderProcess:
        with self._lock:
            while self._idle:
                decoder = self._idle.pop()
                if decoder.alive:
                    return decoder
                decoder.kill()
        return self._start()

    def _start(self) -> DecoderProcess:
        return DecoderProcess(self.limits.memory, self.limits.seconds)

    def _give_back(self, decoder: DecoderProcess) -> None:
        if decoder.pictures < _PICTURES:
            with self._lock:
                self._idle.append(decoder)
        else:
            decoder.kill()

    def _problem(self, ended: Ended) -> Problem:
        if ended.late or ended.status == -signal.SIGXCPU:
            text = (
                f"The image took longer than {self.limits.seconds:g} s to decode. Save it anew as a plain PNG or JPEG."
            )
            return Refused(text)
        if ended.status == OUT_OF_MEMORY:
            text = f"The image needs more than {self.limits.memory / 2**20:.4g} MiB of memory to decode. Reduce it."
            return Refused(text, 413)
        if ended.status == -signal.SIGKILL:  # not by us: the system was short of memory, or an operator
            return busy("The process that decodes images was killed. Try again.", 5)
        return Refused("The image made its decoder end. Save it anew as a plain PNG or JPEG.")

    def close(self) -> None:
        """End the idle processes; those at work end with their picture."""
        with self._lock:
            idle, self._idle = self._idle, []
        for decoder in idle:
            decoder.kill()


def _size(source: BinaryIO) -> int:
    with suppress(OSError):
        source.seek(0, os.SEEK_END)
    size = source.tell()
    source.seek(0)
    return size
