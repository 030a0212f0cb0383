"""Errors as problem details (RFC 9457), for every way in which a request can fail."""

from __future__ import annotations

import errno
import logging
from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from starlette.exceptions import HTTPException

from backend.store.cams import QueueFull
from backend.store.jobs import IdempotencyConflict, NotAllowed
from backend.store.owners import SharedObject
from backend.store.pages import BadCursor
from ssenet.config import STAGES
from ssenet.errors import DatasetError, UserError
from ssenet.files import no_space

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Request timeout",
    409: "Conflict",
    413: "Content too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    429: "Too many requests",
    500: "Internal error",
    503: "Service unavailable",
    507: "Insufficient storage",
}


class FieldError(BaseModel):
    """What is wrong with one part of the request."""

    pointer: str = Field(
        description="JSON pointer into the body; other parts of the request start with /path, /query or /header."
    )
    message: str


class ProblemDetails(BaseModel):
    """A failed request, after RFC 9457."""

    type: str = Field(description="Kind of the problem, stable across versions.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="Id of the request, to be found in the log.")
    errors: list[FieldError] = []


class Problem(Exception):  # noqa: N818  (RFC 9457's own word)
    """A request that fails with ``status``; ``detail`` says what happened and what to do."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.errors, self.headers = list(errors), headers or {}


def not_found(what: str, row_id: str) -> Problem:
    """There is no such thing."""
    return Problem(404, "not-found", f"There is no {what} {row_id!r}.")


def conflict(kind: str, detail: str) -> Problem:
    """The thing's present state forbids it."""
    return Problem(409, kind, detail)


def invalid(pointer: str, message: str) -> Problem:
    """One field cannot be used."""
    return Problem(422, "invalid", message, [FieldError(pointer=pointer, message=message)])


def busy(detail: str, retry_after: int = 2) -> Problem:
    """Try again later."""
    return Problem(503, "busy", detail, headers={"Retry-After": str(retry_after)})


def render(problem: Problem, instance: str) -> Response:
    """The response of a problem."""
    body = ProblemDetails(
        type=f"/problems/{problem.kind}",
        title=TITLES.get(problem.status, "Error"),
        status=problem.status,
        detail=problem.detail,
        instance=instance,
        errors=problem.errors,
    )
    content = orjson.dumps(body.model_dump())
    return Response(content, problem.status, {"Cache-Control": "no-store", **problem.headers}, MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI declarations of the problems that an operation may answer with."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {status: {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses}


def install(app: FastAPI) -> None:
    """Answer all failures of ``app`` with problems."""
    for kind, translate in _TRANSLATIONS.items():
        app.add_exception_handler(kind, _handler(translate))


def _handler(translate: Any) -> Any:
    async def handle(request: Request, error: Exception) -> Response:
        problem: Problem = translate(error)
        return render(problem, request.scope.get("request_id", ""))

    return handle


def _http(error: HTTPException) -> Problem:
    details = {
        404: "There is nothing at this address.",
        405: "This address does not take this method.",
        408: "The body of the request did not come in time. Send it again.",
        413: "The request is larger than this address takes.",
    }
    kinds = {404: "not-found", 405: "method-not-allowed", 408: "timeout", 413: "too-large"}
    detail = details.get(error.status_code, str(error.detail))
    return Problem(error.status_code, kinds.get(error.status_code, "http"), detail, headers=dict(error.headers or {}))


def _validation(error: RequestValidationError) -> Problem:
    errors = [_field_error(e) for e in error.errors()]
    if any(e["type"] == "json_invalid" for e in error.errors()):
        return Problem(400, "malformed", "The body is not valid JSON.")
    listed = "; ".join(f"{e.pointer or 'body'}: {e.message}" for e in errors[:5])
    return Problem(422, "invalid", f"The request cannot be used: {listed}", errors)


def _field_error(error: dict[str, Any]) -> FieldError:
    where, message = pointer(error["loc"]), str(error["msg"]).removeprefix("Value error, ")
    if error["type"].startswith("union_tag_"):
        where += "/" + error["ctx"]["discriminator"].strip("'")
    if error["type"] == "string_pattern_mismatch":
        message = f"{str(error['input'])[:100]!r} does not match the pattern {error['ctx']['pattern']}"
    return FieldError(pointer=where, message=message)


def pointer(location: Sequence[int | str]) -> str:
    """JSON pointer of pydantic's location; a job's kind, which picks the model of its settings, is no part of it."""
    parts = list(location)
    if parts and parts[0] == "body":
        parts = parts[2:] if len(parts) > 1 and parts[1] in STAGES else parts[1:]
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def database_problem(error: DBAPIError) -> Problem:
    """What a statement that failed means to the client."""
    if isinstance(error, IntegrityError):
        return conflict("changed", "Something that this refers to was changed at the same moment. Look and try again.")
    if isinstance(error, DataError):
        return Problem(422, "invalid", "The request has a text or a number that the database cannot hold.")
    if "disk is full" in str(error.orig):  # SQLite's words
        return storage_problem(OSError(errno.ENOSPC, str(error.orig)))
    _log.error("database: %s", error.orig)
    return busy("The database does not answer in time. Nothing was changed; try again.", 5)


def storage_problem(error: OSError) -> Problem:
    """There is no room for what the request would keep; any other failure of the disk is a crash."""
    if not no_space(error):
        raise error
    _log.error("the disk is full: %s", error)
    detail = "There is no space left on the disk, so nothing was kept. Ask whoever runs this to free some."
    return Problem(507, "insufficient-storage", detail)


def _not_allowed(error: NotAllowed) -> Problem:
    return conflict(f"{error.what}-state", str(error))


def _shared(_error: SharedObject) -> Problem:
    return Problem(403, "shared", "This belongs to all who work here: only an administrator may change or delete it.")


def _idempotency(_error: IdempotencyConflict) -> Problem:
    detail = "This Idempotency-Key was used before with another request. Send a new key."
    return Problem(422, "idempotency", detail, [FieldError(pointer="/header/idempotency-key", message=detail)])


def _queue_full(_error: QueueFull) -> Problem:
    return busy("Too many CAM requests are waiting. Try again in a moment.")


_TRANSLATIONS: dict[type[Exception], Any] = {
    Problem: lambda error: error,
    HTTPException: _http,
    RequestValidationError: _validation,
    DBAPIError: database_problem,
    OSError: storage_problem,
    SharedObject: _shared,
    NotAllowed: _not_allowed,
    IdempotencyConflict: _idempotency,
    QueueFull: _queue_full,
    BadCursor: lambda error: invalid("/query/cursor", str(error)),
    DatasetError: lambda error: Problem(409, "dataset", str(error)),
    UserError: lambda error: Problem(422, "invalid", str(error)),
}
