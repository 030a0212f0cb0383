"""The embedded broker: which program, and that it keeps what it was told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from backend.settings import Settings
from backend.supervisor import valkey
from backend.supervisor.process import Process, Service
from backend.supervisor.services import private_folder, valkey_service
from ssenet.errors import UserError

Wait = Callable[..., Any]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Valkey server v=9.1.2 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", ("valkey", (9, 1, 2))),
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64", ("redis", (7, 0, 15))),
        ("something else 1.2.3", None),
    ],
)
def test_versions_are_read(text: str, expected: object) -> None:
    assert valkey.parse_version(text) == expected


@pytest.mark.parametrize(
    ("name", "version", "good"),
    [
        ("redis", (7, 0, 15), False),  # Debian 12
        ("redis", (6, 2, 19), False),
        ("redis", (6, 2, 20), True),
        ("redis", (8, 2, 2), True),
        ("redis", (8, 4, 0), True),
        ("valkey", (8, 1, 3), False),
        ("valkey", (8, 1, 4), True),
        ("valkey", (9, 0, 0), True),
    ],
)
def test_servers_with_the_known_remote_code_execution_are_not_started(
    name: str, version: tuple[int, int, int], good: bool
) -> None:
    assert valkey.is_patched(name, version) is good


def test_an_unpatched_server_on_the_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=7.0.15 sha=00000000:0'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    assert valkey.find_server() != old


def test_it_keeps_messages_when_it_is_killed(tmp_path: Path, wait_until: Wait) -> None:
    socket = tmp_path / "v.sock"
    service = Service("valkey", valkey.command(valkey.find_server(), socket, tmp_path), lambda: valkey.answers(socket))
    server = Process(service, tmp_path / "log")
    server.start()
    try:
        wait_until(lambda: valkey.answers(socket))
        client = redis.Redis(unix_socket_path=str(socket))
        client.rpush("train", "a job")
        assert client.config_get("port")["port"] == "0"  # nothing listens on the network
        client.config_set("appendfsync", "always")  # do not wait for the second to be over
        client.rpush("train", "another")
        server.kill()
        socket.unlink(missing_ok=True)
        server.start()
        wait_until(lambda: valkey.answers(socket))
        assert client.lrange("train", 0, -1) == [b"a job", b"another"]
    finally:
        server.kill()


def test_a_data_folder_with_a_long_path_works(tmp_path: Path, wait_until: Wait) -> None:
    settings = Settings(data_dir=tmp_path / ("long" * 30))
    server = Process(valkey_service(settings), tmp_path / "log")
    server.start()
    try:
        wait_until(lambda: valkey.answers(settings.socket))
        assert settings.socket.parent.stat().st_mode & 0o777 == 0o700
    finally:
        server.kill()
        shutil.rmtree(settings.socket.parent)


def test_a_socket_folder_of_someone_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(UserError, match="belongs to another user"):
        private_folder(tmp_path)
