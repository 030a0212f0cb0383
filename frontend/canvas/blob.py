"""The one binary message a canvas is sent as: raw coarse logits, ground truth and photograph of one scene."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssenet.results import View

ALIGNMENT = 4
"""Every part starts at a multiple of this many bytes, so that typed arrays can be laid over it."""
FLOAT16_LIMIT = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Layer:
    """One checkpoint: a row of the strip.

    Attributes:
        key: its id; it names the checkpoint's tiles in addresses.
        title: its name.
        subtitle: what it is, for example its method.
        classes: names of the classes in ``maps``, in order.
        scores: probability of each class.
        maps: raw coarse logits (k, h, w) by view, mirrored views already mirrored back. A view that is
            still being computed is absent.
        note: a remark shown beside the title.
    """

    key: str
    title: str
    subtitle: str
    classes: tuple[str, ...]
    scores: tuple[float, ...]
    maps: Mapping[View, NDArray[Any]]
    note: str = ""


@dataclass(frozen=True)
class Canvas:
    """All that stays while one looks.

    Attributes:
        photograph: encoded picture (PNG, JPEG or WebP); the browser decodes it.
        size: (H, W) that maps are brought to.
        layers: rows from top to bottom.
        scales: columns from left to right; with more than one, their mean follows as ``MS``.
        flip: whether a column also averages the mirrored view.
        mask: ground truth (H, W), 0 background, i + 1 for ``mask_classes[i]``, 255 ignored; or None.
        mask_classes: names of the ground truth's classes.
    """

    photograph: bytes
    size: tuple[int, int]
    layers: tuple[Layer, ...]
    scales: tuple[float, ...]
    flip: bool
    mask: NDArray[np.uint8] | None = None
    mask_classes: tuple[str, ...] = ()


class _Parts:
    """Byte strings behind one another, each aligned."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.length = 0

    def add(self, data: bytes) -> dict[str, int]:
        """Append, and say where it lies, in bytes from the payload's start, and its checksum."""
        place = {"offset": self.length, "length": len(data), "crc": zlib.crc32(data)}
        padded = data + bytes(-len(data) % ALIGNMENT)
        self.parts.append(padded)
        self.length += len(padded)
        return place


def pack(canvas: Canvas, **extra: Any) -> bytes:
    """One blob: 4-byte little-endian header length, JSON header, float16 logits, mask and photograph.

    Args:
        canvas: what is shown.
        extra: further entries of the header.

    Raises:
        ValueError: an array has a wrong shape.
    """
    parts = _Parts()
    header: dict[str, Any] = {
        "size": canvas.size,
        "scales": canvas.scales,
        "flip": canvas.flip,
        "layers": [_pack_layer(layer, parts) for layer in canvas.layers],
        "mask": _pack_mask(canvas, parts),
        "mask_classes": canvas.mask_classes,
        "photograph": parts.add(canvas.photograph),
        **extra,
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return b"".join([len(text).to_bytes(4, "little"), text, *parts.parts])


def _pack_layer(layer: Layer, parts: _Parts) -> dict[str, Any]:
    if len(layer.scores) != len(layer.classes):
        raise ValueError(f"{layer.title!r} has {len(layer.classes)} classes and {len(layer.scores)} scores")
    maps = []
    for view, logits in layer.maps.items():
        if logits.ndim != 3 or len(logits) != len(layer.classes):
            raise ValueError(f"maps of {len(layer.classes)} classes are (k, h, w), not {logits.shape}")
        if view != View(scale=view.scale, flip=view.flip):
            raise ValueError(f"the canvas lays maps over the photograph; {view.name} is rotated or shifted")
        half = np.clip(logits, -FLOAT16_LIMIT, FLOAT16_LIMIT).astype("<f2")
        place = parts.add(np.ascontiguousarray(half).tobytes())
        maps.append({"scale": view.scale, "flip": view.flip, "h": half.shape[1], "w": half.shape[2], **place})
    words = {"key": layer.key, "title": layer.title, "subtitle": layer.subtitle, "note": layer.note}
    return {**words, "classes": layer.classes, "scores": [float(s) for s in layer.scores], "maps": maps}


def _pack_mask(canvas: Canvas, parts: _Parts) -> dict[str, int] | None:
    if canvas.mask is None:
        return None
    if canvas.mask.shape != canvas.size or canvas.mask.dtype != np.uint8:
        raise ValueError(f"the mask is {canvas.mask.shape} {canvas.mask.dtype}, the canvas {canvas.size} uint8")
    return parts.add(np.ascontiguousarray(canvas.mask).tobytes())


def header_of(blob: bytes) -> dict[str, Any]:
    """The JSON header of a blob."""
    return json.loads(blob[4 : 4 + int.from_bytes(blob[:4], "little")])


def unpack(blob: bytes) -> Canvas:
    """The canvas that ``pack`` packed; logits are float16."""
    header, start = header_of(blob), 4 + int.from_bytes(blob[:4], "little")

    def part(place: Mapping[str, Any]) -> bytes:
        return blob[start + place["offset"] : start + place["offset"] + place["length"]]

    size = (header["size"][0], header["size"][1])
    mask = header["mask"] and np.frombuffer(part(header["mask"]), np.uint8).reshape(size)
    bare = Canvas(part(header["photograph"]), size, (), tuple(header["scales"]), header["flip"], mask)
    layers = tuple(_unpack_layer(one, part) for one in header["layers"])
    return replace(bare, layers=layers, mask_classes=tuple(header["mask_classes"]))


def _unpack_layer(one: Mapping[str, Any], part: Any) -> Layer:
    classes = tuple(one["classes"])
    maps = {
        View(scale=m["scale"], flip=m["flip"]): np.frombuffer(part(m), "<f2").reshape(len(classes), m["h"], m["w"])
        for m in one["maps"]
    }
    return Layer(one["key"], one["title"], one["subtitle"], classes, tuple(one["scores"]), maps, one["note"])
