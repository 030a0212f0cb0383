"""One supervisor a data folder, and ports that are free."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from backend.supervisor.lock import AlreadyRunningError, RunLock
from backend.supervisor.ports import free_port, is_free
from ssenet.errors import UserError


def test_the_second_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path / "run.lock"), RunLock(tmp_path / "run.lock")
    first.acquire()
    first.describe(address="http://127.0.0.1:8501")
    with pytest.raises(AlreadyRunningError) as refusal:
        second.acquire()
    for part in (str(os.getpid()), "http://127.0.0.1:8501", "since 20"):
        assert part in str(refusal.value)
    first.release()
    second.acquire()
    second.release()


def test_a_lock_file_without_a_holder_is_free(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text('{"pid": 1, "address": "http://127.0.0.1:1", "since": "long ago"}')
    lock = RunLock(tmp_path / "run.lock")
    lock.acquire()
    lock.release()


def test_a_taken_port_leads_to_the_next_free_one() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        taken = server.getsockname()[1]
        assert not is_free("127.0.0.1", taken)
        found = free_port("127.0.0.1", taken)
        assert found > taken and is_free("127.0.0.1", found)
        assert free_port("127.0.0.1", taken, taken=[found]) > found
    assert is_free("127.0.0.1", taken)


def test_no_port_left_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.supervisor.ports.is_free", lambda *_: False)
    with pytest.raises(UserError, match="No free port from 65535"):
        free_port("127.0.0.1", 65535)
