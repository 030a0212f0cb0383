"""Nobody comes in without a token, except where only this machine can connect."""

from __future__ import annotations

import ipaddress
import logging
import re
import time
from typing import Any, cast

from anyio import to_thread
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.access.caller import OPERATOR, Caller, acting_as
from backend.access.rates import SAFE, Kind, Rates, address_of, kind_of
from backend.problems import Problem, database_problem, render
from backend.service import Service
from backend.store import tokens
from backend.store.database import now

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="SSENet Lab"'}
_USED_EVERY = 60.0
_LOOKS = re.compile(r".*/((jobs|pipelines)/estimate|datasets/[^/]+/samples/[^/]+/[^/]+/open)")
"""Addresses whose POST asks how long something would take, or opens a photograph of a data set to look at it."""
_log = logging.getLogger(__name__)


class Login:
    """Finds out who asks, and refuses who may not.

    Args:
        required: whether a token is needed. A request that came in by another address than loopback always needs one.
        open_path: the only address that answers everyone, to GET.
        rates: how often an address may try.
    """

    def __init__(self, app: ASGIApp, *, required: bool, open_path: str, rates: Rates) -> None:
        self.app, self.required, self.open_path, self.rates = app, required, open_path, rates
        self._noted: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["login_required"] = self.required or _from_outside(scope)
        try:
            caller, token_id = await self._caller(scope)
            _check_scope(scope, caller)
        except Problem as problem:
            await render(self._slowed(scope, problem), scope.get("request_id", ""))(scope, receive, send)
            return
        with acting_as(caller):
            await self.app(scope, receive, send)
        if token_id is not None:
            await self._note_use(scope, token_id)

    async def _caller(self, scope: Scope) -> tuple[Caller, str | None]:
        """Who asks, and with which token. Raises a 401 problem."""
        if scope["method"] == "GET" and scope["path"] == self.open_path:
            return Caller("", ("read",)), None
        authorization = Headers(scope=scope).get("authorization")
        if authorization is not None:
            return await to_thread.run_sync(_checked, _service(scope), authorization)
        if scope["login_required"]:
            raise _refused("no-token", "Log in: send your access token as 'Authorization: Bearer …'.")
        return OPERATOR, None

    def _slowed(self, scope: Scope, problem: Problem) -> Problem:
        """A refusal, or that this address has had too many: one with a valid token is let in all the same."""
        kind: Kind = "failed log-in" if problem.kind == "token" else kind_of(scope)
        standing = self.rates.hit(kind, f"address {address_of(scope)}")
        problem.headers |= standing.headers
        return problem if standing.allowed else standing.problem

    async def _note_use(self, scope: Scope, token_id: str) -> None:
        """At most once a minute, after the answer: a database that is busy keeps nobody waiting for it."""
        if time.monotonic() < self._noted.get(token_id, 0.0):
            return
        self._noted[token_id] = time.monotonic() + _USED_EVERY
        await to_thread.run_sync(_mark_used, _service(scope), token_id)


def _service(scope: Scope) -> Service:
    return cast(Service, scope["app"].state.service)


def _from_outside(scope: Scope) -> bool:
    """Whether the connection came in by another address than loopback, as with a bind that settings do not know of."""
    try:
        return not ipaddress.ip_address((scope.get("server") or ("",))[0]).is_loopback
    except ValueError:  # a unix socket, or no socket at all
        return False


def _checked(service: Service, authorization: str) -> tuple[Caller, str]:
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise _refused("no-token", "Send an access token as 'Authorization: Bearer …'; other schemes are not taken.")
    try:
        with acting_as(OPERATOR), service.database.read() as session:
            row = tokens.find(session, secret.strip())
            state = tokens.state(row, now(session)) if row is not None else None
    except DBAPIError as error:
        raise database_problem(error) from error
    if row is None or state == "revoked":
        raise _refused("token", "This access token is not valid. Ask the operator for another one.", "invalid_token")
    if state == "expired":
        raise _refused("token", "This access token has expired. Ask the operator for another one.", "invalid_token")
    return Caller(row.user, tuple(row.scopes), row.expires_at), row.id


def _refused(kind: str, detail: str, error: str | None = None) -> Problem:
    challenge = _CHALLENGE["WWW-Authenticate"] + (f', error="{error}"' if error else "")
    return Problem(401, kind, detail, headers={"WWW-Authenticate": challenge})


def _check_scope(scope: Scope, caller: Caller) -> None:
    looks = scope["method"] in SAFE or (scope["method"] == "POST" and _LOOKS.fullmatch(scope["path"]))
    needed: tokens.Scope = "read" if looks else "run"
    if not caller.may(needed):
        raise missing_scope(needed)


def missing_scope(needed: tokens.Scope) -> Problem:
    """The token is valid, but not for this."""
    text = f"Your access token lacks the scope '{needed}'. Ask the operator for one that has it."
    challenge = _CHALLENGE["WWW-Authenticate"] + f', error="insufficient_scope", scope="{needed}"'
    return Problem(403, "scope", text, headers={"WWW-Authenticate": challenge})


def _mark_used(service: Service, token_id: str) -> None:
    try:
        with acting_as(OPERATOR), service.database.write() as session:
            tokens.mark_used(session, token_id)
    except SQLAlchemyError:
        _log.warning("the use of a token was not noted", exc_info=True)


def declare_login(schema: dict[str, Any], *, open_path: str) -> None:
    """Write into an OpenAPI document how to log in, and which operation needs no log-in."""
    scheme = {"type": "http", "scheme": "bearer", "description": "An access token: ssenet-lab token create NAME."}
    schema["components"]["securitySchemes"] = {"token": scheme}
    schema["security"] = [{"token": []}]
    schema["paths"][open_path]["get"]["security"] = []
