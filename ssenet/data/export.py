"""Write any data set with masks as a VOC folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from ssenet.data.base import Dataset, Sample
from ssenet.data.images import encode_mask_png
from ssenet.data.voc import IMAGES, LISTS, MASKS
from ssenet.errors import DatasetError

Progress = Callable[[int, int], None]


def write_voc(
    dataset: Dataset,
    folder: Path,
    *,
    splits: Iterable[str] | None = None,
    quality: int = 95,
    progress: Progress | None = None,
) -> None:
    """Write ``dataset`` below ``folder``: JPEGImages, SegmentationClass, ImageSets/Segmentation, classes.txt.

    Masks read back equal; images are JPEG at ``quality``. Lists come last, so that a
    folder that was cut short does not open as a whole one.

    Args:
        splits: which splits; None writes all.
        progress: called with (images done, images in all).

    Raises:
        DatasetError: the folder is not empty, an image has no mask, or two splits share an id.
    """
    names = list(dataset.splits if splits is None else splits)
    ids = {name: dataset.ids(name) for name in names}
    total = sum(map(len, ids.values()))
    if len({i for listed in ids.values() for i in listed}) != total:
        raise DatasetError("Two splits share an image id; write them to separate folders.")
    make_folders(folder)
    done = 0
    for name in names:
        for index in range(len(ids[name])):
            write_sample(folder, dataset.sample(name, index), quality)
            done += 1
            if progress is not None:
                progress(done, total)
    finish_voc(folder, dataset.classes, ids)


def make_folders(folder: Path) -> None:
    """The empty folders of a VOC set. Raises DatasetError when ``folder`` holds anything."""
    if folder.exists() and any(folder.iterdir()):
        raise DatasetError(f"{folder} is not empty; give a new folder.")
    for name in (IMAGES, MASKS, LISTS):
        (folder / name).mkdir(parents=True, exist_ok=True)


def finish_voc(folder: Path, classes: Sequence[str], ids: Mapping[str, Sequence[str]]) -> None:
    """Write the class names and, last, the list of each split; with them the folder opens."""
    (folder / "classes.txt").write_text("\n".join(["background", *classes]) + "\n", encoding="utf-8")
    for name, listed in ids.items():
        (folder / LISTS / f"{name}.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")


def write_sample(folder: Path, sample: Sample, quality: int) -> None:
    """Write one photograph as JPEG and its mask as PNG. Raises DatasetError when it has no mask."""
    if sample.mask is None:
        raise DatasetError(f"Image {sample.id} has no mask; only data sets with masks can be written as a VOC folder.")
    Image.fromarray(sample.image).save(folder / IMAGES / f"{sample.id}.jpg", quality=quality)
    (folder / MASKS / f"{sample.id}.png").write_bytes(encode_mask_png(sample.mask))
