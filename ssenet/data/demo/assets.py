"""The pictures the demo set is composed of, decoded once and on first use."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from ssenet.data.demo import CLASSES
from ssenet.errors import DatasetError

ASSETS = Path(__file__).parent / "assets"
SPLITS = ("train", "val")
_COLUMNS = {"file", "sha256", "kind", "class", "split"}


@dataclass(frozen=True)
class CutOut:
    """A photographed object without its surroundings."""

    key: str
    label: str
    path: Path

    @cached_property
    def image(self) -> Image.Image:
        """RGBA."""
        with Image.open(self.path) as image:
            return image.convert("RGBA")

    @cached_property
    def area(self) -> int:
        """Number of opaque pixels (alpha > 127)."""
        return int((np.asarray(self.image.getchannel("A")) > 127).sum())


@dataclass(frozen=True)
class Background:
    """A photograph that objects are pasted on."""

    key: str
    path: Path

    @cached_property
    def image(self) -> Image.Image:
        """RGB, at most 640 px long."""
        with Image.open(self.path) as image:
            return image.convert("RGB")


@dataclass(frozen=True)
class SplitAssets:
    """Pictures of one split; no picture is in two."""

    cutouts: tuple[tuple[CutOut, ...], ...]
    """By class, in the order of ``CLASSES``."""
    backgrounds: tuple[Background, ...]


@dataclass(frozen=True)
class Assets:
    """All pictures by split, and the hash of the table that lists them."""

    splits: dict[str, SplitAssets]
    sha256: str
    rows: tuple[dict[str, str], ...]


def _rows(folder: Path) -> tuple[dict[str, str], ...]:
    table = folder / "NOTICE.csv"
    if not table.is_file():
        raise DatasetError(
            f"The pictures of the demo set are not in {folder}. They come with the source checkout and not with the "
            "wheel: run from a checkout, or rebuild them with scripts/build_demo_assets.py."
        )
    with table.open(newline="", encoding="utf-8") as file:
        rows = tuple(csv.DictReader(file))
    if not rows or not rows[0].keys() >= _COLUMNS:
        raise DatasetError(f"{table} is damaged: it should have the columns {', '.join(sorted(_COLUMNS))}.")
    return rows


def _split_assets(folder: Path, rows: tuple[dict[str, str], ...], split: str) -> SplitAssets:
    mine = [row for row in rows if row["split"] == split]
    cutouts = tuple(
        tuple(
            CutOut(r["file"], label, folder / r["file"]) for r in mine if r["kind"] == "cutout" and r["class"] == label
        )
        for label in CLASSES
    )
    backgrounds = tuple(Background(r["file"], folder / r["file"]) for r in mine if r["kind"] == "background")
    if not backgrounds or not all(cutouts):
        raise DatasetError(f"{folder / 'NOTICE.csv'} is damaged: split {split} lacks a class or has no backgrounds.")
    return SplitAssets(cutouts, backgrounds)


@lru_cache(maxsize=4)
def load_assets(folder: Path = ASSETS) -> Assets:
    """The pictures in ``folder``, as its NOTICE.csv lists them; shared by all who ask.

    Raises:
        DatasetError: the folder is missing or its table is damaged.
    """
    rows = _rows(folder)
    digest = hashlib.sha256((folder / "NOTICE.csv").read_bytes()).hexdigest()
    return Assets({split: _split_assets(folder, rows, split) for split in SPLITS}, digest, rows)


def check_assets(folder: Path = ASSETS) -> list[str]:
    """Files that are missing or that differ from NOTICE.csv, in words."""
    problems = []
    for row in load_assets(folder).rows:
        path = folder / row["file"]
        if not path.is_file():
            problems.append(f"{row['file']} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
            problems.append(f"{row['file']} is not the file that NOTICE.csv lists")
    return problems
