"""Workers."""

from __future__ import annotations

from frontend.schemas.workers import Worker, Workers
from frontend.transport import Transport, parse


class WorkerCalls(Transport):
    """Who works."""

    def workers(self) -> list[Worker]:
        """Workers that gave a sign of life lately, with what each is doing."""
        return list(parse(Workers, self._send("GET", "/workers", timeout=10.0)).items)
