"""Checking of uploaded weights. Nothing is unpickled and no tensor is made: only the header is read."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from backend.problems import FieldError, Problem, invalid, pointer
from ssenet.config import CamTrainSettings, NetworkRole, SegmentationTrainSettings
from ssenet.files import flush_file
from ssenet.results import CheckpointCard

_HEADER_LIMIT = 8 * 2**20
_CARD_LIMIT = 2**20
_CHUNK = 2**20
_FLOATS = frozenset({"F16", "BF16", "F32"})
_COUNTERS = frozenset({"I64", "I32"})
_HEADS: dict[NetworkRole, tuple[str, ...]] = {
    "cam": ("classifier.weight", "fc8.weight"),  # of timm backbones, and of ResNet38 as released
    "affinity": ("f9.weight",),
    "segmentation": ("classifier.weight",),
}
"""The last layer of each kind of network."""
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"


def read_card(file: BinaryIO) -> CheckpointCard:
    """The card of an upload.

    Raises:
        Problem: 422, not a card, or one that names something that is not a plain backbone.
    """
    data = file.read(_CARD_LIMIT + 1)
    if len(data) > _CARD_LIMIT:
        raise Problem(413, "too-large", "The card is larger than 1 MiB.")
    try:
        card = CheckpointCard.model_validate_json(data)
    except ValidationError as error:
        errors = [FieldError(pointer=f"/card{pointer(e['loc'])}", message=e["msg"]) for e in error.errors()]
        text = "; ".join(f"{e.pointer}: {e.message}" for e in errors[:5])
        raise Problem(422, "card", f"The card is not a checkpoint card: {text}", errors) from None
    if not _is_backbone(card.backbone):
        raise invalid("/card/backbone", f"{card.backbone!r} is no name of a backbone.")
    if card.role == "segmentation" and not isinstance(card.settings, SegmentationTrainSettings):
        raise invalid("/card/settings", "A segmentation network is built by its training settings; the card has none.")
    return card


def _is_backbone(name: str) -> bool:
    """Only plain names: timm also takes addresses to load models from."""
    limits = CamTrainSettings.model_json_schema()["properties"]["backbone"]
    return re.fullmatch(limits["pattern"], name) is not None


def copy_and_hash(source: BinaryIO, target: Path, limit: int) -> tuple[str, int]:
    """Copy an upload, all of it to the disk; returns its sha256 and size.

    Raises:
        Problem: 413, it is larger than ``limit`` bytes.
    """
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as out:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise Problem(413, "too-large", f"Weights may have {limit / 2**20:.4g} MiB.")
            digest.update(chunk)
            out.write(chunk)
    flush_file(target)  # now, and not while all others wait for the transaction that takes it up
    return digest.hexdigest(), size


def check_weights(path: Path, size: int, card: CheckpointCard) -> None:
    """Check that a file is safetensors, complete, and of the kind that the card describes.

    Raises:
        Problem: 422 that says why not.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith((_ZIP, _PICKLE)):
        raise invalid("/weights", "This is a pickled PyTorch file, which could run code. Convert it to safetensors.")
    if len(start) < 8 or not 2 <= int.from_bytes(start, "little") <= min(_HEADER_LIMIT, size - 8):
        raise invalid("/weights", "This is not a safetensors file, or it is cut off.")
    try:
        with safe_open(str(path), framework="numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118  (not a dict)
                part = tensors.get_slice(name)
                if part.get_dtype() not in _FLOATS | _COUNTERS:
                    raise invalid("/weights", f"Tensor {name!r} has the type {part.get_dtype()}; floats are expected.")
            _check_head(tensors, card)
    except SafetensorError as error:
        raise invalid("/weights", f"The safetensors file is damaged: {error}") from None


def _check_head(tensors: Any, card: CheckpointCard) -> None:
    names = [name for name in _HEADS[card.role] if name in tensors.keys()]  # noqa: SIM118
    if not names:
        wanted = _HEADS[card.role][0]
        text = f"The weights have no tensor {wanted!r}: they are not of a network of the kind {card.role}."
        raise invalid("/weights", text)
    if card.role == "affinity":
        return  # it knows no classes
    rows = tensors.get_slice(names[0]).get_shape()[0] - (1 if card.role == "segmentation" else 0)  # less background
    if rows != len(card.classes):
        raise invalid("/weights", f"The weights are for {rows} classes, and the card names {len(card.classes)}.")
