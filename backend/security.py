"""What surrounds every request: its id and log line, host and origin checks, body limits, security headers."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend import logs
from backend.problems import Problem, render

_log = logging.getLogger("ssenet.access")
_errors = logging.getLogger("ssenet.errors")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PATH = 512  # of a path goes into the log
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class RequestContext:
    """Gives a request its id, writes its log line, adds security headers, and turns a crash into a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(Headers(scope=scope))
        with logs.bound(request_id=request_id):
            await self._answer(scope, receive, send, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started, status = time.perf_counter(), 0

        async def decorated(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in {**_HEADERS, "X-Request-ID": request_id}.items():
                    headers[name] = value
            await send(message)

        try:
            await self.app(scope, receive, decorated)
        except Exception:
            _errors.exception("request %s", request_id)
            if status:  # the answer has begun: all that is left is to cut it off
                raise
            detail = "Something went wrong here. The log has the details under this request's id."
            await render(Problem(500, "internal", detail), request_id)(scope, receive, decorated)
        finally:
            fields = _line(scope, request_id, status, time.perf_counter() - started)
            _log.info("%(method)s %(path)s %(status)d in %(ms)g ms", fields, extra=fields)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _line(scope: Scope, request_id: str, status: int, seconds: float) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "method": scope["method"],
        "path": quote(scope["path"][:_PATH])[:_PATH],  # a line break in it must not look like another line
        "status": status,
        "ms": round(seconds * 1000, 1),
    }


class Guard:
    """Refuses foreign host names (DNS rebinding) and, for methods that change something, foreign origins."""

    def __init__(self, app: ASGIApp, hosts: list[str]) -> None:
        self.app = app
        self.hosts = frozenset(host.lower().strip("[]") for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._problem(scope) if scope["type"] == "http" else None
        if problem is None:
            await self.app(scope, receive, send)
        else:
            await render(problem, scope.get("request_id", ""))(scope, receive, send)

    def _problem(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        if not self._known(f"//{headers.get('host', '')}"):
            return Problem(400, "host", "This host name is not served here. Add it to SSENET_HOSTS if it is yours.")
        if scope["method"] in _SAFE:
            return None
        origin = headers.get("origin")
        foreign = origin is not None and not self._known(origin)
        if foreign or headers.get("sec-fetch-site") == "cross-site":
            return Problem(403, "origin", "Pages of another site may not change anything here.")
        return None

    def _known(self, url: str) -> bool:
        try:
            return (urlsplit(url).hostname or "").lower() in self.hosts
        except ValueError:
            return False


class BodyTooLarge(HTTPException):
    """The body is over its limit; an ``HTTPException`` because form parsing lets only those through."""

    def __init__(self) -> None:
        super().__init__(413)


class BodyLimit:
    """Bounds request bodies, whether their length is declared or they come in chunks.

    Args:
        limit: largest body in bytes.
        larger: larger limits of some addresses, by path.
    """

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int]) -> None:
        self.app, self.limit, self.larger = app, limit, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.larger.get(scope["path"], self.limit)
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isascii() or not declared.isdigit():
            problem = Problem(400, "malformed", "The Content-Length is not a number.")
            await render(problem, scope["request_id"])(scope, receive, send)
        elif int(declared) > limit:
            await render(_too_large(limit), scope["request_id"])(scope, receive, send)
        else:
            await self.app(scope, _counted(receive, limit), send)


def _counted(receive: Receive, limit: int) -> Receive:
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b"")) if message["type"] == "http.request" else 0
        if total > limit:
            raise BodyTooLarge
        return message

    return counted


def _too_large(limit: int) -> Problem:
    return Problem(413, "too-large", f"The request is larger than the {limit / 2**20:.4g} MiB that this address takes.")
