"""Readers of the pickled dictionaries that the released code writes as ``.npy``. Free of torch.

Unpickling can run code, so only what those files are made of is let through: arrays, their
types and the text encoding of their bytes. Meant for files of the operator's own; the
service never reads one.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ssenet.errors import DatasetError
from ssenet.refine.maps import ScoreMaps

_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}
_HEADERS: dict[tuple[int, int], Callable[[BinaryIO], tuple[Any, bool, np.dtype[Any]]]] = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}
_DAMAGED = (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, MemoryError)


class _ArraysOnly(pickle.Unpickler):
    """Refuses every name but those that arrays are rebuilt with."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it wants to use {module}.{name}, which no array needs")
        # The old module name still exists in today's numpy, but warns.
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_cam(path: Path) -> ScoreMaps:
    """CAMs of one photograph, written as {class index: (H, W)}.

    Raises:
        DatasetError: the file is something else, or is damaged.
    """
    found = _maps(path)
    classes = np.array(sorted(found), np.int64)
    return ScoreMaps(classes, _stacked(path, [found[int(k)] for k in classes]), None)


def read_crf(path: Path) -> ScoreMaps:
    """CRF scores of one photograph, written as {0: background, class index + 1: (H, W)}.

    Raises:
        DatasetError: the file is something else, or is damaged.
    """
    found = _maps(path)
    if 0 not in found:
        raise DatasetError(f"{path} has no background (key 0), so it holds no CRF scores; CAM files have none.")
    keys = sorted(found)
    stacked = _stacked(path, [found[key] for key in keys])
    return ScoreMaps(np.array(keys[1:], np.int64) - 1, stacked[1:], stacked[0])


def read_image_labels(path: Path) -> dict[str, NDArray[np.float32]]:
    """Image-level labels written as {image id: (K,) of 0 and 1}.

    Raises:
        DatasetError: the file is something else, or is damaged.
    """
    found = read_dictionary(path)
    labels = {key: np.asarray(value) for key, value in found.items() if isinstance(key, str)}
    if len(labels) != len(found) or len({value.shape for value in labels.values()}) > 1:
        raise DatasetError(f"{path} does not hold one vector of labels for each image id.")
    if not all(value.ndim == 1 and np.isin(value, (0, 1)).all() for value in labels.values()):
        raise DatasetError(f"{path} holds labels that are neither 0 nor 1.")
    return {key: value.astype(np.float32) for key, value in labels.items()}


def read_dictionary(path: Path) -> dict[Any, Any]:
    """The dictionary that a ``.npy`` file holds as its one object.

    Raises:
        DatasetError: there is no such file, it holds something else, or anything but arrays.
    """
    try:
        with path.open("rb") as file:
            held = _held(file)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error
    except _DAMAGED as error:
        raise DatasetError(f"{path} is not one of the released code's .npy dictionaries: {error}.") from error
    if not isinstance(held, dict):
        raise DatasetError(f"{path} holds no dictionary.")
    return held


def _held(file: BinaryIO) -> Any:
    version = npy.read_magic(file)
    shape, _, dtype = _HEADERS[version](file)
    if not dtype.hasobject or shape != ():
        raise ValueError("it is a plain array")
    return _ArraysOnly(file, encoding="latin1").load().item()


def _maps(path: Path) -> dict[int, NDArray[np.float32]]:
    found = read_dictionary(path)
    if not all(isinstance(key, int) and 0 <= key <= 254 for key in found):
        raise DatasetError(f"{path} has keys that are no class indices.")
    return {int(key): np.asarray(value) for key, value in found.items()}


def _stacked(path: Path, maps: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(k, H, W), finite. Raises DatasetError otherwise."""
    if not maps:
        raise DatasetError(f"{path} holds no maps.")
    if len({m.shape for m in maps}) != 1 or maps[0].ndim != 2 or not all(m.dtype.kind == "f" for m in maps):
        raise DatasetError(f"{path} does not hold floating-point maps of one size.")
    stacked = np.stack(maps).astype(np.float32)
    if not np.isfinite(stacked).all():
        raise DatasetError(f"{path} holds values that are not finite.")
    return stacked
