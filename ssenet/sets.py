"""Sets: one typed file an image, and a manifest that says what they are. Free of torch.

A set is a folder: ``items/<image id>.npz`` (or ``.png`` for masks) and, written last,
``manifest.json``. Nothing in it is ever unpickled. What each kind's items hold:

``cams``
    npz: one float16 array (k, h, w) of raw coarse logits a view, named ``View.name``;
    ``classes`` (k,) int64 indices; ``scores`` (K,) float32 class probabilities.
``crf``
    npz: ``low``, ``high`` float16 (k + 1, H, W) scores under the strong and the weak
    background, background first; ``classes`` (k,).
``walk``
    npz: ``maps`` float16 (k, h, w) and ``background`` float16 (h, w) after the random walk, at
    ``stride`` (int64); ``classes`` (k,); ``size`` (2,) height and width of the photograph.
``masks``
    PNG (H, W) with VOC's palette: 0 background, k + 1 class k, 255 ignored.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ssenet.config import SetKind
from ssenet.data.files import read_mask
from ssenet.errors import DatasetError, SettingsError
from ssenet.files import sync_folder, write_bytes
from ssenet.lineage import Step

MANIFEST, ITEMS, KEY = "manifest.json", "items", "key.txt"
RESULT = "result"
"""Folder of a set below the folder of the run that makes it."""
_LONGEST = 160
"""Characters of an id in a file name; file systems take 255 bytes, suffixes and a hash included."""


class SetManifest(BaseModel):
    """What a set is, and how it came about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = Field(default=1, ge=1, le=1)
    kind: SetKind
    key: str = Field(pattern=r"^[0-9a-f]{64}$", description="Content key of the step that made it.")
    dataset: str
    dataset_fingerprint: str
    split: str
    image_ids: tuple[str, ...]
    classes: tuple[str, ...]
    lineage: tuple[Step, ...] = Field(min_length=1, description="The steps that led to it, its own last.")
    subject: str = Field(default="", description="Of masks: pseudo-labels or segmentation.")
    code_version: str
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the step that made it."""
        return self.lineage[-1].settings

    @property
    def suffix(self) -> str:
        """Of its items' file names."""
        return ".png" if self.kind == "masks" else ".npz"


def item_name(image_id: str, suffix: str) -> str:
    """File name of an image's item; an id can hold any character, and be of any length."""
    name = quote(image_id, safe="")
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}-{hashlib.sha256(image_id.encode()).hexdigest()}"
    return name + suffix


class SetWriter:
    """Writes a set item by item, so that a run that was killed goes on where it was.

    Args:
        folder: of the set.
        suffix: ``.npz`` or ``.png``.
        key: content key of the set; items of another one are never taken for its own.
        earlier: folder of an earlier attempt at the same set, whose items are taken over.

    Raises:
        SettingsError: the folder holds items of another set.
    """

    def __init__(self, folder: Path, suffix: str, key: str, earlier: Path | None = None) -> None:
        self.folder, self.suffix = folder, suffix
        self.earlier = earlier if earlier and _key_in(earlier) == key else None
        (folder / ITEMS).mkdir(parents=True, exist_ok=True)
        found = _key_in(folder)
        if found is None:
            write_bytes(folder / KEY, key.encode())
        elif found != key:
            raise SettingsError(f"{folder} holds a set made from other settings or inputs. Choose another folder.")

    def path(self, image_id: str) -> Path:
        """Where the item of an image lies."""
        return self.folder / ITEMS / item_name(image_id, self.suffix)

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Those of ``ids`` that are still to be made; what an earlier attempt made is linked here first."""
        return [i for i in ids if not self.path(i).exists() and not self._take_over(i)]

    def _take_over(self, image_id: str) -> bool:
        source = self.earlier / ITEMS / item_name(image_id, self.suffix) if self.earlier else None
        if source is None or not source.is_file():
            return False
        try:
            os.link(source, self.path(image_id))
        except OSError:  # another disk
            write_bytes(self.path(image_id), source.read_bytes())
        return True

    def put(self, image_id: str, data: bytes) -> None:
        """Write one item, whole or not at all."""
        write_bytes(self.path(image_id), data)

    def close(self, manifest: SetManifest) -> None:
        """Write the manifest: from now on the set is complete."""
        sync_folder(self.folder / ITEMS)  # also the names of what was taken over from an earlier attempt
        write_bytes(self.folder / MANIFEST, manifest.model_dump_json(indent=1).encode())


def _key_in(folder: Path) -> str | None:
    path = folder / KEY
    return path.read_text(encoding="ascii").strip() if path.is_file() else None


class ImageSet:
    """A complete set on disk.

    Raises:
        DatasetError: the folder holds no complete set.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.manifest = SetManifest.model_validate_json((folder / MANIFEST).read_bytes())
        except (OSError, ValidationError) as error:
            raise DatasetError(f"{folder} holds no complete set: {error}") from error

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of its images, in order."""
        return self.manifest.image_ids

    def path(self, image_id: str) -> Path:
        """File of one image's item."""
        return self.folder / ITEMS / item_name(image_id, self.manifest.suffix)

    def arrays(self, image_id: str) -> dict[str, NDArray[Any]]:
        """The arrays of one image's npz. Raises DatasetError when it is missing or damaged."""
        try:
            return unpack(self.path(image_id).read_bytes())
        except (OSError, ValueError, BadZipFile) as error:
            raise DatasetError(f"{self.path(image_id)} is missing or damaged: {error}") from error

    def mask(self, image_id: str) -> NDArray[np.uint8]:
        """The labels (H, W) of one image of a set of masks. Raises DatasetError when it cannot be read."""
        return read_mask(self.path(image_id))

    @property
    def bytes(self) -> int:
        """Size of all items."""
        return sum(path.stat().st_size for path in (self.folder / ITEMS).iterdir())


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays as a compressed npz, without pickle."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an npz. Raises ValueError or BadZipFile when it is none, or holds objects."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
