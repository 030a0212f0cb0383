"""How the pages talk HTTP to the service: sending, listings page by page, answers and problems as types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

MAX_PAGES = 20
"""Pages of a listing that are fetched at most."""

Params = Mapping[str, str | int | float | bool | Sequence[str | int | float] | None]
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field of a request; ``pointer`` is a JSON pointer such as ``/settings/lr``."""

    pointer: str
    message: str

    @property
    def field(self) -> str:
        """The last part of the pointer."""
        return self.pointer.rstrip("/").rpartition("/")[2]


class ServiceUnreachable(Exception):  # noqa: N818 - a state, not a fault of the program
    """The service does not answer, or answers nonsense. The message says what to do."""


class LoginNeeded(Exception):  # noqa: N818 - a state, not a fault of the program
    """The service wants a token, or does not accept this one any more. Not a ``Problem``: no page can mend it."""


class Problem(Exception):  # noqa: N818 - the name RFC 9457 gives it
    """The service refused, as an RFC 9457 problem. ``str`` of it is the text for people, with what to do.

    Attributes:
        retry_after: seconds after which it is worth trying again, where the service says so.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        errors: tuple[FieldProblem, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(_with_advice(detail or title, status, retry_after))
        self.status, self.title, self.detail, self.errors = status, title, detail, errors
        self.retry_after = retry_after


def _with_advice(text: str, status: int, retry_after: float | None) -> str:
    """What happened, and what to do where the service has not said it itself."""
    if "again" in text.lower():
        return text
    wait = f"in {max(1, round(retry_after))} s" if retry_after else "in a moment"
    advice = {
        429: f" Try again {wait}.",
        503: f" Try again {wait}; jobs that run go on.",
        507: " Nothing is lost. Make room on the service's disk, or ask its operator to, then try again.",
    }
    return text + advice.get(status, "")


class Pending(Exception):  # noqa: N818 - a state, not an error
    """The answer is being computed: ask again after ``retry_after`` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("being computed")
        self.retry_after = retry_after


class Transport:
    """Requests under ``/api/v1``.

    Every method raises ``ServiceUnreachable``, ``Problem`` or ``LoginNeeded``.

    Args:
        base_url: of the service.
        token: of the person for whom is asked; None where the service wants none.
        timeout: seconds.
    """

    def __init__(self, base_url: str, token: str | None = None, *, timeout: float = 30.0) -> None:
        self.base_url = base_url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=f"{base_url}/api/v1", timeout=timeout, trust_env=False, headers=headers, transport=_connections()
        )

    def _all(self, model: type[T], path: str, params: Params) -> Iterator[T]:
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            query = dict(params) | ({"cursor": cursor} if cursor else {})
            items, cursor = page_of(model, self._send("GET", path, params=query))
            yield from items
            if not cursor:
                return

    def _send(self, method: str, path: str, *, ok: Sequence[int] = (), **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ServiceUnreachable(f"The service at {self.base_url} does not answer.") from error
        if response.is_success or response.status_code in ok:
            return response
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise LoginNeeded(str(_problem(response)))
        raise _problem(response)


@cache
def _connections() -> httpx.HTTPTransport:
    """Open connections are shared by all clients; what belongs to one person is in the headers of each request."""
    return httpx.HTTPTransport()


class _Page(BaseModel):
    """One page of a listing, its items not looked at yet."""

    items: list[Any]
    next: str | int | None = None


def parse(model: type[T], response: httpx.Response) -> T:
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise _not_understood(response) from error


def page_of(model: type[T], response: httpx.Response) -> tuple[list[T], str | None]:
    """The items of a page, and the cursor of the next one."""
    page = parse(_Page, response)
    try:
        items = [model.model_validate(item) for item in page.items]
    except ValidationError as error:
        raise _not_understood(response) from error
    return items, None if page.next is None else str(page.next)


def _not_understood(response: httpx.Response) -> ServiceUnreachable:
    return ServiceUnreachable(f"The service at {response.url.host} answered something these pages do not understand.")


def _problem(response: httpx.Response) -> Problem:
    wait = retry_after(response) if "Retry-After" in response.headers else None
    try:
        body = response.json()
        errors = tuple(FieldProblem(str(e.get("pointer", "")), str(e["message"])) for e in body.get("errors") or ())
        return Problem(response.status_code, str(body.get("title", "")), str(body.get("detail") or ""), errors, wait)
    except (ValueError, KeyError, AttributeError, TypeError):
        return Problem(response.status_code, f"The service answered {response.status_code}.", "", (), wait)


def retry_after(response: httpx.Response) -> float:
    try:
        return float(response.headers.get("Retry-After", "1"))
    except ValueError:
        return 1.0


def part(text: str) -> str:
    """``text`` as one part of a path: an id out of the address must not climb out of it."""
    return quote(text, safe="")
