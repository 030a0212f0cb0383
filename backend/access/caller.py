"""Who asks. The middleware sets it for a request, and thread-pool routes find it too: anyio copies the context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from backend.store.owners import INSTALLATION, Identity
from backend.store.tokens import Scope

_IMPLIED: dict[str, frozenset[str]] = {
    "read": frozenset({"read"}),
    "run": frozenset({"read", "run"}),
    "admin": frozenset({"read", "run", "admin"}),
}


@dataclass(frozen=True)
class Caller:
    """Who asks, and what for they may.

    Attributes:
        user: name on the token; "" is the operator, who needs none on this machine.
        scopes: as they are on the token.
        expires_at: seconds since 1970; None is never.
    """

    user: str
    scopes: tuple[Scope, ...]
    expires_at: float | None = None

    def may(self, scope: Scope) -> bool:
        """Whether a scope is granted: ``run`` implies ``read``, and ``admin`` all."""
        return any(scope in _IMPLIED[granted] for granted in self.scopes)

    @property
    def is_operator(self) -> bool:
        """Whether no token was needed."""
        return self.user == ""

    @property
    def identity(self) -> Identity:
        """For whom database sessions work."""
        return Identity(self.user, self.may("admin"))


OPERATOR = Caller("", ("admin",))
"""Whoever sits at this machine, and the product's own threads."""

_current: ContextVar[Caller | None] = ContextVar("ssenet_caller", default=None)


class NobodyAsks(RuntimeError):  # noqa: N818
    """Code that should know for whom it works does not: it ran in a thread without the request's context."""


def current() -> Caller:
    """Who asks.

    Raises:
        NobodyAsks: neither a request nor ``acting_as`` has said so.
    """
    caller = _current.get()
    if caller is None:
        raise NobodyAsks("say for whom this thread works: backend.access.caller.acting_as(OPERATOR)")
    return caller


@contextmanager
def acting_as(caller: Caller) -> Iterator[None]:
    """Work for ``caller`` within this context and the threads that anyio starts from it."""
    token = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(token)


def identity(*, login_required: bool) -> Identity:
    """For whom a database session of the API works.

    Raises:
        NobodyAsks: nobody said so, and this is an installation that people log in to: no row must be seen by chance.
    """
    if _current.get() is None and not login_required:
        return INSTALLATION
    return current().identity
