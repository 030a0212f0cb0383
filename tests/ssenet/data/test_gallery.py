"""The sample photographs."""

from __future__ import annotations

import csv
import hashlib

import pytest

from ssenet.data.demo import CLASSES
from ssenet.data.demo.assets import load_assets
from ssenet.data.gallery import GALLERY, gallery, open_photograph
from ssenet.data.images import decode_image
from ssenet.errors import DatasetError


def test_photographs_open_and_are_free() -> None:
    photographs = gallery()
    assert len(photographs) >= 12
    for photograph in photographs:
        height, width, _ = decode_image(open_photograph(photograph.key)).shape
        assert 300 <= max(height, width) <= 800
        assert photograph.licence in ("Public domain", "CC0-1.0")
        assert photograph.title and photograph.author and photograph.source.startswith("https://")
        assert photograph.classes and set(photograph.classes) <= set(CLASSES)


def test_every_kind_of_animal_is_there() -> None:
    assert {c for p in gallery() for c in p.classes} >= {"bird", "hoofed", "predator", "smallmammal", "fish"}


def test_files_are_those_of_the_table() -> None:
    with (GALLERY / "NOTICE.csv").open(newline="") as file:
        rows = {row["file"]: row["sha256"] for row in csv.DictReader(file)}
    files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in GALLERY.glob("*.jpg")}
    assert files == rows


def test_no_photograph_and_no_activity_of_photographs_is_trained_on() -> None:
    with (GALLERY / "NOTICE.csv").open(newline="") as file:
        shown = {row["path"] for row in csv.DictReader(file)}
    trained = {row["source"] for row in load_assets().rows}
    assert not shown & trained
    kept_away = ("erase", "explore_world_animals", "explore_farm_animals", "/fishes/")
    assert not [source for source in trained if any(name in source for name in kept_away)]


@pytest.mark.parametrize("key", ["", "nothing", "../NOTICE", "../assets/LICENSE"])
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(DatasetError, match="no sample photograph"):
        open_photograph(key)
