"""The scripts behind the pictures: resource files, their notices, the choice of the splits."""

from __future__ import annotations

import importlib.util
import struct
import sys
import zlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

SCRIPTS = Path(__file__).parents[3] / "scripts"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"scripts_{name}", SCRIPTS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def resource_file(files: dict[str, bytes], *, compressed: bool) -> bytes:
    """A version 1 resource file with ``files`` in one folder ``animals``."""
    names, payload = b"", b""
    offsets: list[int] = []
    for name in ("animals", *files):
        offsets.append(len(names))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    tree = struct.pack(">IHII", 0, 2, 1, 1) + struct.pack(">IHII", offsets[0], 2, len(files), 2)
    for offset, content in zip(offsets[1:], files.values(), strict=True):
        tree += struct.pack(">IHHHI", offset, int(compressed), 0, 0, len(payload))
        stored = struct.pack(">I", len(content)) + zlib.compress(content) if compressed else content
        payload += struct.pack(">I", len(stored)) + stored
    start = 20
    head = struct.pack(">4I", 1, start, start + len(tree), start + len(tree) + len(payload))
    return b"qres" + head + tree + payload + names


@pytest.mark.parametrize("compressed", [False, True])
def test_resource_files(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "a.rcc"
    files = {"cat.webp": b"one", "README": b"two", "cat.ogg": b"three"}
    path.write_bytes(resource_file(files, compressed=compressed))
    assert script("rcc").read(path) == {"animals/cat.webp": b"one", "animals/README": b"two"}
    path.write_bytes(b"PK\3\4")
    with pytest.raises(ValueError, match="not a Qt resource"):
        script("rcc").read(path)


def test_notices_in_any_order_and_with_names_below_or_beside() -> None:
    readme = (
        "Copyright: Ann\nLicense: CC0-1.0\nSource: https://example.org/a:b.jpg\nFiles:\na.webp\nb.webp\n\n"
        "Files: c.webp\nLicense: Public domain\nCopyright: Bob\n"
    )
    found = script("rcc").notices({"x/README": readme.encode(), "x/a.webp": b"", "y/a.webp": b""})
    assert set(found) == {"x/a.webp", "x/b.webp", "x/c.webp"}
    assert found["x/b.webp"]["Source"] == "https://example.org/a:b.jpg"
    assert (found["x/c.webp"]["Copyright"], found["x/c.webp"]["License"]) == ("Bob", "Public domain")


def test_split_keeps_subjects_together_and_sizes_on_both_sides() -> None:
    selection = script("demo_selection")
    candidates = [selection.Candidate(f"n{i}", f"s{i // 2}", 10 * i) for i in range(40)]
    split = selection.split_of(candidates)
    assert all(split[f"n{i}"] == split[f"n{i + 1}"] for i in range(0, 40, 2))
    val = [c.side for c in candidates if split[c.name] == "val"]
    assert len(val) == 12
    assert min(val) < 100 and max(val) > 300
    assert selection.split_of(candidates[::-1]) == split


def test_near_duplicates_are_found_mirrored_and_reduced() -> None:
    selection = script("demo_selection")
    rng = np.random.default_rng(0)
    images = [Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)) for _ in range(3)]
    twin = images[0].resize((300, 300)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    pairs = selection.near_duplicates({"a": images[0], "b": images[1], "c": images[2], "twin": twin}, 0.9)
    assert [(one, other) for one, other, _ in pairs] == [("a", "twin")]


def test_shipped_backgrounds_have_no_near_duplicate_across_the_split() -> None:
    from ssenet.data.demo.assets import load_assets

    selection, splits = script("demo_selection"), load_assets().splits
    side = {b.key: name for name, pictures in splits.items() for b in pictures.backgrounds}
    images = {b.key: b.image for pictures in splits.values() for b in pictures.backgrounds}
    alike = selection.near_duplicates(images, selection.ALIKE + 0.01)
    assert [(a, b) for a, b, _ in alike if side[a] != side[b]] == []
