"""Trainings in processes of their own that start at once: a server has loaded torch and forks."""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path


def run(path: str, environment: dict[str, str]) -> None:
    """What ``python -m ssenet.child`` does, its standard output and its log beside the run file."""
    os.environ |= environment
    folder = Path(path).parent
    for descriptor, name in ((1, "out.jsonl"), (2, "log.txt")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    from ssenet.child import main

    code = main(Path(path))
    sys.stderr.flush()
    os._exit(code)


def start(path: Path, environment: dict[str, str] | None = None) -> ForkServerProcess:
    """A training process at work on a run file."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ssenet.child", "ssenet.stages", "ssenet.cam_stages", "training_process"])
    process = context.Process(target=run, args=(str(path), environment or {}))
    process.start()
    return process


def end_of(process: ForkServerProcess, seconds: float = 120) -> int | None:
    """How it ended; minus the signal that killed it."""
    process.join(seconds)
    return process.exitcode
