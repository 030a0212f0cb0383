"""A PostgreSQL of the tests' own: private, without network, gone with the process that started it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from ensure_browser import in_ci
from ensure_postgres import find_programs

from backend.supervisor.guard import guarded

OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",  # the tests end processes, not the machine: what was written stays written
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "log_min_messages": "warning",
}
_START_SECONDS = 60.0


class Cluster:
    """One server on a unix socket in ``folder``, to be started, stopped, and started again.

    Args:
        programs: folder of ``initdb`` and ``postgres``.
        folder: short enough for a socket's path, and not under pytest's own, which only one user may enter.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self.folder = programs, folder
        self._user = _unprivileged()
        self._popen: subprocess.Popen[bytes] | None = None

    def init(self) -> None:
        """Make its data folder."""
        if self._user:
            shutil.chown(self.folder, self._user)
        options = ["-U", "ssenet", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        command = [self.program("initdb"), "-D", str(self.folder / "data"), *options]
        subprocess.run(command, check=True, capture_output=True, timeout=120, user=self._user, cwd=self.folder)

    def start(self) -> None:
        """Start it, to die with this process; returns when it takes connections."""
        settings = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        command = [self.program("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._popen = subprocess.Popen(
                self._dying_with_us([*command, *settings]), cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while not self.answers():
            assert self._popen.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def _dying_with_us(self, command: list[str]) -> list[str]:
        if self._user is None:
            return guarded(command)
        # A change of user clears the kernel's promise to kill: setpriv asks for it after the change.
        identity = [f"--reuid={self._user}", f"--regid={pwd.getpwnam(self._user).pw_gid}", "--clear-groups"]
        return ["setpriv", *identity, "--pdeathsig", "KILL", "--", *command]

    def stop(self) -> None:
        """End it at once, connections and all, as a host does that restarts; data are kept."""
        if self._popen is not None:
            self._popen.send_signal(signal.SIGQUIT)
            self._popen.wait(30)
            self._popen = None

    def freeze(self) -> None:
        """Stop taking connections without refusing them: like a network that swallows packets."""
        assert self._popen is not None
        self._popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after ``freeze``."""
        assert self._popen is not None
        self._popen.send_signal(signal.SIGCONT)

    @property
    def pid(self) -> int:
        """Its process id; only while it runs."""
        assert self._popen is not None
        return self._popen.pid

    def program(self, name: str) -> str:
        """Path of one of PostgreSQL's programs."""
        return str(self._programs / name)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            self.run("postgres", "SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def url(self, name: str) -> str:
        """SQLAlchemy's address of one of its databases."""
        return f"postgresql+psycopg://ssenet@/{name}?host={self.folder}"

    def run(self, name: str, statement: str) -> None:
        """Carry out one statement, or a script of them, outside of transactions."""
        with psycopg.connect(f"host={self.folder} dbname={name} user=ssenet", autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, *, template: str | None = None) -> str:
        """A new database; returns its name."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.run("postgres", f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.run("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _unprivileged() -> str | None:
    """Whom the server runs as: it refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A started server that is gone afterwards; the test is skipped, or fails in CI, where there is none."""
    programs = find_programs()
    if programs is None:
        reason = "no PostgreSQL: apt-get install postgresql, or name its folder in SSENET_POSTGRES_BIN"
        (pytest.fail if in_ci() else pytest.skip)(reason)
    with tempfile.TemporaryDirectory(prefix="ssenet-pg-", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(programs, Path(folder))
        cluster.init()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The server that all tests share; each takes a database of its own from it."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated(postgres: Cluster) -> str:
    """Name of a migrated, empty database to copy: nobody may be connected to it."""
    from backend.store.database import Database  # whoever needs no database need not load it
    from backend.store.migrate import upgrade

    name = postgres.create()
    database = Database(postgres.url(name))
    upgrade(database.engine)
    database.dispose()
    return name


@pytest.fixture
def postgres_url(postgres: Cluster, migrated: str) -> Iterator[str]:
    """Address of a migrated database of this test's own."""
    name = postgres.create(template=migrated)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def empty_postgres_url(postgres: Cluster) -> Iterator[str]:
    """Address of a database of this test's own that has no tables yet."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)
