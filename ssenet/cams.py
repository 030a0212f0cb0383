"""The class activation maps of one photograph: one result for Python, the command line and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ssenet import render
from ssenet.config import INFERENCE_SCALES, CamInferSettings, LabelSource, ReluOrder
from ssenet.data.images import decode_image, pixels_sha, working_image
from ssenet.errors import ImageError, SettingsError
from ssenet.protocol import AlphaFrom, NetworkUse, ViewProtocol
from ssenet.results import CheckpointCard, View, views_of

if TYPE_CHECKING:
    from ssenet.inference import Network

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Cams:
    """What one network sees in one photograph. Everything but ``coarse`` is derived without the network.

    Attributes:
        photograph: (H, W, 3) RGB at scale 1, which is its working size.
        sha: sha256 of its pixels as it came (``ssenet.data.images.pixels_sha``).
        coarse: raw coarse logits (K, h, w) by view; those of mirrored views are mirrored back.
        card: of the network.
        shown: names of the classes that count as present or were named, best first.
        label_source: who says so.
        relu_order: how views are brought to the photograph's size.
        source: where the photograph is from, in a word.
    """

    photograph: Rgb
    sha: str
    coarse: Mapping[View, Floats]
    card: CheckpointCard
    shown: tuple[str, ...]
    label_source: LabelSource = "predicted"
    relu_order: ReluOrder = "fast"
    source: str = "file"

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of all classes, in the order of the maps."""
        return self.card.classes

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) at scale 1."""
        return self.photograph.shape[0], self.photograph.shape[1]

    @property
    def scales(self) -> tuple[float, ...]:
        """Scales of the views, ascending."""
        return tuple(sorted({view.scale for view in self.coarse}))

    @property
    def flip(self) -> bool:
        """Whether mirrored views are among them."""
        return any(view.flip for view in self.coarse)

    @property
    def exclusive(self) -> bool:
        """Whether the network names one class an image."""
        return self.card.method == "classifier"

    @cached_property
    def scores(self) -> dict[str, float]:
        """Probability of every class, highest first."""
        values = render.class_scores(self.coarse, exclusive=self.exclusive)
        return {self.classes[k]: float(values[k]) for k in np.argsort(-values, kind="stable")}

    @property
    def predicted(self) -> tuple[str, ...]:
        """Classes that the network says are there, best first."""
        values = render.class_scores(self.coarse, exclusive=self.exclusive)
        return tuple(self.classes[k] for k in render.predicted(values, exclusive=self.exclusive))

    def maps(
        self, names: Sequence[str], scale: float | None = None, normalisation: render.Normalisation = "eq3"
    ) -> Floats:
        """Normalised maps (k, H, W) of the named classes, of one scale or of all views together.

        The mean over views is taken, so that without normalisation single scales and all of them compare.

        Raises:
            KeyError: a class that the network does not have.
            ValueError: a scale that was not computed.
        """
        views = {view: maps for view, maps in self.coarse.items() if scale in (None, view.scale)}
        index = {name: k for k, name in enumerate(self.classes)}
        total = render.aggregate(views, self.size, [index[name] for name in names], self.relu_order)
        return render.normalise(total / np.float32(len(views)), normalisation)

    def protocol(
        self,
        alpha: float | None = 0.2,
        normalisation: render.Normalisation = "eq3",
        alpha_from: AlphaFrom = "fixed",
    ) -> ViewProtocol:
        """How everything here came about."""
        return ViewProtocol(
            photograph=self.sha,
            source=self.source,
            networks=(NetworkUse.of(self.card),),
            scales=self.scales,
            flip=self.flip,
            relu_order=self.relu_order,
            normalisation=normalisation,
            label_source=self.label_source,
            classes_shown=self.shown,
            alpha=alpha,
            alpha_from=alpha_from if alpha is not None else "none",
        )


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
    from ssenet.inference import Network, load_network
    from ssenet.weights.named import named_checkpoint

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
