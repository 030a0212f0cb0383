"""Choosing a free TCP port."""

from __future__ import annotations

import socket
from collections.abc import Collection

from ssenet.errors import UserError

ATTEMPTS = 200


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on ``host:port`` now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do it: connections of an earlier run in TIME_WAIT do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port(host: str, wanted: int, *, taken: Collection[int] = ()) -> int:
    """The first free port from ``wanted`` on, leaving out ``taken``.

    Raises:
        UserError: none of the next ports is free.
    """
    for port in range(wanted, min(wanted + ATTEMPTS, 65536)):
        if port not in taken and is_free(host, port):
            return port
    raise UserError(f"No free port from {wanted} to {wanted + ATTEMPTS - 1} on {host}: name another with --port.")
