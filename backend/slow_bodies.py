"""Bodies that come slower than anyone's connection are given up: each would hold a connection and a file open."""

from __future__ import annotations

import time
from typing import Any

import anyio
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.problems import responses

_BYTES_PER_SECOND = 16 * 1024


def declare_timeouts(schema: dict[str, Any]) -> None:
    """Write into an OpenAPI document that every operation with a body may answer 408."""
    for item in schema["paths"].values():
        for operation in item.values():
            if "requestBody" in operation:
                operation["responses"] |= {str(status): said for status, said in responses(408).items()}


class BodyTime:
    """Bounds how long is waited for a body: ``seconds`` in all, and one more for each 16 KiB that came.

    What the server itself takes between two parts does not count.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app, self.seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(receive, self.seconds)

        async def noting(message: Message) -> None:
            body.answered = True
            await send(message)

        await self.app(scope, body.receive, noting)


class _Body:
    """The body of one request, and the time that its client has left."""

    def __init__(self, receive: Receive, seconds: float) -> None:
        self._receive, self._left = receive, seconds
        self._complete = self.answered = False

    async def receive(self) -> Message:
        if self._complete:  # from now on the server waits for the client to go away, which may take hours
            return await self._receive()
        started = time.monotonic()
        try:
            with anyio.fail_after(self._left):
                message = await self._receive()
        except TimeoutError:
            self._complete = True
            if self.answered:
                return {"type": "http.disconnect"}
            raise HTTPException(408, headers={"Connection": "close"}) from None
        self._left += len(message.get("body", b"")) / _BYTES_PER_SECOND - (time.monotonic() - started)
        self._left = max(self._left, 0.001)
        self._complete = not message.get("more_body", False)
        return message
