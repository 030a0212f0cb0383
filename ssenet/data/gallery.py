"""Sample photographs, free of conditions and never trained on."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ssenet.errors import DatasetError

GALLERY = Path(__file__).parent / "demo" / "gallery"


@dataclass(frozen=True)
class Photograph:
    """A sample photograph and where it comes from.

    Attributes:
        key: name to open it by.
        source: address of the original.
        classes: demo classes that are visible in it.
    """

    key: str
    title: str
    licence: str
    author: str
    source: str
    classes: tuple[str, ...]


def gallery() -> list[Photograph]:
    """All sample photographs, by key. Raises DatasetError when they are not installed."""
    table = GALLERY / "NOTICE.csv"
    if not table.is_file():
        raise DatasetError(
            f"The sample photographs are not in {GALLERY}. They come with the source checkout and not with the wheel: "
            "run from a checkout, or rebuild them with scripts/build_demo_assets.py."
        )
    with table.open(newline="", encoding="utf-8") as file:
        return [_photograph(row) for row in csv.DictReader(file)]


def _photograph(row: dict[str, str]) -> Photograph:
    key = row["file"].removesuffix(".jpg")
    classes = tuple(row["classes"].split(";")) if row["classes"] else ()
    return Photograph(key, row["title"], row["licence"], row["author"], row["source"], classes)


def open_photograph(key: str) -> bytes:
    """The JPEG file of a photograph. Raises DatasetError for a key that is not in the gallery."""
    if key not in {photograph.key for photograph in gallery()}:
        raise DatasetError(f"There is no sample photograph {key!r}.")
    return (GALLERY / f"{key}.jpg").read_bytes()
