"""A job's events as a stream (server-sent events) that a client can resume without a gap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
from anyio import to_thread
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from backend.schemas.jobs import Event
from backend.service import Service
from backend.store.job_records import events_after
from backend.store.jobs import TERMINAL
from backend.store.models import Job, JobEvent

MEDIA_TYPE = "text/event-stream"
_POLL_SECONDS = 0.5
_KEEP_ALIVE_SECONDS = 15.0
_BATCH = 500
_LONGEST_SECONDS = 300.0  # then the client comes back where it was, and shows its token again


def response(service: Service, job_id: str, seq: int) -> StreamingResponse:
    """Stream the events after ``seq`` until the job is over, or for five minutes; each carries its number as its id.

    A client that the stream ends for without an ``end`` asks again, as browsers do, with the last number it saw.

    Raises:
        Problem: 429, the caller has too many open.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return _UsersStream(service, _stream(service, job_id, seq), media_type=MEDIA_TYPE, headers=headers)


class _UsersStream(StreamingResponse):
    """A stream that counts as its user's from now until it ends, however it ends."""

    def __init__(self, service: Service, content: AsyncIterator[bytes], **options: Any) -> None:
        super().__init__(content, **options)
        self._streams = service.user_streams
        self._user = self._streams.take()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.give_back(self._user)


async def _stream(service: Service, job_id: str, seq: int) -> AsyncIterator[bytes]:
    async with service.streams:
        yield b"retry: 2000\n\n"
        quiet, until = 0.0, anyio.current_time() + _LONGEST_SECONDS
        while anyio.current_time() < until:
            events, over = await to_thread.run_sync(_read, service, job_id, seq)
            for event in events:
                seq = event.seq
                yield _format(event)
            if over and not events:
                yield b"event: end\ndata: {}\n\n"
                return
            quiet = 0.0 if events else quiet + _POLL_SECONDS
            if quiet >= _KEEP_ALIVE_SECONDS:
                quiet = 0.0
                yield b": keep-alive\n\n"
            if not events:
                await anyio.sleep(_POLL_SECONDS)


def _read(service: Service, job_id: str, seq: int) -> tuple[list[JobEvent], bool]:
    """Events after ``seq``, and whether the job was over before they were read: then nothing follows them."""
    with service.database.read() as session:
        job = session.get(Job, job_id)
        over = job is None or job.state in TERMINAL
        return events_after(session, job_id, seq, _BATCH), over


def _format(event: JobEvent) -> bytes:
    data = Event.model_validate(event).model_dump_json()
    return f"id: {event.seq}\nevent: {event.type}\ndata: {data}\n\n".encode()
