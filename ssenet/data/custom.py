"""One's own images, listed in a CSV file.

    image,labels,split,mask
    photos/a.jpg,cat;dog,train,masks/a.png
    photos/b.jpg,,val,

``image`` and ``mask`` are relative to the CSV's folder. ``labels`` are class names with
semicolons between them, and may be empty: with a mask the labels come from it, without
one the image has none of the classes. ``split`` (default train) and ``mask`` may be left
out. Classes are those of the data set's spec, or of a classes.txt beside the CSV, or
else the names that occur, in alphabetical order.
"""

from __future__ import annotations

import re
from pathlib import Path

from ssenet.config import DatasetSpec
from ssenet.data.base import labels_of
from ssenet.data.files import IMAGE_SUFFIXES, Entry, checked_classes, inside, read_classes, table
from ssenet.data.listed import ListedDataset
from ssenet.data.voc import split_names
from ssenet.errors import DatasetError

DEFAULT_SPLIT = "train"
_SPLIT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
Rows = list[tuple[int, dict[str, str]]]


class CsvDataset(ListedDataset):
    """Images of a CSV file. Its splits are the values of the column ``split``.

    Raises:
        DatasetError: the table or a file it names is missing or inconsistent.
    """

    def __init__(self, spec: DatasetSpec) -> None:
        path = Path(spec.path or "").expanduser()
        if not path.is_file():
            raise DatasetError(f"There is no file {path}; a CSV data set is a file with the columns image,labels.")
        rows = list(table(path, ("image", "labels"), ("split", "mask")))
        if not rows:
            raise DatasetError(f"{path} lists no images; add a line for each.")
        classes = _classes(spec, path, rows)
        entries = _entries(path, rows, classes)
        masks = sum(entry.mask is not None for listed in entries.values() for entry in listed)
        source = f"labels from {path.name}; masks: {masks} of {len(rows)} images"
        super().__init__(spec, path.parent, classes, entries, source)


def _classes(spec: DatasetSpec, path: Path, rows: Rows) -> tuple[str, ...]:
    if spec.classes is not None:
        return checked_classes(spec.classes, f"data set {spec.name}")
    listed = path.parent / "classes.txt"
    if listed.is_file():
        return read_classes(listed)
    names = {name for _, row in rows for name in split_names(row["labels"])}
    return checked_classes(tuple(sorted(names)), str(path))


def _entries(path: Path, rows: Rows, classes: tuple[str, ...]) -> dict[str, list[Entry]]:
    splits: dict[str, list[Entry]] = {}
    lines: dict[tuple[str, str], int] = {}
    for number, row in rows:
        where = f"{path.name} line {number}"
        split = row.get("split") or DEFAULT_SPLIT
        if not _SPLIT_NAME.fullmatch(split):
            raise DatasetError(f"{where}: {split!r} is not a split name; use letters, digits, '.', '_' and '-'.")
        entry = _entry(path.parent, row, classes, where)
        earlier = lines.setdefault((split, entry.id), number)
        if earlier != number:
            raise DatasetError(f"{where}: {entry.id} is already in line {earlier} of split {split}; remove one.")
        splits.setdefault(split, []).append(entry)
    return splits


def _entry(root: Path, row: dict[str, str], classes: tuple[str, ...], where: str) -> Entry:
    if not row["image"]:
        raise DatasetError(f"{where}: the image is empty.")
    image = inside(root, row["image"], where)
    if image.suffix.lower() not in IMAGE_SUFFIXES:
        raise DatasetError(f"{where}: {row['image']} is not a .jpg, .jpeg, .png or .webp file.")
    mask = inside(root, row["mask"], where) if row.get("mask") else None
    names = split_names(row["labels"])
    try:
        labels = labels_of(names, classes) if names or mask is None else None
    except DatasetError as error:
        raise DatasetError(f"{where}: {error}") from error
    return Entry(_id(root, image), image, mask, labels)


def _id(root: Path, image: Path) -> str:
    """A name that can be a file name: the path without suffix, folders joined by ``__``."""
    return "__".join(image.relative_to(root).with_suffix("").parts)
