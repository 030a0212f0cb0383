"""The parts of the service, which of them is missing, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frontend import schemas as s
from frontend.components import markup

QUEUES = {"train": "Jobs", "infer": "CAMs on demand"}
"""What waits in a queue."""


@dataclass(frozen=True)
class Missing:
    """A part that does not work: what that means, and what to do."""

    text: str
    command: str | None = None


def missing(state: s.Readiness, waiting: int) -> list[Missing]:
    """What keeps the service from working, the worst first.

    Args:
        state: as the service says itself.
        waiting: jobs that wait.
    """
    found = []
    if state.database != "ok":
        found.append(Missing("The database does not answer: nothing can be read or submitted. Look at its log."))
    if state.broker != "ok":
        found.append(
            Missing(
                "The broker (Valkey or Redis) does not answer: jobs are accepted and kept, and begin once it is back. "
                "Running ones go on."
            )
        )
    if not state.workers.get("train"):
        jobs = f"{waiting} job{'s wait' if waiting != 1 else ' waits'}" if waiting else "jobs will wait"
        found.append(Missing(f"No training worker: {jobs}. Start one with", "ssenet-lab worker train"))
    if not state.workers.get("infer"):
        found.append(Missing("No CAM worker: maps will wait. Start one with", "ssenet-lab worker infer"))
    elif not state.infer_warm:
        found.append(Missing("The CAM worker is loading its networks: the first maps take some seconds longer."))
    return found


def parts_html(state: s.Readiness, waiting: int) -> str:
    """Database, broker and queues, to be read at a glance."""
    train, infer = state.workers.get("train", 0), state.workers.get("infer", 0)
    items = [
        ("Database", _word(state.database), "keeps every job and result"),
        ("Broker", _word(state.broker), "wakes the workers"),
        ("Training workers", str(train), "one job at a time each"),
        ("CAM workers", str(infer), "maps on demand"),
        ("Waiting jobs", str(waiting), "in the order they came"),
    ]
    return markup.tiles(items)


def _word(state: str) -> str:
    return {"ok": "works", "away": "away"}.get(state, state)


def in_order(jobs: Sequence[s.Job]) -> list[s.Job]:
    """Jobs that wait, the one that was submitted first in front."""
    return sorted((job for job in jobs if job.state == "queued"), key=lambda job: job.created_at)
