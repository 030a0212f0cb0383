"""Small evaluations, made of random pictures or of pictures whose quality is known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from ssenet.analysis.pair import Evaluated
from ssenet.histograms import AlphaHistogram
from ssenet.results import EvaluationRecord, ProtocolCard

CLASSES = ("bird", "fish", "fruit")


def protocol(name: str, images: int, **changes: object) -> ProtocolCard:
    """A card of a network on a small set."""
    card = ProtocolCard(
        dataset="demo",
        dataset_fingerprint="f" * 64,
        split="val",
        images=images,
        label_source="given",
        scales=(0.5, 1.0),
        multi_scale=(0.5, 1.0),
        flip=False,
        relu_order="fast",
        alpha_rule="every α; a best α is chosen on the scored images",
        weights_sha256=hashlib.sha256(name.encode()).hexdigest(),
        code_version="0.1.0",
    )
    return card.model_copy(update=changes)


def pictures(seed: int, images: int, quality: float, truth_seed: int = 99, classes: int = 3) -> AlphaHistogram:
    """Counts of pictures 12 × 12 with a square of one class, and scores that see it the better the higher ``quality``.

    Equal ``truth_seed`` gives equal squares, and a higher quality covers less background and leaves less out.
    """
    squares, noise = np.random.default_rng(truth_seed), np.random.default_rng(seed)
    parts = []
    for _ in range(images):
        truth = np.zeros((12, 12), np.uint8)
        label, side = squares.integers(1, classes + 1), squares.integers(2, 9)
        top, left = squares.integers(0, 12 - side, 2)
        truth[top : top + side, left : left + side] = label
        truth[11, :3] = 255
        good = noise.random((12, 12)) < quality
        score = np.where(good == (truth == label), 0.6, 0.1) + 0.2 * noise.random((12, 12)) - 0.1
        winner = np.where(noise.random((12, 12)) < 0.9, label, noise.integers(1, classes + 1, (12, 12)))
        parts.append(AlphaHistogram.of_image(truth, winner, score.astype(np.float32), classes))
    return AlphaHistogram.join(parts)


def evaluated(
    name: str,
    seed: int,
    images: int = 20,
    quality: float = 0.8,
    rows: Sequence[str] = ("0.5", "1", "MS"),
    **changes: object,
) -> Evaluated:
    """An evaluation of pictures that all evaluations with as many images share."""
    record = EvaluationRecord(
        checkpoint=name,
        classes=CLASSES,
        image_ids=tuple(f"val-{i:04d}" for i in range(images)),
        rows=tuple(rows),
        protocol=protocol(name, images, **changes),
    )
    return Evaluated(record, {row: pictures(seed + 1000 * i, images, quality) for i, row in enumerate(rows)})
