"""The process that decodes: ``python -m backend.decoding.child MEMORY CPU_SECONDS``.

It reads orders from its standard input, each a line of JSON with the size of the file and its limits, then the file,
and answers each with a line of JSON, then the canonical PNG. It needs no file, no network and no environment.

On Linux the kernel holds it to ``MEMORY`` bytes of address space, and ends it after ``CPU_SECONDS`` of one picture.
macOS does not enforce the former: there the limits on pixels and the wall time of the parent are what bounds it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from typing import BinaryIO

from PIL import Image

from backend.supervisor.guard import watch_parent
from ssenet.data.images import ImageLimits, decode_image, encode_png, pixels_sha
from ssenet.errors import ImageError

OUT_OF_MEMORY = 70
"""Exit status after a picture that wanted more memory: what is left of the process is not used again."""
_GRACE = 2


def restrict(memory: int) -> None:
    """Hold this process to ``memory`` bytes of address space; no core is dumped and no file grows."""
    for kind, limit in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some; the parent's clock remains
            resource.setrlimit(kind, (limit, limit))


def allow_cpu(seconds: int) -> None:
    """Let this process compute for ``seconds`` from now; then the kernel ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until if hard == resource.RLIM_INFINITY else min(until, hard), hard))


def serve(source: BinaryIO, target: BinaryIO, cpu_seconds: int) -> int:
    """Decode until ``source`` ends; returns the exit status."""
    while line := source.readline():
        allow_cpu(cpu_seconds)
        order = json.loads(line)
        content = source.read(order["size"])
        if len(content) < order["size"]:
            return 0  # the parent went away in the middle
        try:
            answer, png = _decoded(content, ImageLimits(**order["limits"]))
        except ImageError as error:
            answer, png = {"error": str(error)}, b""
        except MemoryError:
            return OUT_OF_MEMORY
        target.write(json.dumps(answer).encode() + b"\n")
        target.write(png)
        target.flush()
    return 0


def _decoded(content: bytes, limits: ImageLimits) -> tuple[dict[str, object], bytes]:
    pixels = decode_image(content, limits=limits)
    png = encode_png(pixels)
    height, width = pixels.shape[:2]
    return {"sha": pixels_sha(pixels), "height": height, "width": width, "size": len(png)}, png


def main() -> int:
    """Take orders until the parent ends."""
    memory, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
    watch_parent(os.getppid(), lambda: os._exit(1))
    Image.preinit()  # what decoding imports, it imports before it is restricted
    restrict(memory)
    with contextlib.suppress(BrokenPipeError):
        return serve(sys.stdin.buffer, sys.stdout.buffer, cpu_seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
