"""The API under uvicorn: ``python -m backend.serving [--host ADDRESS] [--port PORT] [--log-level LEVEL]``.

uvicorn itself waits for ever for the head of a request; connections that are opened and left alone would add up.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from backend.app import create_app
from backend.settings import Settings

_GRACEFUL_SECONDS = 3


def patient_for(seconds: float) -> type[H11Protocol]:
    """A protocol that closes a connection whose request has no complete head after ``seconds``."""

    class Patient(H11Protocol):
        """Counts from the opening of a connection, or from the first byte of a later request."""

        _due: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _watch(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self._forget()
            elif self._due is None:
                self._due = self.loop.call_later(seconds, self._late)

        def _forget(self) -> None:
            if self._due is not None:
                self._due.cancel()
                self._due = None

        def _late(self) -> None:
            self._due = None
            waiting = self.cycle is None or self.cycle.response_complete
            if waiting and not self.transport.is_closing():
                self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                self.transport.close()

    return Patient


def main() -> None:
    """Serve with uvicorn on the configured address."""
    settings = Settings()
    parser = argparse.ArgumentParser(prog="python -m backend.serving", description="The API of SSENet Lab.")
    parser.add_argument("--host", default=settings.api_host)
    parser.add_argument("--port", type=int, default=settings.api_port)
    parser.add_argument("--log-level", default=settings.log_level)
    given = parser.parse_args()
    uvicorn.run(
        create_app(settings),
        host=given.host,
        port=given.port,
        http=patient_for(settings.body_seconds),
        access_log=False,
        server_header=False,
        log_config=None,  # backend.logs has set it up
        log_level=given.log_level.lower(),
        timeout_graceful_shutdown=_GRACEFUL_SECONDS,
    )


if __name__ == "__main__":
    main()
