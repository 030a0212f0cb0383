"""``ssenet-lab up``: from nothing to a page that answers, and back to nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from backend import logs
from backend.settings import Settings
from backend.store.database import Database
from backend.store.migrate import upgrade
from backend.supervisor import services
from backend.supervisor.console import Terminal
from backend.supervisor.lock import RunLock
from backend.supervisor.ports import free_port
from backend.supervisor.process import Service
from backend.supervisor.supervisor import ServiceFailedError, StopRequestedError, Supervisor

_READY_SECONDS = 300.0
_DAY = 24 * 3600.0


def run(settings: Settings, *, ui: bool, verbose: bool) -> int:
    """Start everything, watch it until asked to stop, stop everything; returns the exit status.

    Raises:
        UserError: another one runs on the same data, or no port is free.
    """
    began = time.monotonic()
    services.private_folder(settings.data_dir)
    lock = RunLock(settings.data_dir / "run.lock")
    lock.acquire()
    settings = with_free_ports(settings)
    logs.configure(settings, "up", file=settings.data_dir / "logs" / "supervisor.log")
    terminal = Terminal()
    supervisor = Supervisor(settings.data_dir / "logs", terminal, verbose=verbose)
    supervisor.listen()
    try:
        start(supervisor, settings, terminal, ui=ui)
        lock.describe(address=address(settings, ui=ui))
        terminal.say(banner(settings, time.monotonic() - began, ui=ui), style="bold green")
        supervisor.watch()
    except StopRequestedError:
        pass
    except ServiceFailedError as error:
        terminal.say(str(error), style="red")
        return 1
    finally:
        terminal.say("Stopping …")
        supervisor.stop()
        lock.release()
    terminal.say("Stopped. All data is kept.")
    return 0


def start(supervisor: Supervisor, settings: Settings, terminal: Terminal, *, ui: bool) -> None:
    """Broker, database, then everything else at once; returns when all of it is ready.

    Raises:
        ServiceFailedError: something did not start.
        StopRequestedError: a signal came first.
    """
    terminal.say(f"SSENet Lab starts; data and logs are in {settings.data_dir}")
    if not settings.redis_url:
        supervisor.start([services.valkey_service(settings)])
    migrate(settings)
    # Loading torch takes longest: it goes on while the rest is prepared.
    supervisor.start([services.worker_service("infer", settings)])
    add_builtins(settings)
    parts: list[Service] = [services.api_service(settings), services.worker_service("train", settings)]
    parts += [services.ui_service(settings)] if ui else []
    supervisor.start(parts)
    with entry(settings) as headers:
        ready: Callable[[], bool] = services.answers(f"{services.api_address(settings)}/api/v1/readyz", headers)
        supervisor.wait_for(ready, seconds=_READY_SECONDS, what="The service")


def migrate(settings: Settings) -> None:
    """Create or migrate the tables, and forget this host's workers that were killed: they would count as ready."""
    from backend.store.orphans import forget_dead_workers

    with connected(settings) as database:
        upgrade(database.engine)
        with database.write() as session:
            forget_dead_workers(session)


def add_builtins(settings: Settings) -> None:
    """Add the demo set, the sample photographs and the built-in checkpoints where they are missing."""
    from backend.store.seed import seed

    with connected(settings) as database:
        seed(database, settings)


@contextmanager
def entry(settings: Settings) -> Iterator[dict[str, str]]:
    """What lets this process ask whether all is ready: where people log in, a token for as long as that takes."""
    if not settings.login_required:
        yield {}
        return
    from backend.store import tokens

    with connected(settings) as database:
        with database.write() as session:
            days = 2 * _READY_SECONDS / _DAY  # should nobody remove it
            row, secret = tokens.create(session, "ssenet-lab.up", scopes=["read"], days=days, name="is it ready?")
        try:
            yield {"Authorization": f"Bearer {secret}"}
        finally:
            with database.write() as session:
                session.delete(session.merge(row))


@contextmanager
def connected(settings: Settings) -> Iterator[Database]:
    """The database, for as long as it is needed."""
    database = Database(settings.database)
    try:
        yield database
    finally:
        database.dispose()


def with_free_ports(settings: Settings) -> Settings:
    """``settings`` with the first free ports, also for every process that is started from here."""
    api_port = free_port(settings.api_host, settings.api_port)
    ui_port = free_port(settings.api_host, settings.ui_port, taken=[api_port])
    os.environ |= {"SSENET_API_PORT": str(api_port), "SSENET_UI_PORT": str(ui_port)}
    return settings.model_copy(update={"api_port": api_port, "ui_port": ui_port})


def address(settings: Settings, *, ui: bool) -> str:
    """Where a person goes."""
    return services.local(settings.api_host, settings.ui_port) if ui else services.api_address(settings)


def banner(settings: Settings, seconds: float, *, ui: bool) -> str:
    """The lines that say that all is ready."""
    pages = f"  pages   {address(settings, ui=True)}\n" if ui else ""
    return (
        f"\nSSENet Lab is ready after {seconds:.0f} s.\n{pages}"
        f"  API     {services.api_address(settings)}/api/v1\n  Ctrl-C stops everything and keeps all data.\n"
    )
