"""Reader of MXNet ``.params`` files, and ResNet38's ImageNet weights in one.

Every length is bounded by the bytes that are left: nothing is executed or unpickled.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ssenet.errors import CheckpointError

FILE_NAME = "ilsvrc-cls_rna-a1_cls1000_ep-0001.params"
MD5 = "ff21f45d6bf03284100dcbec571edfad"
"""Of the published ImageNet weights of ResNet38 A1."""

_HEADER = 0x112
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_DTYPES = (np.float32, np.float64, np.float16, np.uint8, np.int32, np.int8, np.int64)
_MAX_DIMENSIONS = 8
_BATCH_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_var": "running_var"}


class _Bytes:
    """A cursor that refuses to read past the end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise CheckpointError("The .params file ends early or is damaged. Download it again.")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form: str) -> int:
        return int(struct.unpack("<" + form, self.take(struct.calcsize(form)))[0])


def read_params(data: bytes) -> dict[str, NDArray[np.generic]]:
    """Arrays by name, of all three versions of the format.

    Raises:
        CheckpointError: not such a file, damaged, or with sparse arrays.
    """
    source = _Bytes(data)
    if source.number("Q") != _HEADER or source.number("Q") != 0:
        raise CheckpointError("This is not an MXNet .params file.")
    arrays = [_array(source) for _ in range(_count(source))]
    names = [source.take(source.number("Q")).decode("utf-8") for _ in range(_count(source))]
    if len(names) != len(arrays):
        raise CheckpointError("The .params file names another number of arrays than it holds.")
    return dict(zip(names, arrays, strict=True))


def _count(source: _Bytes) -> int:
    count = source.number("Q")
    if count > len(source.data) - source.at:
        raise CheckpointError("The .params file claims more arrays than it has bytes.")
    return count


def _array(source: _Bytes) -> NDArray[np.generic]:
    magic = source.number("I")
    if magic in (_V2, _V3) and source.number("i") != 0:
        raise CheckpointError("The .params file holds sparse arrays, which ResNet38 does not have.")
    versioned = magic in (_V1, _V2, _V3)
    dimensions = source.number("i") if versioned else magic
    if not 0 <= dimensions <= _MAX_DIMENSIONS:
        raise CheckpointError("The .params file holds an array of impossible shape.")
    shape = [source.number("q" if versioned else "I") for _ in range(dimensions)]
    if not shape:
        return np.empty(0, np.float32)
    source.take(8)  # device type and id: of no meaning here
    kind = source.number("i")
    if not 0 <= kind < len(_DTYPES) or min(shape) < 0:
        raise CheckpointError("The .params file holds an array of unknown type or negative size.")
    dtype = np.dtype(_DTYPES[kind])
    size = 1
    for side in shape:
        size *= side  # Python integers: no overflow hides a huge claim
    return np.frombuffer(source.take(size * dtype.itemsize), dtype).reshape(shape)


def resnet38_key(name: str) -> str | None:
    """Key of our ResNet38 for a name of the published file; None for its 1000-class classifier."""
    kind, _, rest = name.partition(":")
    if rest.startswith("linear1000"):
        return None
    convolution = re.fullmatch(r"(?:res(\w+?)_(branch\w+)|conv1a)_weight", rest)
    if kind == "arg" and convolution:
        level, branch = convolution.groups()
        return f"{_block(level)}.conv_{branch}.weight" if level else "conv1a.weight"
    norm = re.fullmatch(r"bn(\w+?)(?:_(branch\w+?))?_(gamma|beta|moving_mean|moving_var)", rest)
    if norm:
        level, branch, part = norm.groups()
        layer = f"{_block(level)}.bn_{branch}" if branch else f"bn{level}"
        return f"{layer}.{_BATCH_NORM[part]}"
    raise CheckpointError(f"The .params file holds {name!r}, which ResNet38 A1 does not have.")


def _block(level: str) -> str:
    """2a → b2, 2b1 → b2_1; the single block of levels 6 and 7 is 6a and 7a."""
    number, index = re.fullmatch(r"(\d)(?:a|b(\d+))", level).groups()  # type: ignore[union-attr]
    return f"b{number}_{index}" if index else f"b{number}"


def resnet38_state(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, Tensor]:
    """State dict of the backbone (no fc8) from the published file's arrays."""
    keys = {name: resnet38_key(name) for name in arrays}
    return {key: torch.from_numpy(np.array(arrays[name], np.float32)) for name, key in keys.items() if key}


def find_resnet38_weights() -> Path | None:
    """The published file in the operator's folder ``SSENET_WEIGHTS_DIR``, if it is there."""
    folder = os.environ.get("SSENET_WEIGHTS_DIR")
    path = Path(folder) / FILE_NAME if folder else None
    return path if path and path.is_file() else None


def load_resnet38(path: Path) -> dict[str, Tensor]:
    """The published ImageNet weights from a local file.

    Raises:
        CheckpointError: not the published file.
    """
    data = path.read_bytes()
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != MD5:
        raise CheckpointError(f"{path.name} is not the published ResNet38 A1 file: its MD5 is not {MD5}.")
    return resnet38_state(read_params(data))
