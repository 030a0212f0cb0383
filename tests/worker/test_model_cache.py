"""The cache of networks: least recently used out, by bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from worker.model_cache import ModelCache


@dataclass
class Block:
    """Something of a size."""

    bytes: int


def loader(loads: list[str], name: str, size: int) -> Any:
    """A load function that records its calls."""

    def load() -> Block:
        loads.append(name)
        return Block(size)

    return load


def test_an_entry_is_loaded_once_while_it_stays() -> None:
    loads: list[str] = []
    cache: ModelCache[Block] = ModelCache(100)
    first = cache.get("a", loader(loads, "a", 10))
    assert cache.get("a", loader(loads, "a", 10)) is first
    assert loads == ["a"]


def test_the_least_recently_used_leaves_first() -> None:
    loads: list[str] = []
    cache: ModelCache[Block] = ModelCache(100)
    for name in ("a", "b", "a", "c", "a", "b"):
        cache.get(name, loader(loads, name, 40))
    assert loads == ["a", "b", "c", "b"]  # c pushed out b, not a
    assert cache.bytes == 80


def test_one_that_is_larger_than_the_budget_is_kept_alone() -> None:
    cache: ModelCache[Block] = ModelCache(100)
    cache.get("a", lambda: Block(10))
    cache.get("large", lambda: Block(1000))
    assert (len(cache), cache.bytes) == (1, 1000)


def test_what_fails_to_load_is_tried_again() -> None:
    cache: ModelCache[Block] = ModelCache(100)

    def fail() -> Block:
        raise ValueError

    with pytest.raises(ValueError):
        cache.get("a", fail)
    assert cache.get("a", lambda: Block(1)).bytes == 1


def test_others_can_be_evicted_to_make_room() -> None:
    cache: ModelCache[Block] = ModelCache(100)
    for name in ("a", "b", "c"):
        cache.get(name, lambda: Block(10))
    assert cache.evict_others("b") == 2
    assert (len(cache), cache.bytes) == (1, 10)
