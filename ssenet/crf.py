"""Dense CRF of Krähenbühl and Koltun (2011) on the labels of one photograph. Free of torch.

The library (pydensecrf2) is optional: ``unavailable`` says why it cannot be used. It holds
the interpreter's lock while it works, so data sets go through processes
(``ssenet.refine.parallel``), not threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssenet.config import CrfChoice, CrfPreset
from ssenet.errors import SettingsError

Floats = NDArray[np.float32]
CLIP = 1e-5
"""Scores below it count as it, so that no pixel's energy is infinite."""


@dataclass(frozen=True)
class CrfParameters:
    """Parameters of the two kernels of the fully connected CRF, with Potts compatibility and symmetric normalisation.

    Attributes:
        preset: whose values these were before any was replaced.
        iterations: of mean field.
        gaussian_sxy: width in pixels of the smoothness kernel.
        gaussian_compat: its weight.
        bilateral_sxy: width in pixels of the appearance kernel.
        bilateral_srgb: its width in colour, of 0 to 255.
        bilateral_compat: its weight.
        gt_prob: probability of the winning label where the unary is made of hard labels; None takes scores.
    """

    preset: CrfPreset
    iterations: int = 10
    gaussian_sxy: float = 3.0
    gaussian_compat: float = 3.0
    bilateral_sxy: float = 80.0
    bilateral_srgb: float = 13.0
    bilateral_compat: float = 10.0
    gt_prob: float | None = None

    def __str__(self) -> str:
        """In words, for protocol cards."""
        unary = "" if self.gt_prob is None else f", from hard labels of probability {self.gt_prob:g}"
        return (
            f"dense CRF ({self.preset}): {self.iterations} iterations, "
            f"smoothness {self.gaussian_sxy:g} px × {self.gaussian_compat:g}, "
            f"appearance {self.bilateral_sxy:g} px, {self.bilateral_srgb:g} RGB × {self.bilateral_compat:g}{unary}"
        )


PRESETS: dict[CrfPreset, CrfParameters] = {
    "psa": CrfParameters("psa"),
    "irn": CrfParameters("irn", bilateral_sxy=50.0, bilateral_srgb=5.0, gt_prob=0.7),
    "seam": CrfParameters("seam", iterations=1, bilateral_sxy=32.0),
}
"""As published with AffinityNet and SSENet, with IRNet, and with SEAM's segmentation test."""


def parameters(choice: CrfChoice) -> CrfParameters | None:
    """The parameters of ``choice``: its preset's, where it does not say otherwise. None when it is off."""
    if choice.crf == "off":
        return None
    names = ("gaussian_sxy", "gaussian_compat", "bilateral_sxy", "bilateral_srgb", "bilateral_compat")
    given: dict[str, Any] = {name: getattr(choice, name) for name in names}
    given["iterations"] = choice.crf_iterations
    return replace(PRESETS[choice.crf], **{name: value for name, value in given.items() if value is not None})


def unavailable() -> str | None:
    """Why the dense CRF cannot be used, and what to do about it; None when it can."""
    advice = "Install g++ and run 'make env' to build it, or choose crf=off."
    if find_spec("pydensecrf") is None:
        return f"The dense CRF needs the library pydensecrf2, which is not installed. {advice}"
    try:
        import_module("pydensecrf.densecrf")
    except (ImportError, ValueError) as error:
        return f"The library pydensecrf2 is installed but does not load ({error}). {advice}"
    return None


def check_available(choice: CrfChoice) -> None:
    """Raise SettingsError with the reason when ``choice`` wants a CRF that cannot be used."""
    reason = None if choice.crf == "off" else unavailable()
    if reason:
        raise SettingsError(reason)


def normalised(scores: Floats) -> Floats:
    """Scores (L, H, W) that sum to 1 in every pixel; even where there were none."""
    total = scores.sum(axis=0, keepdims=True)
    even = np.full_like(scores, 1 / len(scores))
    return np.divide(scores, total, out=even, where=total > 0)


class DenseCrf:
    """The CRF of one photograph: its kernels are computed once, for as many refinements as wanted.

    Args:
        image: (H, W, 3) RGB.
        labels: number L of labels, background included. Below two nothing is refined and the library is not called.
        parameters: of the kernels.

    Raises:
        SettingsError: the library is not available.
    """

    def __init__(self, image: NDArray[np.uint8], labels: int, parameters: CrfParameters) -> None:
        self.labels, self.parameters = labels, parameters
        self.size = (image.shape[0], image.shape[1])
        self._crf = self._built(np.array(image, np.uint8, order="C")) if labels > 1 else None

    def _built(self, image: NDArray[np.uint8]) -> Any:
        reason = unavailable()
        if reason:
            raise SettingsError(reason)
        from pydensecrf.densecrf import DIAG_KERNEL, NORMALIZE_SYMMETRIC, DenseCRF2D

        p, kinds = self.parameters, {"kernel": DIAG_KERNEL, "normalization": NORMALIZE_SYMMETRIC}
        crf = DenseCRF2D(self.size[1], self.size[0], self.labels)
        if p.gaussian_compat > 0:
            crf.addPairwiseGaussian(sxy=p.gaussian_sxy, compat=p.gaussian_compat, **kinds)
        if p.bilateral_compat > 0:
            crf.addPairwiseBilateral(
                sxy=p.bilateral_sxy, srgb=p.bilateral_srgb, rgbim=image, compat=p.bilateral_compat, **kinds
            )
        return crf

    def refine(self, scores: Floats, iterations: int | None = None) -> Floats:
        """Label probabilities (L, H, W) after mean field.

        Args:
            scores: (L, H, W) in [0, 1]; they need not sum to 1.
            iterations: in place of the parameters' number; 0 gives the unary's own probabilities.

        Raises:
            ValueError: another number of labels or another size than the photograph's.
        """
        self._check(scores)
        if self._crf is None:
            return normalised(scores.astype(np.float32))
        self._crf.setUnaryEnergy(unary(scores, self.parameters.gt_prob))
        steps = self.parameters.iterations if iterations is None else iterations
        refined = np.array(self._crf.inference(steps), np.float32)
        return refined.reshape(scores.shape)

    def steps(self, scores: Floats, iterations: int) -> Iterator[Floats]:
        """Label probabilities (L, H, W) after 0, 1, … ``iterations`` of mean field, each made from the one before.

        What comes after n is what ``refine`` gives for n. Several of these may be stepped in turn on one lattice.

        Args:
            scores: as for ``refine``.
            iterations: the last number; n + 1 arrays are given.

        Raises:
            ValueError: another number of labels or another size than the photograph's.
        """
        self._check(scores)
        return self._stepped(scores, iterations)

    def _stepped(self, scores: Floats, iterations: int) -> Iterator[Floats]:
        if self._crf is None:
            for _ in range(iterations + 1):
                yield normalised(scores.astype(np.float32))
            return
        energies = unary(scores, self.parameters.gt_prob)
        self._crf.setUnaryEnergy(energies)
        marginals, *scratch = self._crf.startInference()
        yield np.array(marginals, np.float32).reshape(scores.shape)
        for _ in range(iterations):
            self._crf.setUnaryEnergy(energies)  # another refinement may have had its turn on this lattice
            self._crf.stepInference(marginals, *scratch)
            yield np.array(marginals, np.float32).reshape(scores.shape)

    def _check(self, scores: Floats) -> None:
        if scores.shape != (self.labels, *self.size):
            raise ValueError(f"scores of {scores.shape} for {self.labels} labels of a photograph of {self.size}")


def unary(scores: Floats, gt_prob: float | None) -> Floats:
    """Energies (L, H·W): the negative logarithm of clipped scores, or, with ``gt_prob``, of their winning label.

    A label that did not win then has an equal share of 1 - ``gt_prob``.
    """
    flat = scores.reshape(len(scores), -1)
    if gt_prob is None:
        return np.ascontiguousarray(-np.log(np.clip(flat, CLIP, 1)), np.float32)
    energies = np.full(flat.shape, -np.log((1 - gt_prob) / (len(flat) - 1)), np.float32)
    energies[flat.argmax(axis=0), np.arange(flat.shape[1])] = -np.log(gt_prob)
    return energies
