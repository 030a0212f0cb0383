"""A stand-in for a long training: steps of a tenth of a second, states that are real files, and nothing learned."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ssenet.files import write_bytes
from ssenet.training.event_log import EventLog
from ssenet.training.notes import STATES, State, file_hash, newest_whole, write_note

STEPS, PER_EPOCH = 40, 20
Emit = Callable[..., None]
Publish = Callable[..., None]


def save(folder: Path, step: int) -> None:
    """A state that verifies."""
    state = State(step, folder / STATES / f"step-{step:08d}.safetensors")
    write_bytes(state.path, f"state after step {step}".encode())
    write_note(state, "key", file_hash(state.path))


def train(
    folder: Path,
    resume_from: str | None,
    emit: Emit,
    publish: Publish,
    *,
    seconds: float = 0.1,
    steps: int = STEPS,
    per_epoch: int = PER_EPOCH,
) -> None:
    """Steps with a state after each and a checkpoint after every epoch; on SIGTERM leave after the step.

    The metrics tell which attempt they are of, so that a late writer can be told from its successor.
    """
    attempt = int(folder.name.removeprefix("attempt-"))
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
    log = EventLog(folder, emit)
    newest = newest_whole(folder / STATES)[0] if resume_from else None
    for step in range(newest.step + 1 if newest else 1, steps + 1):
        time.sleep(seconds)
        log("metrics", step=step, epoch=step / per_epoch, values={"loss": 1.0 / step, "attempt": attempt})
        log("progress", done=step, total=steps, unit="steps", message=f"step {step}")
        if step % per_epoch == 0:
            publish(step // per_epoch, step, final=step == steps, tell=log)
        save(folder, step)
        emit("state", step=step)
        if stopping:
            sys.exit(75)
    emit("done")
