"""Bytes under keys."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.store.artifacts import (
    ArtifactStore,
    attempt_key,
    cam_artifact,
    cam_cost_artifact,
    evaluation_key,
    image_key,
    weights_key,
)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def everything(store: ArtifactStore) -> set[str]:
    return {str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file()}


def test_what_is_put_is_there(store: ArtifactStore, tmp_path: Path) -> None:
    store.put_bytes("images/a.png", b"one")
    (tmp_path / "file").write_bytes(b"two")
    with store.staged_copy(tmp_path / "file") as staged:
        store.adopt("weights/b.safetensors", staged)
    with store.staging() as staged:
        staged.write_bytes(b"three")
        store.adopt("evaluations/c.npz", staged)
    assert store.read("images/a.png") == b"one" and store.size("images/a.png") == 3
    with store.open("weights/b.safetensors") as file:
        assert file.read() == b"two"
    assert everything(store) == {"images/a.png", "weights/b.safetensors", "evaluations/c.npz"}
    assert (tmp_path / "file").read_bytes() == b"two", "a copy leaves it where it was"
    store.delete("images/a.png")
    store.delete("images/a.png")
    assert not store.exists("images/a.png")


def test_a_failed_write_leaves_what_was_there(store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put_bytes("images/a.png", b"old")

    def no_space(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        store.put_bytes("images/a.png", b"new")
    assert store.read("images/a.png") == b"old" and everything(store) == {"images/a.png"}


def test_staging_is_cleaned_up_on_an_error(store: ArtifactStore) -> None:
    with pytest.raises(RuntimeError), store.staging() as staged:
        staged.write_bytes(b"half")
        raise RuntimeError
    assert everything(store) == set()


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".hidden", "a\x00b", "a\\..\\b", "cams/.tmp", "a b", "ä"],
)
def test_only_keys_of_the_server_are_keys(store: ArtifactStore, key: str) -> None:
    for use in (store.path, store.exists, store.read, store.delete, lambda k: store.put_bytes(k, b"")):
        with pytest.raises(ValueError, match="not an artifact key"):
            use(key)


def test_the_server_makes_keys(store: ArtifactStore) -> None:
    maps = [cam_artifact("abcd"), cam_cost_artifact("abcd")]
    keys = [image_key("ab"), weights_key("ab"), *maps, attempt_key("j", 3), evaluation_key("e")]
    assert keys == [
        "images/ab.png",
        "weights/ab.safetensors",
        "cams/ab/abcd.npy",
        "cams/ab/abcd.cost.json",
        "jobs/j/attempt-3",
        "evaluations/e.npz",
    ]
    assert all(store.path(key).is_relative_to(store.root) for key in keys)


def test_trimming_takes_the_least_recently_used(store: ArtifactStore) -> None:
    for index, name in enumerate("abc"):
        path = store.put_bytes(f"cams/{name}{name}/{name}.npy", bytes(10))
        os.utime(path, (index, index))
    store.put_bytes("images/x.png", bytes(100))
    store.read("cams/aa/a.npy")  # used just now
    assert store.trim("cams", 20) == 1
    assert everything(store) == {"cams/aa/a.npy", "cams/cc/c.npy", "images/x.png"}
    assert store.trim("cams", 20) == 0


def test_a_map_and_what_it_cost_are_used_and_leave_together(store: ArtifactStore) -> None:
    for index, name in enumerate(("old", "new")):
        for ending in ("npy", "cost.json"):
            os.utime(store.put_bytes(f"cams/{name}.{ending}", bytes(10)), (index, index))
    store.put_bytes("cams/alone.npy", bytes(10))
    store.read("cams/old.npy")  # so what it cost was not forgotten either
    assert store.trim("cams", 30) == 2
    assert everything(store) == {"cams/old.npy", "cams/old.cost.json", "cams/alone.npy"}


@pytest.mark.parametrize("what", ["images/a.png", "images"])
def test_what_is_set_aside_has_lost_its_name_and_nothing_else(store: ArtifactStore, what: str) -> None:
    store.put_bytes("images/a.png", b"one")
    aside = store.set_aside(store.path(what))
    assert not store.exists("images/a.png") and aside.parent == store.root / ".tmp"
    assert [path.read_bytes() for path in (aside, *aside.rglob("*")) if path.is_file()] == [b"one"]
    with pytest.raises(FileNotFoundError):
        store.set_aside(store.path(what))
