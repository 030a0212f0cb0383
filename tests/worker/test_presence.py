"""The sign of life of a worker, and forks that happen meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from backend.store.database import Database
from worker.context import Context
from worker.presence import Presence
from worker.status import Status

Wait = Callable[..., Any]


@pytest.mark.promise("R2")
def test_a_process_that_is_forked_while_the_thread_writes_can_write(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.store.database._BUSY_SECONDS", 2.0)
    writing, let_go = threading.Event(), threading.Event()

    def hold(_: Presence) -> None:
        with context.database.write():
            writing.set()
            let_go.wait(20)

    monkeypatch.setattr(Presence, "_sweep", hold)
    presence = Presence(context, "w", "train", Status())
    presence.start()
    assert writing.wait(20)
    threading.Timer(0.3, let_go.set).start()
    child = os.fork()
    if child == 0:  # no assertion may leave this process
        os._exit(_write(context.settings.database))
    _, status = os.waitpid(child, 0)
    presence.stop()
    assert os.waitstatus_to_exitcode(status) == 0, "it inherited the book of locks of a transaction that is not its own"


def _write(address: str) -> int:
    """Exit status: whether a new process can write."""
    try:
        database = Database(address)
        with database.write() as session:
            session.execute(text("DELETE FROM worker"))
    except BaseException:
        return 1
    return 0


def test_the_thread_goes_on_after_a_fork(context: Context, wait_until: Wait) -> None:
    presence = Presence(context, "w", "train", Status())
    presence.start()
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)

    def said() -> int:
        with context.database.read() as session:
            return int(session.execute(text("SELECT count(*) FROM worker")).scalar_one())

    wait_until(said, what="a sign of life after the fork")
    presence.stop()
