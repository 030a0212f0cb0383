"""Predictions in the form that the PASCAL VOC evaluation server takes. Free of torch."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

from ssenet.data.base import IGNORED
from ssenet.data.images import encode_mask_png
from ssenet.errors import DatasetError
from ssenet.files import write_atomically, write_bytes
from ssenet.sets import ImageSet, item_name

COMPETITION = "comp6"
"""Segmentation by a network that saw other data than VOC's: ImageNet weights are such."""
ARCHIVE = "results.tgz"
Progress = Callable[[int, int], None]


def results_folder(split: str, challenge: str = "VOC2012") -> Path:
    """Where the server looks for the predictions of a split, below the root of the archive."""
    return Path("results") / challenge / "Segmentation" / f"{COMPETITION}_{split}_cls"


def write_server_results(
    image_set: ImageSet,
    folder: Path,
    *,
    archive: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> Path:
    """Write ``results/VOC2012/Segmentation/comp6_SPLIT_cls/ID.png`` below ``folder``: one index a pixel.

    The server knows the 20 classes of VOC in their order; other data sets have the same layout.

    Args:
        image_set: of predicted masks.
        folder: to write below.
        archive: also pack them as ``results.tgz`` there, which is what the server takes.
        progress: called with (images done, images in all).

    Returns:
        The archive, or else the folder with the PNGs.

    Raises:
        DatasetError: the set holds no masks or ignores pixels, or there are results already.
    """
    manifest = image_set.manifest
    if manifest.kind != "masks":
        raise DatasetError(f"{image_set.folder} is a set of {manifest.kind}; only masks can be sent to the server.")
    target = folder / results_folder(manifest.split)
    if target.exists() and any(target.iterdir()):
        raise DatasetError(f"{target} holds results already. Give a new folder.")
    for done, image_id in enumerate(image_set.ids, 1):
        write_bytes(target / item_name(image_id, ".png"), _checked_png(image_set, image_id))
        progress(done, len(image_set.ids))
    if not archive:
        return target
    write_atomically(folder / ARCHIVE, lambda path: _pack(folder, target, path))
    return folder / ARCHIVE


def _checked_png(image_set: ImageSet, image_id: str) -> bytes:
    """The labels of an image as an indexed PNG. Raises DatasetError when the server would refuse them."""
    labels = image_set.mask(image_id)
    if (labels == IGNORED).any():
        raise DatasetError(
            f"{image_id} has ignored pixels, and the server wants a class for each. Pseudo-labels are not predictions: "
            "export what 'ssenet test' made."
        )
    if labels.max(initial=0) > len(image_set.manifest.classes):
        raise DatasetError(f"{image_id} has label {labels.max()}, and there are {len(image_set.manifest.classes)}.")
    return encode_mask_png(labels)


def _pack(root: Path, results: Path, target: Path) -> None:
    """A gzipped tar of ``results``, named from ``root`` on; equal for equal predictions but for gzip's own header."""
    with tarfile.open(target, "w:gz") as archive:
        for path in sorted(results.iterdir()):
            data = path.read_bytes()
            entry = tarfile.TarInfo(path.relative_to(root).as_posix())
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
