"""Synthetic data of the stand-in: photographs, maps, cards and counts."""

import hashlib
import io
from datetime import UTC, datetime

import numpy as np
from PIL import Image, ImageDraw

from ssenet.config import CURVE_SCALES
from ssenet.histograms import AlphaHistogram
from ssenet.results import CheckpointCard, EvaluationRecord, ProtocolCard

CLASSES = (
    "bird", "hoofed", "predator", "smallmammal", "fish", "fruit", "vegetable", "flower", "vehicle", "instrument",
)  # fmt: skip
START = datetime(2026, 1, 1, tzinfo=UTC)


def photograph(seed: int, size: tuple[int, int] = (400, 300)) -> bytes:
    """A PNG with a bright ellipse on a gradient."""
    ramp = np.linspace(40, 160, size[0], dtype=np.uint8)
    pixels = np.stack([np.broadcast_to(ramp, size[::-1]), np.full(size[::-1], 90 + 20 * seed, np.uint8)] * 2, -1)
    image = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    ImageDraw.Draw(image).ellipse((120, 80, 280, 230), fill=(230, 200 - 30 * seed, 60))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def coarse(scale: float, size: tuple[int, int], sharpness: float, winner: int) -> np.ndarray:
    """(K, h, w) float16: a blob for class ``winner`` that shrinks with scale, and nothing else."""
    h, w = max(2, round(size[1] * scale / 16)), max(2, round(size[0] * scale / 16))
    y, x = np.mgrid[0:h, 0:w]
    distance = ((x / w - 0.5) ** 2 + (y / h - 0.5) ** 2) * sharpness * (0.5 + scale)
    maps = np.full((len(CLASSES), h, w), -3.0)
    maps[winner] = 9 * np.exp(-distance) - 1
    return maps.astype(np.float16)


def card(name: str, method: str, backbone: str = "tf_efficientnet_lite0") -> CheckpointCard:
    """A card of the demo classes."""
    return CheckpointCard(
        name=name,
        method=method,
        backbone=backbone,
        stride=16,
        classes=CLASSES,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        dataset="demo",
        weights_sha256=hashlib.sha256(name.encode()).hexdigest(),
        code_version="0.1.0",
    )


def record(checkpoint: str, images: int = 120) -> EvaluationRecord:
    """An evaluation of the demo set with the scales of Fig. 5."""
    protocol = ProtocolCard(
        dataset="demo",
        dataset_fingerprint="f" * 64,
        split="val",
        images=images,
        label_source="given",
        scales=CURVE_SCALES,
        multi_scale=(0.5, 1.0, 1.5, 2.0),
        flip=False,
        relu_order="fast",
        alpha_rule="best on the scored images",
        weights_sha256=hashlib.sha256(checkpoint.encode()).hexdigest(),
        code_version="0.1.0",
    )
    rows = (*(f"{scale:g}" for scale in CURVE_SCALES), "MS")
    ids = tuple(f"val-{i:04d}" for i in range(images))
    return EvaluationRecord(checkpoint=checkpoint, classes=CLASSES, image_ids=ids, rows=rows, protocol=protocol)


def histogram(seed: int, images: int) -> AlphaHistogram:
    """Counts of small random pictures, one after the other."""
    random = np.random.default_rng(seed)
    size = (images, 8, 8)
    truth, winner = random.integers(0, 11, size, dtype=np.uint8), random.integers(1, 11, size)
    score = random.random(size, dtype=np.float32)
    return AlphaHistogram.join(
        [AlphaHistogram.of_image(truth[i], winner[i], score[i], len(CLASSES)) for i in range(images)]
    )
