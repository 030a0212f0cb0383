"""Engine and sessions: SQLite by default, PostgreSQL through the same code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.orm import Session

from backend.store.owners import INSTALLATION, Identity, OwnedSession

Clock = Callable[[], float]
_BUSY_SECONDS = 10.0
_POSTGRES = {
    "connect_timeout": 5,
    # A table that someone locks is an error after as long as with SQLite, not a request that never ends.
    "options": f"-c lock_timeout={_BUSY_SECONDS * 1000:g} -c idle_in_transaction_session_timeout=60000",
}
_TURN = 0x55E4E8  # advisory lock of PostgreSQL


def make_engine(url: str) -> Engine:
    """An engine for ``url``; a SQLite file survives power loss and its readers never wait for the writer."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args=_POSTGRES)
    engine = create_engine(url, pool_size=10, max_overflow=40, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _sqlite_connect)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN comes too late and is never IMMEDIATE: turn it off, see _sqlite_begin.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_SECONDS * 1000:g}"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    # A transaction that reads first and then writes fails with SQLITE_BUSY whatever the timeout, when another
    # writer came in between. IMMEDIATE takes the write lock at the start, where the timeout applies.
    write = connection.get_execution_options().get("ssenet_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class Database:
    """Short transactions on one engine.

    Args:
        url: SQLAlchemy address.
        clock: seconds since 1970. None takes the host's clock with SQLite, which lives on one host, and the
            server's clock with PostgreSQL, whose clients' clocks differ.
        identity: says, when a session begins, for whom it works; by default for the installation.
    """

    def __init__(
        self, url: str, clock: Clock | None = None, identity: Callable[[], Identity] = lambda: INSTALLATION
    ) -> None:
        self.engine = make_engine(url)
        self._writing = self.engine.execution_options(ssenet_write=True)
        self._clock, self._identity = clock, identity

    @property
    def url(self) -> str:
        """Address of the database with its password hidden."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading."""
        with self._session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back on an exception."""
        with self._session(self._writing) as session, session.begin():
            session.connection()  # take the write lock now, before anything is read
            yield session

    def _session(self, engine: Engine) -> OwnedSession:
        info = {"clock": self._clock, "identity": self._identity()}
        return OwnedSession(engine, expire_on_commit=False, info=info)

    def dispose(self) -> None:
        """Close all connections (also in a child after fork)."""
        self.engine.dispose()


def take_turns(session: Session) -> None:
    """Wait for other transactions that also take turns, until they are over; with SQLite there is one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_TURN)))


def now(session: Session) -> float:
    """Seconds since 1970 by the clock that leases go by."""
    clock: Clock | None = session.info.get("clock")
    if clock is not None:
        return clock()
    if session.get_bind().dialect.name == "postgresql":
        return float(session.scalars(select(func.extract("epoch", func.clock_timestamp()))).one())
    return time.time()
