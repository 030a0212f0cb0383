"""Sizes of the caches on disk, looked up rarely: a cache may have many thousand files."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_FRESH_SECONDS = 60.0


class CacheCollector(Collector):
    """Bytes of each cache, at most a minute old.

    Args:
        folders: of the caches, by name.
    """

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._sizes, self._taken = dict[str, int](), float("-inf")

    def describe(self) -> Iterable[Metric]:
        """Nothing: to register must not walk the disk."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The sizes as metrics."""
        with self._lock:
            if time.monotonic() - self._taken > _FRESH_SECONDS:
                self._sizes = {name: size_of(folder) for name, folder in self._folders.items()}
                self._taken = time.monotonic()
            sizes = dict(self._sizes)
        family = GaugeMetricFamily("ssenet_cache_bytes", "Bytes of a cache on disk.", labels=["cache"])
        for name, size in sizes.items():
            family.add_metric([name], size)
        yield family


def size_of(folder: Path) -> int:
    """Bytes of all files under ``folder``, however many there are; files that go meanwhile count nothing."""
    total, folders = 0, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return total
