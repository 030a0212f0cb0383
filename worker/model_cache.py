"""Networks kept in memory, the least recently used one leaving first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """Something whose size in memory is known."""

    @property
    def bytes(self) -> int:
        """Bytes of memory it takes."""
        ...


T = TypeVar("T", bound=Sized)


class ModelCache(Generic[T]):
    """An LRU cache by bytes. The newest entry stays even when it alone is over the budget.

    Args:
        budget: bytes that the entries together may take.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._entries: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, load: Callable[[], T]) -> T:
        """The entry under ``key``, loaded at most once at a time; what ``load`` raises is not kept."""
        with self._lock:
            if key not in self._entries:
                self._entries[key] = load()
                self._shrink()
            self._entries.move_to_end(key)
            return self._entries[key]

    def _shrink(self) -> None:
        while len(self._entries) > 1 and self.bytes > self._budget:
            self._entries.popitem(last=False)

    def evict_others(self, key: str) -> int:
        """Drop every entry but ``key``, to make room; returns how many."""
        with self._lock:
            others = [other for other in self._entries if other != key]
            for other in others:
                del self._entries[other]
            return len(others)

    @property
    def bytes(self) -> int:
        """Bytes that the entries take together."""
        return sum(entry.bytes for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
