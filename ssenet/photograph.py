"""Maps of a photograph in one call: ``ssenet.cam``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ssenet.cams import Cams, Rgb
from ssenet.config import INFERENCE_SCALES, CamInferSettings, LabelSource, ReluOrder
from ssenet.data.images import decode_image, pixels_sha, working_image
from ssenet.errors import ImageError, SettingsError
from ssenet.inference import Network, load_network
from ssenet.results import CheckpointCard, views_of
from ssenet.weights.named import named_checkpoint


def cam(
    image: Rgb | bytes | str | Path,
    checkpoint: str | Path | Network,
    scales: Sequence[float] = INFERENCE_SCALES,
    *,
    flip: bool = True,
    classes: Sequence[str] = (),
    labels: LabelSource = "predicted",
    relu_order: ReluOrder = "fast",
) -> Cams:
    """Class activation maps of a photograph.

    >>> import ssenet
    >>> from ssenet.data.gallery import open_photograph
    >>> cams = ssenet.cam(open_photograph("bison"), "demo-ssenet", scales=(0.5, 1), flip=False)
    >>> sorted(view.name for view in cams.coarse)
    ['s0.5', 's1']
    >>> cams.maps(["hoofed"]).shape == (1, *cams.size)
    True
    >>> cams.protocol().leaks
    ()

    Args:
        image: (H, W, 3) uint8 RGB, the bytes of an image file, or the path of one.
        checkpoint: a built-in id, the folder of a training or of an epoch, or a loaded ``Network``.
        scales: of the image; 1 is its working size, 512 pixels on the long side at most.
        flip: also with the mirrored image.
        classes: names of the classes to show; they count as given.
        labels: without ``classes``: ``predicted`` by the network, or ``all``.
        relu_order: ``official`` upsamples through the scaled input, as released.

    Raises:
        ImageError: the image cannot be read.
        CheckpointError: there is no such checkpoint, it is damaged, or it has no CAMs.
        SettingsError: a class that the network does not have, or ``given`` without classes.
        ValidationError: scales out of range.
    """
    wanted: dict[str, object] = {"scales": tuple(scales), "flip": flip, "relu_order": relu_order, "labels": labels}
    settings = CamInferSettings.model_validate({**wanted, "checkpoint": "photographs"})
    network = _network(checkpoint)
    source = _label_source(network.card, classes, settings.labels)
    pixels = _pixels(image)
    photograph = working_image(pixels)
    coarse = network.coarse_logits(photograph, views_of(settings.scales, settings.flip))
    made = Cams(photograph, pixels_sha(pixels), coarse, network.card, (), source, settings.relu_order)
    every = tuple(made.scores) if source == "all" else made.predicted
    return replace(made, shown=tuple(classes) or every)


def _label_source(card: CheckpointCard, classes: Sequence[str], labels: LabelSource) -> LabelSource:
    unknown = [name for name in classes if name not in card.classes]
    if unknown:
        raise SettingsError(f"{card.name} has no class {', '.join(unknown)}; it has {', '.join(card.classes[:20])}.")
    if labels == "given" and not classes:
        raise SettingsError("A photograph has no given labels: name classes, or take the predicted ones.")
    return "given" if classes else labels


def _network(checkpoint: str | Path | Network) -> Network:
    return checkpoint if isinstance(checkpoint, Network) else load_network(*named_checkpoint(str(checkpoint)))


def _pixels(image: Rgb | bytes | str | Path) -> Rgb:
    if isinstance(image, np.ndarray):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ImageError("An image in memory is (H, W, 3) of uint8.")
        return image
    if isinstance(image, bytes):
        return decode_image(image)
    path = Path(image)
    if not path.is_file():
        raise ImageError(f"{path} is not a file.")
    return decode_image(path.read_bytes())
