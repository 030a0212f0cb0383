"""Whose rows a session sees, and whose it may change: the one place that keeps users apart.

A session has an ``Identity``. That of an ordinary user sees, of the tables that are ``Owned``, the user's rows and
the shared ones; it changes the user's only. Workers, the sweep and administrators see and change all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, event, or_
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria

from backend.store.models import Job, Owned

T = TypeVar("T")
SHARED = ""
_EVERYONE = "everyone"


class SharedObject(Exception):  # noqa: N818
    """Something that belongs to all was to be changed by one of them."""


@dataclass(frozen=True)
class Identity:
    """For whom a session works.

    Attributes:
        user: owner of the rows that are added; "" makes shared ones.
        sees_all: whether the rows of other users are there, too.
    """

    user: str = SHARED
    sees_all: bool = True


INSTALLATION = Identity()
"""The product itself: workers, the sweep, and whoever sits at this machine."""


class OwnedSession(Session):
    """A session that keeps to its identity, ``session.info["identity"]``."""

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:
        """The row with this key, or None where it is not there for this identity."""
        row = super().get(entity, ident, **options)
        # What ``everyone`` loaded is found in the session without a query.
        return row if row is None or visible(self, row) else None


def identity(session: Session) -> Identity:
    """For whom a session works."""
    found: Identity = session.info.get("identity", INSTALLATION)
    return found


def visible(session: Session, row: object) -> bool:
    """Whether a row is there for a session's identity."""
    who = identity(session)
    return _unbounded(session) or not isinstance(row, Owned) or row.owner in (SHARED, who.user)


def check_change(session: Session, row: Owned) -> None:
    """Refuse to change a row that is there but belongs to all.

    Raises:
        SharedObject: it is shared, and the identity is that of an ordinary user.
    """
    if not _unbounded(session) and row.owner != identity(session).user:
        raise SharedObject


def usable(session: Session, table: type[Owned], owner: str | None = None) -> ColumnElement[bool]:
    """That a row is shared or belongs to ``owner``, the session's user by default; also where the session sees all."""
    user = identity(session).user if owner is None else owner
    return table.owner.in_((SHARED, user))


@contextmanager
def everyone(session: Session) -> Iterator[None]:
    """Look at the rows of all users. Only for questions whose answer tells a user nothing of another's objects."""
    before = session.info.get(_EVERYONE, False)
    session.info[_EVERYONE] = True
    try:
        yield
    finally:
        session.info[_EVERYONE] = before


def _unbounded(session: Session) -> bool:
    return identity(session).sees_all or bool(session.info.get(_EVERYONE, False))


@event.listens_for(OwnedSession, "do_orm_execute")
def _bound(state: ORMExecuteState) -> None:
    """Add the owner to the conditions of every statement; of those that change something the user alone."""
    if _unbounded(state.session):
        return
    user = identity(state.session).user
    if state.is_select:
        there = with_loader_criteria(Owned, lambda cls: or_(cls.owner == "", cls.owner == user), include_aliases=True)
    else:
        there = with_loader_criteria(Owned, lambda cls: cls.owner == user, include_aliases=True)
    state.statement = state.statement.options(there)


@event.listens_for(OwnedSession, "before_flush")
def _sign(session: OwnedSession, _context: UOWTransaction, _instances: object) -> None:
    """New rows get their owner, and a second wall stands before changes of what belongs to all."""
    for row in session.new:
        if isinstance(row, Owned) and row.__dict__.get("owner") is None:
            row.owner = _owner_of(session, row)
    for row in (*session.deleted, *session.dirty):
        if isinstance(row, Owned) and session.is_modified(row) | (row in session.deleted):
            check_change(session, row)


def _owner_of(session: OwnedSession, row: Owned) -> str:
    """What a job made belongs to whom the job belongs to, whoever commits it."""
    job_id: str | None = getattr(row, "job_id", None)
    job = session.get(Job, job_id) if job_id is not None else None
    return job.owner if job is not None else identity(session).user
