"""PASCAL VOC folders, with any ids and any classes.

    FOLDER/JPEGImages/ID.jpg                     images (.jpg, .jpeg, .png, .webp)
    FOLDER/SegmentationClass/ID.png              masks: palette or gray, 255 ignored
    FOLDER/ImageSets/Segmentation/SPLIT.txt      one split a file, one image a line
    FOLDER/classes.txt                           class names, when they are not VOC's
    FOLDER/Annotations/ID.xml, FOLDER/labels.csv image-level labels, when not from masks

A line of a list is an id, or two paths as in the released lists:
``/JPEGImages/ID.jpg /SegmentationClassAug/ID.png``. A list of ids takes its masks from
SegmentationClass, or, when that lacks some of them, from SegmentationClassAug.

A list whose images have no labels at all, as VOC's own test.txt, is no split: it is left out and told of. One of
which some images have labels is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ssenet.config import DatasetSpec
from ssenet.data.base import labels_of
from ssenet.data.files import IMAGE_SUFFIXES, Entry, checked_classes, inside, numbered_lines, read_classes, table
from ssenet.data.listed import ListedDataset
from ssenet.errors import DatasetError

VOC_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
IMAGES, MASKS, AUGMENTED = "JPEGImages", "SegmentationClass", "SegmentationClassAug"
LISTS = "ImageSets/Segmentation"


class VocDataset(ListedDataset):
    """A folder in the layout of PASCAL VOC. Its splits are the files of ImageSets/Segmentation.

    Raises:
        DatasetError: a folder, list, image, mask or label file is missing or inconsistent.
    """

    def __init__(self, spec: DatasetSpec) -> None:
        root = Path(spec.path or "").expanduser()
        for folder in (IMAGES, LISTS):
            if not (root / folder).is_dir():
                raise DatasetError(f"{root} is not a VOC folder: {folder} is missing. Point to the folder it is in.")
        classes = _classes(spec, root)
        index = _Index(root)
        entries = {path.stem: index.read_list(path) for path in sorted((root / LISTS).glob("*.txt"))}
        if not entries:
            raise DatasetError(f"{root / LISTS} has no lists; each SPLIT.txt in it is one split.")
        labels = _labels(spec, root, classes)
        unlabelled = _unlabelled(labels, entries)
        entries = {split: listed for split, listed in entries.items() if split not in unlabelled}
        _require_masks(spec, entries)
        entries = {split: [replace(e, labels=labels.of(e)) for e in listed] for split, listed in entries.items()}
        super().__init__(spec, root, classes, entries, _source(spec, entries), unlabelled)

    def check(self) -> list[str]:
        """Problems found by reading every file, and masks that are not the original ground truth."""
        return _augmented_warnings(self.entries) + super().check()


def _classes(spec: DatasetSpec, root: Path) -> tuple[str, ...]:
    if spec.classes is not None:
        return checked_classes(spec.classes, f"data set {spec.name}")
    listed = root / "classes.txt"
    return read_classes(listed) if listed.is_file() else VOC_CLASSES


class _Index:
    """The image and mask files of a folder by id, from one directory scan each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.images = _by_stem(root / IMAGES, IMAGE_SUFFIXES)
        self.masks = {folder: _by_stem(root / folder, (".png",)) for folder in (MASKS, AUGMENTED)}

    def read_list(self, path: Path) -> list[Entry]:
        """The entries of one list, in order. Raises DatasetError that names the line."""
        entries: list[Entry] = []
        lines: dict[str, int] = {}
        for number, line in numbered_lines(path):
            where = f"{path.name} line {number}"
            entry = self._from_paths(line, where) if "/" in line else self._from_id(line, where)
            if entry.id in lines:
                raise DatasetError(f"{where}: {entry.id} is already in line {lines[entry.id]}; remove one.")
            lines[entry.id] = number
            entries.append(entry)
        if not entries:
            raise DatasetError(f"{path} is empty: a split needs at least one image. Fill or remove the list.")
        return self._with_masks(entries)

    def _from_id(self, name: str, where: str) -> Entry:
        if name not in self.images:
            raise DatasetError(f"{where}: there is no image {name} (.jpg, .jpeg, .png or .webp) in {IMAGES}.")
        return Entry(name, self.images[name])

    def _from_paths(self, line: str, where: str) -> Entry:
        paths = [inside(self.root, part.lstrip("/"), where) for part in line.split()]
        if len(paths) > 2:
            raise DatasetError(f"{where}: an image and a mask are expected, not {len(paths)} paths.")
        return Entry(paths[0].stem, paths[0], paths[1] if len(paths) == 2 else None)

    def _with_masks(self, entries: list[Entry]) -> list[Entry]:
        """Add masks to the entries of a list that names none, all from one folder."""
        if any(entry.mask is not None for entry in entries):
            return entries
        found = {folder: sum(e.id in masks for e in entries) for folder, masks in self.masks.items()}
        folder = AUGMENTED if found[AUGMENTED] > found[MASKS] else MASKS
        return [replace(e, mask=self.masks[folder].get(e.id)) for e in entries]


def _by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in suffixes}


def _require_masks(spec: DatasetSpec, entries: dict[str, list[Entry]]) -> None:
    """Every image needs a mask when labels come from masks."""
    if spec.labels != "masks":
        return
    for split, listed in entries.items():
        missing = [entry.id for entry in listed if entry.mask is None]
        if missing:
            raise DatasetError(
                f"Split {split}: {len(missing)} of {len(listed)} images have no mask, {missing[0]} first "
                f"({MASKS}/{missing[0]}.png), and labels are taken from masks. "
                'Add them, or set labels to "xml" or "csv".'
            )


@dataclass(frozen=True)
class _Labels:
    """Whether an entry has labels, and those that come from other files than its mask."""

    has: Callable[[Entry], bool]
    of: Callable[[Entry], NDArray[np.float32] | None]


def _labels(spec: DatasetSpec, root: Path, classes: tuple[str, ...]) -> _Labels:
    if spec.labels == "xml":

        def annotation(entry: Entry) -> Path:
            return root / "Annotations" / f"{entry.id}.xml"

        return _Labels(lambda entry: annotation(entry).is_file(), lambda entry: _xml_labels(annotation(entry), classes))
    if spec.labels == "csv":
        found = _csv_labels(root / "labels.csv", classes)
        return _Labels(lambda entry: entry.id in found, lambda entry: _looked_up(found, entry.id))
    return _Labels(lambda entry: entry.mask is not None, lambda _: None)


def _unlabelled(labels: _Labels, entries: dict[str, list[Entry]]) -> dict[str, list[Entry]]:
    """The splits without any label; none if that is all splits, which is an error of its own."""
    found = {split: listed for split, listed in entries.items() if not any(map(labels.has, listed))}
    return found if len(found) < len(entries) else {}


def _xml_labels(path: Path, classes: tuple[str, ...]) -> NDArray[np.float32]:
    """(K,) labels of all objects of an annotation, the difficult ones too."""
    try:
        names = [node.text or "" for node in ElementTree.parse(path).findall("./object/name")]
    except FileNotFoundError as error:
        raise DatasetError(f"There is no annotation {path}, and labels are taken from XML.") from error
    except (ElementTree.ParseError, OSError) as error:
        raise DatasetError(f"{path} is not a VOC annotation: {error}.") from error
    try:
        return labels_of((name.strip() for name in names), classes)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from error


def _csv_labels(path: Path, classes: tuple[str, ...]) -> dict[str, NDArray[np.float32]]:
    """Labels by image id, from a table ``image,labels`` with names separated by semicolons."""
    if not path.is_file():
        raise DatasetError(f"There is no {path}, and labels are taken from it (columns image,labels).")
    found: dict[str, NDArray[np.float32]] = {}
    for number, row in table(path, ("image", "labels")):
        where = f"{path.name} line {number}"
        if row["image"] in found:
            raise DatasetError(f"{where}: {row['image']} has labels already; remove one line.")
        try:
            found[row["image"]] = labels_of(split_names(row["labels"]), classes)
        except DatasetError as error:
            raise DatasetError(f"{where}: {error}") from error
    return found


def split_names(text: str) -> list[str]:
    """Class names of a labels field."""
    return [name.strip() for name in text.split(";") if name.strip()]


def _looked_up(labels: dict[str, NDArray[np.float32]], name: str) -> NDArray[np.float32]:
    if name not in labels:
        raise DatasetError(f"labels.csv has no line for image {name}; add one (its labels may be empty).")
    return labels[name]


def _mask_folders(listed: list[Entry]) -> list[str]:
    return sorted({entry.mask.parent.name for entry in listed if entry.mask is not None})


def _source(spec: DatasetSpec, entries: dict[str, list[Entry]]) -> str:
    """Where labels and masks come from, such as ``labels from masks; masks: train SegmentationClassAug, …``."""
    origin = {"masks": "masks", "xml": "Annotations XML", "csv": "labels.csv"}[spec.labels]
    folders = {split: ", ".join(_mask_folders(listed)) or "none" for split, listed in entries.items()}
    if len(set(folders.values())) == 1:
        return f"labels from {origin}; masks: {next(iter(folders.values()))}"
    return f"labels from {origin}; masks: " + ", ".join(f"{split} {name}" for split, name in folders.items())


def _augmented_warnings(entries: dict[str, list[Entry]]) -> list[str]:
    return [
        f"Split {split} has its masks in {AUGMENTED} (SBD-augmented): good for labels, but scores against them are not "
        f"comparable with scores against {MASKS}."
        for split, listed in entries.items()
        if AUGMENTED in _mask_folders(listed)
    ]
