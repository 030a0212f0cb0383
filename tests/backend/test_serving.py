"""Promise S3 against a real server: bodies that are too large, lie about their length, or hardly come at all."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvicorn

from backend.app import create_app
from backend.serving import patient_for
from backend.settings import Settings

Measured = Callable[..., None]
PATIENCE = 1.0
HEAD = b"POST /api/v1/images HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'


class Served:
    """An API under uvicorn in a thread, and raw connections to it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        config = uvicorn.Config(
            create_app(settings), port=0, http=patient_for(settings.body_seconds), log_level="error", access_log=False
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    @property
    def port(self) -> int:
        return int(self.server.servers[0].sockets[0].getsockname()[1])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def staged(self) -> list[Path]:
        folder = self.settings.artifacts / ".tmp"
        return list(folder.iterdir()) if folder.exists() else []


@pytest.fixture
def served(settings: Settings, client: Any, wait_until: Any, tmp_path: Path, monkeypatch: Any) -> Iterator[Served]:
    """The API, with one second for heads and bodies, and a folder of its own for temporary files."""
    del client  # it makes the installation a small one
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    running = Served(settings.model_copy(update={"body_seconds": PATIENCE, "image_bytes": 2**20, "log_level": "ERROR"}))
    running.thread.start()
    wait_until(lambda: running.server.started, what="the server")
    yield running
    running.server.should_exit = True
    running.thread.join(20)


def answer(connection: socket.socket) -> bytes:
    """All that the server says until it closes."""
    said = b""
    with suppress(ConnectionResetError):  # it closed while we were still sending
        while part := connection.recv(65536):
            said += part
    return said


def send(connection: socket.socket, data: bytes) -> None:
    """Send as much as the server takes."""
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)


@pytest.mark.promise("S3")
@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        (b"Content-Length: 99999999999\r\n", b"", b"413"),
        (b"Content-Length: 2000000\r\n", PART + bytes(2_000_000), b"413"),
        (b"Transfer-Encoding: chunked\r\n", b"ffffff\r\n" + PART + bytes(0xFFFFFF), b"413"),
        (b"Content-Length: -5\r\n", b"", b"400"),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello", b"400"),
        (b"Content-Length: 9" + b"9" * 400 + b"\r\n", b"", b"400"),
        (b"Transfer-Encoding: chunked\r\n", b"-1\r\n", b"400"),
        (b"Transfer-Encoding: gzip\r\n", b"", b"400"),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"422"),
        (b"X-Long: " + b"a" * 200_000 + b"\r\n", b"", b"400"),
    ],
    ids=["declared", "sent", "chunks", "negative", "two lengths", "huge length", "negative chunk", "encoding",
         "length and chunks", "long header"],
)  # fmt: skip
def test_bodies_that_are_too_large_or_lie(served: Served, head: bytes, body: bytes, status: bytes) -> None:
    with closing(served.connect()) as connection:
        send(connection, HEAD + head + b"Connection: close\r\n\r\n" + body)
        said = answer(connection)
    assert said.startswith(b"HTTP/1.1 " + status), said[:300]
    assert served.staged() == [] and list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.promise("S3")
def test_clients_that_hardly_send_are_given_up_and_others_are_served(
    served: Served, wait_until: Any, measured: Measured
) -> None:
    before = psutil.Process().num_fds()
    slow = {
        "nothing": b"",
        "half a head": HEAD,
        "no body": HEAD + b"Content-Length: 100000\r\n\r\n",
        "half a body": HEAD + b"Content-Length: 100000\r\n\r\n" + PART + bytes(20_000),
        "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n" + PART,
        "half a second head": b"GET /api",
    }
    connections = {name: served.connect() for name in slow}
    send(connections["half a second head"], b"GET /api/v1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert connections["half a second head"].recv(65536).startswith(b"HTTP/1.1 200")
    started = time.monotonic()
    for name, connection in connections.items():
        send(connection, slow[name])
    with closing(served.connect()) as other:
        other.sendall(b"GET /api/v1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert answer(other).startswith(b"HTTP/1.1 200")
    said = {name: answer(connection) for name, connection in connections.items()}
    measured("slow clients given up after, at a limit of 1 s", time.monotonic() - started, "s", limit=PATIENCE + 5)
    for name, text in said.items():
        assert b"HTTP/1.1 408" in text, (name, text[:300])
    assert b"application/problem+json" in said["half a body"]
    for connection in connections.values():
        connection.close()
    wait_until(lambda: psutil.Process().num_fds() <= before, what="the end of the connections")
    assert served.staged() == [] and list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.promise("S3")
def test_a_body_that_drips_is_given_up_however_long_it_goes_on(served: Served, measured: Measured) -> None:
    started, stop = time.monotonic(), threading.Event()
    with closing(served.connect()) as connection:
        send(connection, HEAD + b"Content-Length: 1000000\r\n\r\n" + PART)

        def drip() -> None:
            while not stop.wait(0.05):
                send(connection, b"a" * 20)

        dripping = threading.Thread(target=drip)
        dripping.start()
        said = answer(connection)
        stop.set()
        dripping.join()
    measured("a dripping body given up after, at a limit of 1 s", time.monotonic() - started, "s", limit=PATIENCE + 4)
    assert said.startswith(b"HTTP/1.1 408")


def test_a_steady_upload_may_take_longer_than_that(served: Served) -> None:
    with closing(served.connect()) as connection:
        body = PART + bytes(400_000) + b"\r\n--b--\r\n"
        send(connection, HEAD + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        for start in range(0, len(body), 20_000):
            time.sleep(0.08)  # 250 kB a second: 1.6 s in all
            send(connection, body[start : start + 20_000])
        assert answer(connection).startswith(b"HTTP/1.1 422")  # it came, and is no picture
