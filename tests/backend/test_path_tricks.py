"""Promise S4: no text of a request, and no name of a file, leads out of the data folder."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from described_requests import Description, Leaf
from starlette.testclient import TestClient

from backend.settings import Settings
from ssenet.weights.builtin import Builtin

ROOT = Path(__file__).resolve().parents[2]
SECRET = "what nobody may read"
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
TOUCHING = frozenset(
    {
        *(
            "open",
            "os.listdir",
            "os.scandir",
            "os.mkdir",
            "os.rename",
            "os.remove",
            "os.rmdir",
            "os.link",
            "os.symlink",
        ),
        *("os.truncate", "os.chmod", "shutil.rmtree", "shutil.copyfile", "shutil.move"),
    }
)
STARTING = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect", "socket.getaddrinfo"}


class Watch:
    """Notes what this process opens, starts and connects to; a hook of the interpreter, which cannot be removed."""

    def __init__(self, built_in: Path) -> None:
        self.built_in = built_in
        self.events: list[tuple[str, tuple[Any, ...]]] | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.events is not None and (event in TOUCHING or event in STARTING):
            self.events.append((event, arguments))


@pytest.fixture(scope="session")
def hook(installed: tuple[Path, list[Builtin]]) -> Watch:
    return Watch(installed[1][0].weights.parent)


@pytest.fixture
def watch(
    hook: Watch, client: TestClient, secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watch]:
    """Watching once the API and the secret are there, with a folder of its own for temporary files."""
    del client, secret
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    hook.events = []
    yield hook
    hook.events = None


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file beside the data folder."""
    path = tmp_path / "secret.png"
    path.write_text(SECRET)
    return path


def tricks(secret: Path) -> list[str]:
    """Texts that lead to the secret, if they are taken for a path."""
    up = f"../../../{secret.name}"
    return [
        up,
        up.replace("/", "\\"),
        up.replace(".", "%2e").replace("/", "%2f"),
        up.replace(".", "%252e").replace("/", "%252f"),
        str(secret),
        f"file://{secret}",
        f"\\\\localhost{secret}",
        f"demo/../..{secret}",
        f"demo\0{secret}",
        f"demo\n{secret}",
        "..",
        "~",
        "a/" * 2048 + secret.name,
        "\u2024\u2024\u2215secret.png",
        "\ud800",
    ]


def strays(watch: Watch, settings: Settings) -> list[str]:
    """What was touched or started that belongs to neither the installation nor the program."""
    own = [settings.data_dir, Path(tempfile.gettempdir())]
    program = [
        ROOT,
        Path(sys.prefix),
        Path(sys.base_prefix),
        watch.built_in,
        Path(sysconfig.get_path("stdlib")),
        Path("/proc"),
    ]
    program += [Path("/dev"), Path("/usr/share/zoneinfo"), Path("/usr/lib"), Path("/etc/mime.types")]
    found = []
    for event, arguments in watch.events or ():
        if event in STARTING:
            if "backend.decoding.child" not in str(arguments) and not is_broker(event, arguments):
                found.append(f"{event}{arguments}")
        elif isinstance(arguments[0], str | bytes | os.PathLike):
            path = Path(os.path.abspath(os.fsdecode(arguments[0])))  # noqa: PTH100  (a trick may be no path that exists)
            writes = event not in ("open", "os.listdir", "os.scandir") or (event == "open" and arguments[2] & WRITING)
            allowed = own if writes and path.suffix != ".pyc" and "__pycache__" not in path.parts else [*own, *program]
            if not any(path.is_relative_to(folder) for folder in allowed):
                found.append(f"{event} {path}")
    return found


def is_broker(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether a connection is the one to the configured broker, or inside of this process."""
    return event == "socket.connect" and "/nowhere/valkey.sock" in str(arguments)


def attempts(leaves: list[Leaf], texts: list[str], each: int) -> Iterator[tuple[Leaf, str]]:
    """Every leaf with ``each`` of the tricks, all tricks in turn."""
    for number, leaf in enumerate(leaves):
        yield from ((leaf, texts[(number * each + k) % len(texts)]) for k in range(each))


def try_them(client: TestClient, watch: Watch, secret: Path, settings: Settings, each: int) -> int:
    """Send them all; returns how many."""
    description = Description(client.get("/api/v1/openapi.json").json())
    texts, sent = tricks(secret), 0
    leaves = [leaf for leaf in description.leaves() if not leaf.closed]
    for leaf, text in attempts(leaves, texts, min(each, len(texts))):
        try:
            answer = client.request(**description.request(leaf, text))
        except (UnicodeEncodeError, ValueError):  # a client cannot send it
            continue
        sent += 1
        assert answer.status_code < 500 or answer.status_code == 503, (leaf.name, text, answer.text)
        assert SECRET.encode() not in answer.content, (leaf.name, text)
        if leaf.where == "path":
            assert answer.status_code in (404, 405, 422), (leaf.name, text)
        assert strays(watch, settings) == [], (leaf.name, text)
        assert watch.events is not None
        watch.events.clear()
    beside = {path.name for path in secret.parent.iterdir()}
    assert secret.read_text() == SECRET and beside == {"data", "tmp", secret.name}
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    return sent


@pytest.mark.promise("S4")
def test_no_text_of_a_request_leads_anywhere(
    client: TestClient, watch: Watch, secret: Path, settings: Settings, measured: Callable[..., None]
) -> None:
    measured(
        "path tricks in texts of requests, none of which led anywhere", try_them(client, watch, secret, settings, 1)
    )


@pytest.mark.slow
@pytest.mark.promise("S4")
def test_no_trick_in_any_text_leads_anywhere(
    client: TestClient, watch: Watch, secret: Path, settings: Settings, measured: Callable[..., None]
) -> None:
    sent = try_them(client, watch, secret, settings, 99)
    measured("all path tricks in all texts of requests, none of which led anywhere", sent)


@pytest.mark.promise("S4")
def test_raw_addresses_lead_nowhere(client: TestClient, watch: Watch, secret: Path, settings: Settings) -> None:
    for start in ("/", "/api/v1/", "/api/v1/images/", "/api/v1/sets/x/items/", "/static/"):
        for text in tricks(secret)[:5]:
            answer = client.get(start + text.replace("\\", "%5c"))
            assert answer.status_code in (404, 405, 422) and SECRET.encode() not in answer.content
    assert strays(watch, settings) == []


@pytest.mark.promise("S4")
def test_the_watch_can_see_something(watch: Watch, secret: Path, settings: Settings) -> None:
    secret.read_text()
    (secret.parent / "new").write_text("x")
    assert len(strays(watch, settings)) == 2
