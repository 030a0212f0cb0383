"""Reading the files of a data set on disk, with errors that name the file and the line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ssenet.data.base import Sample, labels_in_mask
from ssenet.data.images import ImageLimits, decode_image
from ssenet.errors import DatasetError, ImageError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LIMITS = ImageLimits(size=100_000_000)
"""The operator's own files may be larger than uploads."""


@dataclass(frozen=True)
class Entry:
    """One image of a list: its files, and its labels where the list itself gives them."""

    id: str
    image: Path
    mask: Path | None = None
    labels: NDArray[np.float32] | None = None


def inside(root: Path, relative: str, where: str) -> Path:
    """The file ``relative`` below ``root``. ``where`` starts the message, such as ``train.txt line 3``.

    Raises:
        DatasetError: it leaves the folder (absolute, ``..`` or a link), or does not exist.
    """
    path = root / relative
    try:
        leaves = Path(relative).is_absolute() or not path.resolve().is_relative_to(root.resolve())
        exists = not leaves and path.is_file()
    except (ValueError, OSError) as error:
        raise DatasetError(f"{where}: {relative!r} is not a path.") from error
    if leaves:
        raise DatasetError(f"{where}: {relative} is outside the folder of the data set; use paths relative to {root}.")
    if not exists:
        raise DatasetError(f"{where}: there is no file {relative} in {root}.")
    return path


def read_text(path: Path) -> str:
    """The text of a UTF-8 file. Raises DatasetError when there is none or it has another encoding."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text (byte {error.start}); save it with encoding UTF-8.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """(line number, text) of the lines that are not blank."""
    lines = enumerate(read_text(path).splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def table(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, row) of a comma-separated table with a header.

    Raises:
        DatasetError: not UTF-8, no CSV, a column that is missing or unknown, or a row of the wrong length.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(path, header, required, optional)
        for row in reader:
            if len(row) not in (0, len(header)):
                raise DatasetError(
                    f"{path.name} line {reader.line_num}: {len(row)} fields where the header has {len(header)}; "
                    "several labels are separated by semicolons."
                )
            if row:
                yield reader.line_num, dict(zip(header, (field.strip() for field in row), strict=True))
    except csv.Error as error:
        raise DatasetError(f"{path.name} line {reader.line_num}: not a CSV file ({error}).") from error


def _check_header(path: Path, header: list[str], required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    expected = ",".join(required) + "".join(f"[,{name}]" for name in optional)
    for name in required:
        if name not in header:
            raise DatasetError(f"{path.name} has no column {name!r}; its first line should be {expected}.")
    unknown = [name for name in header if name not in required + optional]
    if unknown or len(set(header)) != len(header):
        raise DatasetError(f"{path.name} has unexpected columns; its first line should be {expected}.")


def read_classes(path: Path) -> tuple[str, ...]:
    """Class names of a classes.txt, one a line; a first line ``background`` is skipped.

    Raises:
        DatasetError: no names, a name twice, or more than 254 (masks have one byte a pixel).
    """
    names = [line for _, line in numbered_lines(path)]
    names = names[1:] if names and names[0].lower() == "background" else names
    return checked_classes(tuple(names), str(path))


def checked_classes(names: tuple[str, ...], where: str) -> tuple[str, ...]:
    """``names`` when they can be the classes of a data set. Raises DatasetError otherwise."""
    if not names or len(names) > 254:
        raise DatasetError(f"{where}: {len(names)} classes; 1 to 254 are possible.")
    if len(set(names)) != len(names) or not all(n.strip() == n and n and ";" not in n for n in names):
        raise DatasetError(f"{where}: class names must be different, not empty, and without semicolons.")
    return names


def read_image(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3). Raises DatasetError that names the file."""
    try:
        with path.open("rb") as file:
            return decode_image(file, limits=LIMITS)
    except ImageError as error:
        raise DatasetError(f"{path}: {error}") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Labels (H, W) of an indexed (palette) or gray PNG; the palette's colours do not matter.

    Raises:
        DatasetError: not a PNG, damaged, or a colour picture without labels.
    """
    try:
        with Image.open(path, formats=("PNG",)) as image:
            if image.mode not in ("P", "L", "1"):
                raise DatasetError(
                    f"{path} is a {image.mode} picture, not an indexed mask: store the label of each pixel "
                    "(palette or 8-bit gray PNG), not its colour."
                )
            return np.array(image, np.uint8)
    except (Image.DecompressionBombError, UnidentifiedImageError) as error:
        raise DatasetError(f"{path} is not a PNG mask of a usual size.") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(f"{path} is damaged or cannot be read: {error}.") from error


def read_entry(entry: Entry, classes: int, *, with_mask: bool) -> Sample:
    """The image, labels and mask of ``entry``; labels come from the mask when the list gives none.

    Raises:
        DatasetError: a file cannot be read, the mask has another size than the image, or a label above K.
    """
    image = read_image(entry.image)
    if entry.mask is None or (entry.labels is not None and not with_mask):
        return Sample(entry.id, image, read_labels(entry, classes), None)
    mask = read_mask(entry.mask)
    if mask.shape != image.shape[:2]:
        (h, w), (height, width) = mask.shape, image.shape[:2]
        name = entry.image.name
        raise DatasetError(f"{entry.mask} has {w} x {h} px, but its image {name} has {width} x {height} px.")
    found = _mask_labels(entry.mask, mask, classes)
    return Sample(entry.id, image, found if entry.labels is None else entry.labels.copy(), mask if with_mask else None)


def read_labels(entry: Entry, classes: int) -> NDArray[np.float32]:
    """(K,) labels of ``entry``: those of the list, or of the mask, or none. Raises DatasetError as ``read_entry``."""
    if entry.labels is not None:
        return entry.labels.copy()
    if entry.mask is None:
        return np.zeros(classes, np.float32)
    return _mask_labels(entry.mask, read_mask(entry.mask), classes)


def _mask_labels(path: Path, mask: NDArray[np.uint8], classes: int) -> NDArray[np.float32]:
    try:
        return labels_in_mask(mask, classes)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from error


def problems_of(splits: dict[str, list[Entry]], classes: int, *, most: int = 20) -> list[str]:
    """What is wrong with the files of ``splits``, in words; stops after ``most`` problems."""
    problems: list[str] = []
    seen: set[tuple[Path, Path | None]] = set()
    for entries in splits.values():
        for entry in entries:
            if (entry.image, entry.mask) in seen:
                continue
            seen.add((entry.image, entry.mask))
            try:
                read_entry(entry, classes, with_mask=True)
            except DatasetError as error:
                problems.append(str(error))
            if len(problems) >= most:
                return [*problems, f"Stopped after {most} problems; there may be more."]
    return problems


def file_facts(root: Path, splits: dict[str, list[Entry]]) -> Iterator[str]:
    """Lines with the ids, file names and sizes of every split, for the fingerprint."""
    sizes: dict[Path, int] = {}
    for split, entries in sorted(splits.items()):
        for entry in entries:
            parts = [split, entry.id]
            for path in filter(None, (entry.image, entry.mask)):
                size = sizes.setdefault(path, -1)
                if size < 0:
                    size = sizes[path] = path.stat().st_size
                parts += [path.relative_to(root).as_posix(), str(size)]
            labels = "" if entry.labels is None else ",".join(map(str, np.flatnonzero(entry.labels)))
            yield "|".join([*parts, labels])
