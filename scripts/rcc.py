"""Reader of Qt's compiled resource files (.rcc), which hold the photographs of GCompris."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

_DIRECTORY, _ZLIB, _ZSTD = 2, 1, 4


class _Resource:
    """Offsets of one .rcc file: a tree of nodes, their names and their data."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != b"qres":
            raise ValueError("not a Qt resource file")
        self.data = data
        self.version, self.tree, self.payload, self.names = struct.unpack(">4I", data[4:20])
        self.node_size = 14 if self.version < 2 else 22

    def name(self, offset: int) -> str:
        start = self.names + offset
        (length,) = struct.unpack(">H", self.data[start : start + 2])
        return self.data[start + 6 : start + 6 + 2 * length].decode("utf-16-be")

    def content(self, offset: int, flags: int) -> bytes:
        start = self.payload + offset
        (length,) = struct.unpack(">I", self.data[start : start + 4])
        content = self.data[start + 4 : start + 4 + length]
        if flags & _ZSTD:
            raise ValueError("zstd-compressed resources are not supported")
        return zlib.decompress(content[4:]) if flags & _ZLIB else content

    def walk(self, index: int, folder: str) -> Iterator[tuple[str, int, int]]:
        node = self.tree + index * self.node_size
        name_offset, flags = struct.unpack(">IH", self.data[node : node + 6])
        path = f"{folder}/{self.name(name_offset)}".lstrip("/") if index else ""
        if flags & _DIRECTORY:
            count, first = struct.unpack(">2I", self.data[node + 6 : node + 14])
            for child in range(first, first + count):
                yield from self.walk(child, path)
        else:
            (offset,) = struct.unpack(">I", self.data[node + 10 : node + 14])
            yield path, offset, flags


def read(path: Path) -> dict[str, bytes]:
    """Every photograph (.webp) and README in ``path``, by its path inside.

    Raises:
        ValueError: not a Qt resource file, or one compressed with zstd.
    """
    resource = _Resource(path.read_bytes())
    wanted = [node for node in resource.walk(0, "") if node[0].endswith((".webp", "README"))]
    return {name: resource.content(offset, flags) for name, offset, flags in wanted}


def notices(files: dict[str, bytes]) -> dict[str, dict[str, str]]:
    """Author, licence and source of each photograph, from the README files beside them.

    A README is a list of blocks ``Copyright: … License: … Source: … Files: …`` in any
    order, separated by blank lines; the names follow "Files:" on its line or below.
    """
    found: dict[str, dict[str, str]] = {}
    for readme in (name for name in files if name.endswith("/README")):
        folder = readme.removesuffix("README")
        for block in files[readme].decode("utf-8").split("\n\n"):
            fields, names = _parse_block(block)
            found.update({folder + name: fields for name in names})
    return found


def _parse_block(block: str) -> tuple[dict[str, str], list[str]]:
    fields: dict[str, str] = {}
    names: list[str] = []
    for line in filter(None, (line.strip() for line in block.splitlines())):
        key, colon, value = line.partition(": ") if ": " in line else (line.rstrip(":"), ":", "")
        if key in ("Copyright", "License", "Source", "Comments", "Files") and colon:
            fields[key] = value.strip()
            names += [value.strip()] if key == "Files" and value.strip() else []
        else:
            names.append(line)
    return fields, names
