"""Folders of the released code's ``.npy`` dictionaries as typed sets. Free of torch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from ssenet import __version__
from ssenet.config import CamInferSettings, Closed, CrfSettings
from ssenet.data.base import Dataset
from ssenet.errors import DatasetError
from ssenet.lineage import Step, content_key, stored_settings
from ssenet.refine.legacy import read_cam, read_crf
from ssenet.refine.maps import ScoreMaps
from ssenet.refine.photographs import Photographs
from ssenet.results import View
from ssenet.sets import SetManifest, SetWriter, pack

SOURCE = "released-code"
"""In place of the id of a checkpoint or a set."""
Progress = Callable[[int, int], None]


def convert_cams(
    folder: Path, dataset: Dataset, split: str, out: Path, scales: Sequence[float], flip: bool, progress: Progress
) -> None:
    """Write a set of CAMs from a folder of ``ID.npy``; the finished maps stand in it as one view of scale 1.

    Args:
        folder: with the files.
        dataset: of their photographs.
        split: whose images are looked for; those without a file are left out.
        out: folder of the set.
        scales: that the CAMs were computed at, for the protocol.
        flip: whether mirrored images were used, for the protocol.
        progress: called with (images done, images in all).

    Raises:
        DatasetError: no file fits an image, or one is damaged or of another size.
    """
    settings = CamInferSettings(
        checkpoint=SOURCE,
        dataset=dataset.spec.name,
        split=split,
        scales=tuple(scales),
        flip=flip,
        relu_order="official",
        labels="given",
    )
    conversion = _Conversion("infer_cam", settings, dataset, split, [folder])
    view = View(scale=1).name

    def item(image_id: str) -> bytes:
        scores = conversion.read(read_cam, folder, image_id)
        present = np.zeros(len(dataset.classes), np.float32)
        present[scores.classes] = 1
        return pack({view: scores.maps.astype(np.float16), "classes": scores.classes, "scores": present})

    conversion.write(out, item, progress)


def convert_crf(
    low: Path, high: Path, powers: tuple[float, float], dataset: Dataset, split: str, out: Path, progress: Progress
) -> None:
    """Write a set of CRF scores from the folders of both backgrounds, each with ``ID.npy``.

    Args:
        low: folder of the strong background (such as α = 4).
        high: folder of the weak one (such as α = 24).
        powers: the two α.
        dataset: of their photographs.
        split: whose images are looked for; those without both files are left out.
        out: folder of the set.
        progress: called with (images done, images in all).

    Raises:
        DatasetError: no file fits an image, one is damaged or of another size, or the two name different classes.
    """
    settings = CrfSettings(cams=SOURCE, alpha_low=powers[0], alpha_high=powers[1])
    conversion = _Conversion("crf", settings, dataset, split, [low, high])

    def item(image_id: str) -> bytes:
        parts = [conversion.read(read_crf, folder, image_id) for folder in (low, high)]
        if not np.array_equal(parts[0].classes, parts[1].classes):
            raise DatasetError(f"Image {image_id}: the two folders name different classes.")
        stacks = [np.concatenate([part.background[None], part.maps]) for part in parts if part.background is not None]
        low_high = dict(zip(("low", "high"), (stack.astype(np.float16) for stack in stacks), strict=True))
        return pack({**low_high, "classes": parts[0].classes})

    conversion.write(out, item, progress)


class _Conversion:
    """One step of the lineage that was done elsewhere: its key covers the content of the files."""

    def __init__(
        self,
        kind: Literal["infer_cam", "crf"],
        settings: Closed,
        dataset: Dataset,
        split: str,
        folders: Sequence[Path],
    ) -> None:
        self.kind, self.dataset = kind, dataset
        self.photographs = Photographs(dataset, split)
        self.ids = tuple(i for i in dataset.ids(split) if all((folder / f"{i}.npy").is_file() for folder in folders))
        if not self.ids:
            names = " and ".join(map(str, folders))
            raise DatasetError(f"{names} holds no file ID.npy for an image of split {split} of {dataset.spec.name}.")
        digest = hashlib.sha256()
        for path in (folder / f"{image_id}.npy" for image_id in self.ids for folder in folders):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        key = content_key(kind, settings, {SOURCE: digest.hexdigest()}, dataset.fingerprint)
        self.step = Step(kind=kind, key=key, settings=stored_settings(settings))

    def read(self, reader: Callable[[Path], ScoreMaps], folder: Path, image_id: str) -> ScoreMaps:
        """The maps of one file, checked against its photograph."""
        path = folder / f"{image_id}.npy"
        scores, size = reader(path), self.photographs.sample(image_id).image.shape[:2]
        if scores.maps.shape[1:] != size:
            raise DatasetError(f"{path} has maps of {scores.maps.shape[1:]} for a photograph of {size}.")
        if scores.classes.size and scores.classes.max() >= len(self.dataset.classes):
            raise DatasetError(f"{path} names class {scores.classes.max()}; there are {len(self.dataset.classes)}.")
        return scores

    def write(self, out: Path, item: Callable[[str], bytes], progress: Progress) -> None:
        """Write all items that are missing, and the manifest."""
        writer = SetWriter(out, ".npz", self.step.key)
        missing = writer.missing(self.ids)
        for done, image_id in enumerate(missing, 1 + len(self.ids) - len(missing)):
            writer.put(image_id, item(image_id))
            progress(done, len(self.ids))
        manifest = SetManifest(
            kind="cams" if self.kind == "infer_cam" else "crf",
            key=self.step.key,
            dataset=self.dataset.spec.name,
            dataset_fingerprint=self.dataset.fingerprint,
            split=self.photographs.split,
            image_ids=self.ids,
            classes=self.dataset.classes,
            lineage=(self.step,),
            code_version=__version__,
        )
        writer.close(manifest)
