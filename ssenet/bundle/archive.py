"""The zip: files, a script that redraws, a README and, last, the manifest. Equal bundles are equal bytes."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from ssenet import __version__
from ssenet.bundle.files import PLOTLY_JS
from ssenet.bundle.redraw import REDRAW, redraw_snippet
from ssenet.results import CAM_VERSION

MANIFEST, README = "manifest.json", "README.txt"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._=+-]*(/[A-Za-z0-9_][A-Za-z0-9 ._=+-]*)*")
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESERVED = (MANIFEST, README, REDRAW, PLOTLY_JS)
_COMPRESSED = (".png", ".npz", ".jpg", ".webp", ".zip")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first day a zip can name: when it was packed is not its content


@dataclass(frozen=True)
class Bundle:
    """What is exported of a view.

    Attributes:
        stem: name of the zip without its ending, and of its folder in a batch.
        files: contents by name; an ``.html`` made by ``figure_html`` lies at the top.
        commands: exact command lines that make the files again, quoted as ``command`` does it.
        address: address of the view that it came from; empty when it came from no page.
        protocol: how the numbers came about; what JSON holds.
        notes: anything a reader must know, in words.
    """

    stem: str
    files: Mapping[str, bytes]
    commands: tuple[str, ...]
    address: str
    protocol: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""


def command(*words: object) -> str:
    """A command line that a shell takes apart into exactly ``words``."""
    return shlex.join(str(word) for word in words)


def fetch_commands(service: str, checkpoint: str) -> tuple[str, ...]:
    """Command lines that bring a service's checkpoint to where ``ssenet cam`` finds it: a folder of its id.

    Args:
        service: base address of the API, without ``/api/v1``.
        checkpoint: its id.
    """
    files = {"card.json": "card", "weights.safetensors": "weights"}
    url = f"{service.rstrip('/')}/api/v1/checkpoints/{checkpoint}"
    return tuple(
        command("curl", "-fsS", "--create-dirs", "-o", f"{checkpoint}/{name}", f"{url}/{what}")
        for name, what in files.items()
    )


def manifest(bundle: Bundle) -> dict[str, Any]:
    """What ``manifest.json`` says, without the files that ``pack_bundle`` adds itself."""
    return {
        "format": 1,
        "name": bundle.stem,
        "address": bundle.address,
        "commands": list(bundle.commands),
        "protocol": dict(bundle.protocol),
        "notes": bundle.notes,
        "versions": {
            "ssenet-lab": __version__,
            "cam": CAM_VERSION,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "notebook": redraw_snippet(bundle.files, bundle.protocol),
        "files": [_entry(name, data) for name, data in sorted(bundle.files.items())],
    }


def _entry(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def pack_bundle(bundle: Bundle) -> bytes:
    """The zip: files by name, then the manifest. Equal bundles give equal bytes, whenever they are packed.

    Raises:
        ValueError: a name that is no plain relative path or that the bundle uses itself, a command line that a
            shell could not take apart, or a protocol that JSON cannot hold.
    """
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, data in contents(bundle):
            archive.writestr(entry_info(name), data)
    return buffer.getvalue()


def contents(bundle: Bundle) -> list[tuple[str, bytes]]:
    """Every file of the zip in its order, what is added included. Raises ValueError as ``pack_bundle``."""
    _check(bundle)
    said = manifest(bundle)
    added = {README: readme(bundle).encode()}
    if said["notebook"] is not None:
        added[REDRAW] = said["notebook"].encode()
    if any(name.endswith(".html") for name in bundle.files):
        added[PLOTLY_JS] = _plotly_js()
    said["files"] = [_entry(name, data) for name, data in sorted({**bundle.files, **added}.items())]
    text = json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return [*sorted({**bundle.files, **added}.items()), (MANIFEST, text.encode())]


def readme(bundle: Bundle) -> str:
    """The few lines that a person reads first."""
    lines = [f"{bundle.stem}: exported by SSENet Lab {__version__}.", ""]
    if bundle.notes:
        lines += [bundle.notes, ""]
    if bundle.commands:
        lines += ["Made again, in this folder, by:", *(f"  {line}" for line in bundle.commands), ""]
    if bundle.address:
        lines += [f"The view: {bundle.address}", ""]
    lines += [f"{MANIFEST} has the protocol behind every number, and the sha256 of every file."]
    if redraw_snippet(bundle.files, bundle.protocol) is not None:
        lines += [f"python {REDRAW} (or a notebook cell with its text) redraws the first map from the raw logits."]
    return "\n".join(lines) + "\n"


def _check(bundle: Bundle) -> None:
    if not _STEM.fullmatch(bundle.stem):
        raise ValueError(f"not a name for a bundle: {bundle.stem!r}")
    for name in bundle.files:
        if not _NAME.fullmatch(name) or ".." in name:
            raise ValueError(f"not a plain relative file name: {name!r}")
        if name in _RESERVED:
            raise ValueError(f"{name} is a file that every bundle makes itself")
        if name.endswith(".html") and "/" in name:
            raise ValueError(f"{name} would not find {PLOTLY_JS} beside itself")
    for line in bundle.commands:
        if not shlex.split(line):
            raise ValueError("an empty command line")


def entry_info(name: str) -> ZipInfo:
    """How a file stands in a zip: nothing in it but its name and its content's kind."""
    info = ZipInfo(name, _LONG_AGO)
    info.compress_type = ZIP_STORED if name.endswith(_COMPRESSED) else ZIP_DEFLATED
    info.create_system, info.external_attr = 3, 0o644 << 16  # the same on every system
    return info


def _plotly_js() -> bytes:
    from plotly.offline import get_plotlyjs

    return get_plotlyjs().encode()
