"""The class activation maps of one photograph: one result for Python, the command line and the API. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ssenet import render
from ssenet.config import LabelSource, ReluOrder
from ssenet.protocol import AlphaFrom, NetworkUse, ViewProtocol
from ssenet.results import CheckpointCard, View

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
