"""Small data sets on disk, each test its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ssenet.config import DatasetSpec
from ssenet.data import Dataset, open_dataset
from ssenet.data.images import encode_mask_png, encode_png

SIZE = (24, 32)
Mask = NDArray[np.uint8]


def mask_of(*labels: int) -> Mask:
    """(24, 32) background with a 6 px column for each label."""
    mask = np.zeros(SIZE, np.uint8)
    for i, label in enumerate(labels):
        mask[4:20, 6 * i : 6 * i + 6] = label
    return mask


def picture(seed: int) -> Mask:
    """(24, 32, 3) pixels that differ by ``seed``."""
    return np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


class VocFolder:
    """Writes a VOC folder piece by piece."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
            (root / name).mkdir(parents=True)

    def add(self, name: str, *labels: int, folder: str = "SegmentationClass") -> None:
        Image.fromarray(picture(len(name))).save(self.root / "JPEGImages" / f"{name}.jpg")
        (self.root / folder).mkdir(exist_ok=True)
        (self.root / folder / f"{name}.png").write_bytes(encode_mask_png(mask_of(*labels)))

    def split(self, name: str, lines: Sequence[str]) -> None:
        (self.root / "ImageSets/Segmentation" / f"{name}.txt").write_text("\n".join(lines) + "\n")

    def open(self, **changes: object) -> Dataset:
        return open_dataset(DatasetSpec(name="mine", kind="voc", path=str(self.root), **changes))


@pytest.fixture
def voc(tmp_path: Path) -> VocFolder:
    """A VOC folder with the classes cat and dog, and splits train (a, b c) and val (d)."""
    folder = VocFolder(tmp_path / "voc")
    (folder.root / "classes.txt").write_text("background\ncat\ndog\n")
    for name, labels in (("a", (1,)), ("b c", (2, 255)), ("d", (1, 2))):
        folder.add(name, *labels)
    folder.split("train", ["a", "b c"])
    folder.split("val", ["d"])
    return folder


class CsvFolder:
    """Writes pictures and a table that lists them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "photos").mkdir(parents=True)
        for i, name in enumerate("abc"):
            (root / "photos" / f"{name}.png").write_bytes(encode_png(picture(i)))
        (root / "mask.png").write_bytes(encode_mask_png(mask_of(2)))

    def open(self, text: str | bytes, **changes: object) -> Dataset:
        path = self.root / "list.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return open_dataset(DatasetSpec(name="mine", kind="csv", path=str(path), **changes))


@pytest.fixture
def csv_folder(tmp_path: Path) -> CsvFolder:
    """Three photographs and a mask of class 2, without a table."""
    return CsvFolder(tmp_path / "own")


@pytest.fixture
def masks() -> Callable[..., Mask]:
    """``mask_of``."""
    return mask_of


@pytest.fixture
def pictures() -> Callable[[int], Mask]:
    """``picture``."""
    return picture
