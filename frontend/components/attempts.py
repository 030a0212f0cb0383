"""The attempts at a job, as its events tell them: who, when, and why each ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from frontend import schemas as s
from frontend.components import markup, words

REASONS = {
    "drain": "its worker was asked to stop and gave the job back; this does not count as an attempt",
    "worker_lost": "its worker was lost",
}
ENDS = {"succeeded": "succeeded", "cancelled": "cancelled"}
TAKEN_OVER = "its worker was not heard of in time: the job was taken over"


@dataclass(frozen=True)
class Attempt:
    """One claim of a job.

    Attributes:
        fence: number of the claim; what an earlier one still writes is refused.
        end: why it ended, in words; empty while it runs.
    """

    fence: int
    worker: str
    began: datetime
    ended: datetime | None = None
    end: str = ""


def attempts_of(events: Sequence[s.Event]) -> list[Attempt]:
    """All claims, oldest first. Each starts with an event that says ``running``; the next such event ends it."""
    found: list[Attempt] = []
    for event in events:
        if event.type != "state":
            continue
        if found and found[-1].ended is None:
            last = found[-1]
            found[-1] = Attempt(last.fence, last.worker, last.began, event.at, _end(event.data))
        if event.data.get("state") == "running":
            fence = event.data.get("fence", len(found) + 1)
            found.append(Attempt(int(fence), str(event.data.get("worker", "–")), event.at))
    return found


def _end(data: dict[str, Any]) -> str:
    state, reason, message = str(data.get("state", "")), str(data.get("reason", "")), str(data.get("message", ""))
    if state == "running":
        return TAKEN_OVER
    if state == "queued":
        why = REASONS.get(reason, reason.replace("_", " "))
        return f"{why}: {message}" if message and why else why or message or "given back"
    if state == "failed":
        return f"failed: {message}" if message else "failed"
    return ENDS.get(state, state)


def attempts_html(attempts: Sequence[Attempt], now: datetime) -> str:
    """A table, the last attempt first."""
    rows = [
        [
            str(one.fence),
            one.worker,
            words.moment(one.began),
            words.duration(((one.ended or now) - one.began).total_seconds()),
            one.end or "at work",
        ]
        for one in reversed(attempts)
    ]
    return markup.table(["fence", "worker", "began", "took", "ended"], rows, "Attempts at the job", left=5)
