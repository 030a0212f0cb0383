"""One object at several sizes on one background: ground truth for scale equivariance."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from ssenet.data.base import Sample, labels_in_mask
from ssenet.data.demo import CLASSES
from ssenet.data.demo.assets import Background, CutOut, load_assets
from ssenet.data.demo.paste import Canvas, blend, finished_mask, place
from ssenet.errors import DatasetError

DEFAULT_SCALES = (1.0, 0.5, 0.25)


def paste_at_scales(
    cutout: CutOut,
    background: Background,
    scales: Sequence[float] = DEFAULT_SCALES,
    *,
    size: tuple[int, int] = (320, 320),
    side: int = 256,
    centre: tuple[float, float] = (0.5, 0.5),
) -> list[Sample]:
    """The same cut-out pasted at each scale, with its exact mask.

    Args:
        scales: sizes relative to ``side``, each above 0.
        size: (width, height) of the images in px.
        side: longest side of the object at scale 1, in px.
        centre: where the middle of the object lies, as fractions of width and height.

    Raises:
        DatasetError: the object would not fit into the image at one of the scales, or vanish.
    """
    canvas_size = (size[1], size[0])
    backdrop = _fitted(background.image, size)
    label = CLASSES.index(cutout.label) + 1
    samples = []
    for scale in scales:
        patch = _resized(cutout.image, side * scale)
        left, top = (
            round(c * length - patched / 2) for c, length, patched in zip(centre, size, patch.size, strict=True)
        )
        if left < 0 or top < 0 or left + patch.width > size[0] or top + patch.height > size[1]:
            raise DatasetError(f"At scale {scale:g} the object of {patch.width} x {patch.height} px leaves the image.")
        canvas = Canvas.over(backdrop)
        blend(canvas, place(canvas, patch, left, top), label)
        mask = finished_mask(canvas)
        if mask.shape != canvas_size or not (mask == label).any():
            raise DatasetError(f"At scale {scale:g} nothing of the object is left; use a larger side.")
        samples.append(Sample(f"{cutout.key}@{scale:g}", canvas.image, labels_in_mask(mask, len(CLASSES)), mask))
    return samples


def controlled_scales(
    label: str, cutout: int = 0, background: int = 0, scales: Sequence[float] = DEFAULT_SCALES, *, split: str = "val"
) -> list[Sample]:
    """``paste_at_scales`` for the given class, number of cut-out and number of background of a split.

    Raises:
        DatasetError: there is no such class, cut-out, background or split.
    """
    assets = load_assets()
    if label not in CLASSES or split not in assets.splits:
        raise DatasetError(f"The demo set has no class {label!r} or no split {split!r}.")
    pictures = assets.splits[split]
    of_class = pictures.cutouts[CLASSES.index(label)]
    if not (0 <= cutout < len(of_class) and 0 <= background < len(pictures.backgrounds)):
        raise DatasetError(
            f"Split {split} has {len(of_class)} cut-outs of {label} and {len(pictures.backgrounds)} backgrounds."
        )
    return paste_at_scales(of_class[cutout], pictures.backgrounds[background], scales)


def _resized(image: Image.Image, longest: float) -> Image.Image:
    factor = longest / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The largest central crop of ``image`` with the shape of ``size``, resized to it."""
    shrink = min(image.width / size[0], image.height / size[1])
    w, h = size[0] * shrink, size[1] * shrink
    left, top = (image.width - w) / 2, (image.height - h) / 2
    return image.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + w, top + h))
