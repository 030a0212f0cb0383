"""What stands in front of every request to the pages: host names, origins, the log-in, and security headers."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
from base64 import b64encode
from importlib.resources import files
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend.access.doorman import DOORMAN, Doorman, Verdict
from frontend.access.form import HEADERS, bounce_html, form_html
from frontend.access.login import COOKIE, OUTSIDE, Login

OPEN = frozenset({"/_stcore/health", "/login", "/login/icon.png", "/logout"})
"""What answers without a log-in, because it says nothing of the lab."""
_FILES = ("/_stcore/", "/media/", "/component/", "/static/", "/app/static/")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def _policy() -> str:
    """Streamlit makes styles as it goes, and its components' scripts and pictures are blobs.

    No script may come from elsewhere, be made of text, or stand in a page, but for those of Streamlit's own first one.
    """
    page = (files("streamlit") / "static" / "index.html").read_bytes()
    own = [b64encode(hashlib.sha256(script).digest()).decode() for script in _INLINE.findall(page)]
    scripts = " ".join(["'self'", "blob:", *(f"'sha256-{digest}'" for digest in own)])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; media-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self' data: blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )


SECURITY = {
    "Content-Security-Policy": _policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: the browser would then say "null" where a form comes from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Gate:
    """ASGI middleware around Streamlit. Where a log-in is wanted, nothing but ``OPEN`` passes without one.

    A connection that came in by another address than loopback always wants one, however the pages were started.

    Args:
        app: what it guards.
        doorman: knows tokens.
    """

    def __init__(self, app: ASGIApp, doorman: Doorman = DOORMAN) -> None:
        self.app, self.doorman = app, doorman

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        outside = _from_outside(scope)
        locked = outside or self.doorman.locked()
        answer = self._foreign(scope, locked) or (await self._stranger(scope) if locked else None)
        if outside:  # the pages must not take a visitor from there for the operator
            scope = {**scope, "headers": [*scope["headers"], (OUTSIDE.encode(), b"1")]}
        if scope["type"] == "websocket":
            if answer is None:
                await self.app(scope, receive, send)
            else:  # before it is accepted: the browser sees 403
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        guarded = self.app if answer is None else answer
        await guarded(scope, receive, _decorated(send))

    def _foreign(self, scope: Scope, locked: bool) -> Response | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not served(host, locked):
            return PlainTextResponse(
                "This host name is not served here. Add it to SSENET_HOSTS if it is yours.\n", status_code=400
            )
        changing = scope["type"] == "websocket" or scope["method"] not in _SAFE
        # Browsers always say where such a request comes from; what says nothing is no browser, and carries no cookie
        # that somebody else could make use of.
        foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
        if changing and (foreign or headers.get("sec-fetch-site") in ("cross-site", "same-site")):
            return PlainTextResponse("Pages of another site may not do anything here.\n", status_code=403)
        return None

    async def _stranger(self, scope: Scope) -> Response | None:
        if _open(scope):
            return None
        request = HTTPConnection(scope)
        login = Login.parse(request.cookies.get(COOKIE))
        verdict = await run_in_threadpool(self.doorman.look, login)
        if verdict.identity is not None:
            return None
        response = _form(scope, request, login, verdict)
        if COOKIE in request.cookies and response.status_code == 401:
            response.delete_cookie(COOKIE, path="/")
        return response


def _from_outside(scope: Scope) -> bool:
    """Whether the connection came in by another address than loopback, as with a bind that nobody said to lock."""
    try:
        return not ipaddress.ip_address((scope.get("server") or ("",))[0]).is_loopback
    except ValueError:  # a unix socket, or no socket at all
        return False


def _open(scope: Scope) -> bool:
    """Whether this says nothing of the lab. Streamlit's own scripts do not, and a page whose log-in has ended needs
    more of them to show the form."""
    path = scope["path"]
    own_script = scope["type"] == "http" and scope["method"] in _SAFE and path.startswith("/static/")
    return path in OPEN or (own_script and ".." not in path)


def _form(scope: Scope, request: HTTPConnection, login: Login | None, verdict: Verdict) -> Response:
    """The log-in form in the place of the page, so that the address stays the one that was asked for."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or scope["path"].startswith(_FILES):
        return PlainTextResponse("Log in first.\n", status_code=verdict.status)
    target = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    if login is None and request.headers.get("sec-fetch-site") == "cross-site":
        return HTMLResponse(bounce_html(target), headers={**HEADERS, "Vary": "Sec-Fetch-Site"})
    wait = {} if verdict.retry_after is None else {"Retry-After": str(round(verdict.retry_after))}
    challenge = {"WWW-Authenticate": 'Bearer realm="SSENet Lab"'} if verdict.status == 401 else {}
    page = form_html(target, verdict.message)
    return HTMLResponse(page, verdict.status, headers={**HEADERS, **wait, **challenge})


def served(host: str, locked: bool) -> bool:
    """Whether requests may be addressed to this host: without the check a web page could come in by DNS rebinding.

    Names need to be known (``SSENET_HOSTS``). Where people log in, any numeric address is fine: rebinding needs a name.
    """
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return False
    given = f"{os.environ.get('SSENET_HOSTS', '')},{os.environ.get('SSENET_API_HOST', '')}"
    known = _LOOPBACK | {one.strip().lower().strip("[]") for one in given.split(",")} - {"0.0.0.0", "::"}
    return bool(name) and (name in known or (locked and _numeric(name)))


def _numeric(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _decorated(send: Send) -> Send:
    async def decorated(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY.items():
                headers.setdefault(name, value)
        await send(message)

    return decorated
