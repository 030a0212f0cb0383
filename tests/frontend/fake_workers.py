"""Workers of the stand-in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI


class FakeWorkers:
    """Who works."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def add(self, queue: str, state: str = "idle", work: dict[str, Any] | None = None, **changes: Any) -> None:
        """Put a worker there, heard of two seconds ago."""
        now = datetime.now(UTC)
        number = len(self.items) + 1
        self.items.append(
            {
                "id": f"{queue}@host-{number}", "queue": queue, "pid": 100 + number, "host": f"host-{number}",
                "state": state, "job_id": work["id"] if work else None, "device": "cpu", "warm": queue == "infer",
                "started_at": (now - timedelta(hours=3)).isoformat(), "work": work,
                "heartbeat_at": (now - timedelta(seconds=2)).isoformat(), **changes,
            }
        )  # fmt: skip


def work(job_id: str, kind: str, name: str | None, done: int = 0, total: int = 0) -> dict[str, Any]:
    """What a worker does, since a minute and a half."""
    progress = {"done": done, "total": total, "unit": "steps", "message": ""} if total else None
    since = (datetime.now(UTC) - timedelta(seconds=90)).isoformat()
    return {"id": job_id, "kind": kind, "name": name, "progress": progress, "since": since}


def worker_routes(workers: FakeWorkers, app: FastAPI) -> None:
    """The route that lists them."""

    @app.get("/api/v1/workers")
    def listed() -> dict[str, Any]:
        return {"items": workers.items}
