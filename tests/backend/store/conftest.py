"""The store is tested on SQLite by default, and on PostgreSQL too among the long tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.store.database import Clock, Database
from backend.store.migrate import upgrade

EITHER = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


@pytest.fixture(params=EITHER)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a migrated database of the test's own, of either kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    made = Database(f"sqlite:///{tmp_path / 'test.db'}")
    upgrade(made.engine)
    made.dispose()
    return made.url


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    """A database with a clock of the test's own."""
    made = Database(database_url, clock)
    yield made
    made.dispose()


@pytest.fixture
def either(database_url: str) -> Iterator[Database]:
    """A database with the clock that leases really go by."""
    made = Database(database_url)
    yield made
    made.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A SQLite file, for what is SQLite's own."""
    made = Database(f"sqlite:///{tmp_path / 'own.db'}")
    upgrade(made.engine)
    yield made
    made.dispose()
