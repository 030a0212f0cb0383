"""Sets as the stages leave them, made from the masks of a data set: for tests of what comes after."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tiny_training import SPEC, tiny_settings

from ssenet.config import (
    AffinityTrainSettings,
    CamInferSettings,
    Closed,
    CrfSettings,
    DatasetSpec,
    JobKind,
    PseudoLabelSettings,
    SetKind,
    WalkSettings,
)
from ssenet.data import Dataset, Sample, open_dataset
from ssenet.data.export import write_voc
from ssenet.data.images import encode_mask_png
from ssenet.lineage import Step, content_key, stored_settings
from ssenet.results import views_of
from ssenet.sets import ImageSet, SetManifest, SetWriter, pack

SCALES = (0.5, 1.0)
Arrays = dict[str, NDArray[Any]]


def tiny_set(
    folder: Path,
    kind: SetKind,
    images: int = 2,
    *,
    spec: DatasetSpec = SPEC,
    split: str = "train",
    stride: int = 8,
) -> ImageSet:
    """A complete set of the first images of a split; its maps are the true masks, blurred and with noise.

    Args:
        folder: of the set; made when it is not there.
        kind: of the set.
        images: how many of the split's first images.
        spec: the data set, which needs masks. ``tiny_voc`` makes one with small images.
        split: of the data set.
        stride: of the coarse maps of ``cams`` and ``walk``.
    """
    dataset = open_dataset(spec)
    lineage = tiny_lineage(dataset, split, images, kind)
    writer = SetWriter(folder, ".png" if kind == "masks" else ".npz", lineage[-1].key)
    for index, image_id in enumerate(dataset.ids(split)[:images]):
        writer.put(image_id, _item(kind, dataset.sample(split, index), index, stride))
    manifest = SetManifest(
        kind=kind,
        key=lineage[-1].key,
        dataset=spec.name,
        dataset_fingerprint=dataset.fingerprint,
        split=split,
        image_ids=tuple(dataset.ids(split)[:images]),
        classes=dataset.classes,
        lineage=lineage,
        subject="pseudo-labels" if kind == "masks" else "",
        code_version="tiny",
    )
    writer.close(manifest)
    return ImageSet(folder)


def tiny_voc(folder: Path, *, side: int = 64, train: int = 3, val: int = 2) -> DatasetSpec:
    """The demo set as a VOC folder whose images have a long side of ``side`` pixels."""
    source = DatasetSpec(name="demo", kind="demo", train_images=train, val_images=val)
    write_voc(open_dataset(source), folder)
    for path in folder.glob("*/*.*"):
        with Image.open(path) as picture:
            how = Image.Resampling.NEAREST if picture.mode == "P" else Image.Resampling.BICUBIC
            size = [max(1, round(n * side / max(picture.size))) for n in picture.size]
            smaller = picture.resize((size[0], size[1]), how)
        smaller.save(path)
    return DatasetSpec(name="small", kind="voc", path=str(folder))


def tiny_lineage(dataset: Dataset, split: str, images: int, kind: SetKind) -> tuple[Step, ...]:
    """The steps that lead to a set of ``kind``, from the training of the CAM network on."""
    common: dict[str, Any] = {"dataset": dataset.spec.name, "split": split}
    cams = CamInferSettings(**common, checkpoint="cam-1", images=images, scales=SCALES)
    steps: list[tuple[JobKind, Closed]] = [("train_cam", tiny_settings(**common)), ("infer_cam", cams)]
    if kind != "cams":
        steps.append(("crf", CrfSettings(cams="cams-1")))
    if kind in ("walk", "masks"):
        steps.append(("train_affinity", AffinityTrainSettings(crf="crf-1")))
        steps.append(("random_walk", WalkSettings(checkpoint="affinity-1", cams="cams-1")))
    if kind == "masks":
        steps.append(("pseudo_labels", PseudoLabelSettings(maps="walk-1")))
    return tuple(_step(name, settings, dataset.fingerprint) for name, settings in steps)


def _step(kind: JobKind, settings: Closed, fingerprint: str) -> Step:
    key = content_key(kind, settings, {}, fingerprint)
    trained = kind.startswith("train")
    return Step(kind=kind, key=key, settings=stored_settings(settings), weights_sha256=key if trained else None)


def _item(kind: SetKind, sample: Sample, seed: int, stride: int) -> bytes:
    assert sample.mask is not None, "tiny sets are made from masks"
    if kind == "masks":
        return encode_mask_png(sample.mask)
    makers: dict[str, Callable[[], Arrays]] = {
        "cams": lambda: _cams(sample, seed, stride),
        "crf": lambda: _crf(sample, seed),
        "walk": lambda: _walk(sample, seed, stride),
    }
    return pack(makers[kind]())


def _classes(sample: Sample) -> NDArray[np.int64]:
    return np.flatnonzero(sample.labels).astype(np.int64)


def _cams(sample: Sample, seed: int, stride: int) -> Arrays:
    """Raw logits from -2 to 2, mirrored views already mirrored back."""
    classes = _classes(sample)
    arrays: Arrays = {"classes": classes, "scores": (0.1 + 0.8 * sample.labels).astype(np.float32)}
    for number, view in enumerate(views_of(SCALES, flip=True)):
        maps = _coarse(sample, classes, stride / view.scale, 100 * seed + number)
        arrays[view.name] = (4 * maps - 2).astype(np.float16)
    return arrays


def _crf(sample: Sample, seed: int) -> Arrays:
    classes = _classes(sample)
    rng = np.random.default_rng(seed)
    labels = np.stack([sample.mask == k for k in (0, *(classes + 1))]).astype(np.float32)
    arrays: Arrays = {"classes": classes}
    for name, background in (("low", 1.5), ("high", 0.75)):
        scores = labels + 0.2 * rng.random(labels.shape, np.float32) + 1e-3
        scores[0] *= background
        arrays[name] = (scores / scores.sum(0)).astype(np.float16)
    return arrays


def _walk(sample: Sample, seed: int, stride: int) -> Arrays:
    classes = _classes(sample)
    maps = _coarse(sample, classes, stride, seed)
    return {
        "classes": classes,
        "maps": maps.astype(np.float16),
        "background": np.full(maps.shape[1:], 0.2, np.float16),
        "stride": np.array(stride, np.int64),
        "size": np.array(sample.image.shape[:2], np.int64),
    }


def _coarse(sample: Sample, classes: NDArray[np.int64], cell: float, seed: int) -> NDArray[np.float32]:
    """(k, h, w) share of each class in cells of ``cell`` pixels, the grid rounded up, with noise of 0.1."""
    height, width = (int(np.ceil(n / cell)) for n in sample.image.shape[:2])
    masks = [Image.fromarray(((sample.mask == k + 1) * 255).astype(np.uint8)) for k in classes]
    small = [np.asarray(mask.resize((width, height), Image.Resampling.BOX), np.float32) / 255 for mask in masks]
    maps = np.stack(small) if small else np.zeros((0, height, width), np.float32)
    noise = np.random.default_rng(seed).random(maps.shape, np.float32)
    return np.clip(0.9 * maps + 0.1 * noise, 0, 1).astype(np.float32)
