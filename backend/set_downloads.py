"""Sets of masks as archives."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from backend.zip_stream import Chunks
from ssenet.data.base import Sample
from ssenet.data.export import finish_voc, make_folders, write_sample
from ssenet.refine.photographs import Photographs
from ssenet.segmentation.export import write_server_results
from ssenet.sets import ImageSet

_QUALITY = 95
_CHUNK = 2**20


def voc_zip(image_set: ImageSet, photographs: Photographs) -> Iterator[bytes]:
    """A VOC folder of the masks and their photographs as a zip that is made while it is sent.

    JPEG and PNG are not compressed again.
    """
    chunks = Chunks()
    with tempfile.TemporaryDirectory(prefix="ssenet-") as name, ZipFile(chunks, "w", ZIP_STORED) as archive:
        folder = Path(name) / "voc"
        make_folders(folder)
        for image_id in image_set.ids:
            sample = photographs.sample(image_id)
            write_sample(folder, Sample(image_id, sample.image, sample.labels, image_set.mask(image_id)), _QUALITY)
            _move_files(folder, archive)
            yield chunks.take()
        finish_voc(folder, image_set.manifest.classes, {image_set.manifest.split: list(image_set.ids)})
        _move_files(folder, archive)
        yield chunks.take()
    yield chunks.take()  # the directory of the archive


def server_archive(image_set: ImageSet) -> Iterator[bytes]:
    """Predictions as the VOC server takes them. They are checked, and the archive made, before this returns.

    Raises:
        DatasetError: the server would refuse them.
    """
    folder = tempfile.TemporaryDirectory(prefix="ssenet-")
    try:
        archive = write_server_results(image_set, Path(folder.name), archive=True)
    except BaseException:
        folder.cleanup()
        raise
    return _sent(archive, folder)


def _sent(archive: Path, folder: tempfile.TemporaryDirectory[str]) -> Iterator[bytes]:
    with folder, archive.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _move_files(folder: Path, archive: ZipFile) -> None:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        archive.write(path, path.relative_to(folder.parent).as_posix())
        path.unlink()
