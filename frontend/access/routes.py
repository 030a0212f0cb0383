"""Logging in and out: the only two things that the pages' own server does beside Streamlit."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from frontend.access.doorman import DOORMAN, Verdict
from frontend.access.form import HEADERS, form_html, local
from frontend.access.login import COOKIE, Login

LARGEST = 8192
"""Bytes of the form."""
PATIENCE = 10.0
"""Seconds in which the form must have arrived."""
_ICON = Path(__file__).parents[1] / "assets" / "icon.png"


async def show(request: Request) -> Response:
    """The form by its own address."""
    return _page(request.query_params.get("next", "/"), Verdict())


async def log_in(request: Request) -> Response:
    """Take a token out of the form, or a code of a log-in that a page has renewed, and set the cookie."""
    try:
        with anyio.fail_after(PATIENCE):
            fields = await _fields(request)
    except TimeoutError:
        return PlainTextResponse("The form did not arrive. Try again.\n", 408, headers={"Connection": "close"})
    if fields is None:
        return PlainTextResponse("That is too long for a token.\n", status_code=413)
    address = request.client.host if request.client else ""
    if "code" in fields:
        renewed = DOORMAN.take(fields["code"])
        return PlainTextResponse("", 403) if renewed is None else _with_cookie(request, renewed, Response(None, 204))
    token, target = fields.get("token", "").strip(), fields.get("next", "/")
    verdict = await run_in_threadpool(DOORMAN.try_token, token, address)
    if verdict.identity is None:
        return _page(target, verdict)
    return _with_cookie(request, Login.new(token), RedirectResponse(local(target), 303))


async def log_out(request: Request) -> Response:
    """End the log-in of this browser, in all its tabs."""
    login = Login.parse(request.cookies.get(COOKIE))
    if login is not None:
        await run_in_threadpool(DOORMAN.end, login)
    response = HTMLResponse(form_html("/", "You are logged out."), headers=HEADERS)
    response.delete_cookie(COOKIE, path="/")
    return response


async def icon(_request: Request) -> Response:
    """The picture on the form."""
    return FileResponse(_ICON, headers={"Cache-Control": "max-age=86400"})


def _page(target: str, verdict: Verdict) -> Response:
    wait = {} if verdict.retry_after is None else {"Retry-After": str(round(verdict.retry_after))}
    return HTMLResponse(form_html(target, verdict.message), verdict.status, headers={**HEADERS, **wait})


async def _fields(request: Request) -> dict[str, str] | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _with_cookie(request: Request, login: Login, response: Response) -> Response:
    # The origin is the address as the browser sees it, whatever a proxy in between speaks.
    secure = request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
    response.set_cookie(COOKIE, login.cookie, httponly=True, samesite="strict", secure=secure, path="/")
    response.headers["Cache-Control"] = "no-store"
    return response


ROUTES = [
    Route("/login", show, methods=["GET"]),
    Route("/login", log_in, methods=["POST"]),
    Route("/login/icon.png", icon, methods=["GET"]),
    Route("/logout", log_out, methods=["POST"]),
]
