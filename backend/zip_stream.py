"""A zip that is made while it is sent."""

from __future__ import annotations

import io


class Chunks(io.RawIOBase):
    """A file that cannot seek and hands on what was written to it."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        """It is for writing only."""
        return True

    def write(self, data: object, /) -> int:
        """Keep ``data`` until it is taken."""
        chunk = bytes(data)  # type: ignore[call-overload]
        self._chunks.append(chunk)
        return len(chunk)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self._chunks)
        self._chunks.clear()
        return taken
