"""The notebook snippet of a bundle: from the raw logits in it to the first map, with nothing but its files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

REDRAW = "redraw.py"
PHOTOGRAPH = "photograph.png"
"""Where the snippet looks for the photograph under the map; without it the map is drawn over white."""

_SNIPPET = """\
# Redraws the first map of this bundle from its raw logits; run it in the folder of the bundle.
import numpy as np
from PIL import Image

from ssenet.render import normalise, overlay, upsample

with np.load({npz!r}, allow_pickle=False) as arrays:
    logits = arrays[{array!r}].astype(np.float32)  # raw coarse logits (K, h, w)
index = {index}{which}
{photograph}
score = normalise(np.maximum(upsample(logits[index : index + 1], photograph.shape[:2]), 0), "eq3")[0]
Image.fromarray(overlay(photograph, score, alpha={alpha})).save("redrawn.png")
"""


def redraw_snippet(files: Mapping[str, bytes], protocol: Mapping[str, Any]) -> str | None:
    """Python that draws the first array (K, h, w) of the first npz; None when there is none.

    Args:
        files: the bundle's files by name; ``photograph.png`` is drawn under the map.
        protocol: ``classes`` (names in the order of the maps) and ``class`` choose the map, ``alpha`` the contour.
    """
    found = _first_maps(files)
    if found is None:
        return None
    npz, array, many = found
    classes, wanted = list(protocol.get("classes") or ()), protocol.get("class")
    known = wanted in classes and len(classes) == many  # the first map may be another network's
    photograph = f'photograph = np.asarray(Image.open("{PHOTOGRAPH}").convert("RGB"))'
    blank = "photograph = np.full((16 * logits.shape[1], 16 * logits.shape[2], 3), 255, np.uint8)"
    alpha = protocol.get("alpha")
    return _SNIPPET.format(
        npz=npz,
        array=array,
        index=classes.index(wanted) if known else "int(logits.mean(axis=(1, 2)).argmax())",
        which=f"  # {str(wanted).splitlines()[0]}" if known else "  # the class that scores highest",
        photograph=photograph if PHOTOGRAPH in files else blank,
        alpha=float(alpha) if isinstance(alpha, float | int) else 0.2,
    )


def _first_maps(files: Mapping[str, bytes]) -> tuple[str, str, int] | None:
    """File, key and number of maps K of the first array (K, h, w)."""
    for name in sorted(files):
        if not name.endswith(".npz"):
            continue
        with np.load(io.BytesIO(files[name]), allow_pickle=False) as arrays:
            for key in arrays.files:
                array = arrays[key]
                if array.ndim == 3 and array.dtype.kind == "f" and array.size:
                    return name, key, len(array)
    return None
