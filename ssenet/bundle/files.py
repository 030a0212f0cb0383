"""Contents of a bundle's files: pictures, tables, raw arrays, label maps, figures. Equal inputs give equal bytes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ssenet.data.images import encode_mask_png, encode_png

if TYPE_CHECKING:
    import plotly.graph_objects as go

PLOTLY_JS = "plotly.min.js"
"""The script that every figure of a bundle loads; ``pack_bundle`` puts it in, once."""


def png(rgb: NDArray[np.uint8]) -> bytes:
    """PNG of an (H, W, 3) RGB or (H, W) gray picture."""
    return encode_png(rgb, compress_level=6)


def palette_png(mask: NDArray[np.uint8]) -> bytes:
    """Indexed PNG of labels (H, W), 0 background, 255 ignored, in the colours of PASCAL VOC."""
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise ValueError("a label map is (H, W) uint8")
    return encode_mask_png(mask)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table as CSV in UTF-8. Floats have nine significant digits; None and NaN, which are undefined, are empty.

    Raises:
        ValueError: a row has more or fewer cells than the header.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row of {len(row)} cells under {len(header)} headings")
        writer.writerow([_cell(value) for value in row])
    return buffer.getvalue().encode()


def _cell(value: object) -> object:
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return ""
    return f"{value:.9g}" if isinstance(value, float | np.floating) else value


def npz16(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Compressed npz, never pickled: floating arrays in float16, integers as they are.

    Raises:
        ValueError: an array holds objects, or a finite value that float16 cannot hold.
    """
    buffer = io.BytesIO()
    halves: dict[str, Any] = {name: _half(name, np.asarray(array)) for name, array in sorted(arrays.items())}
    np.savez_compressed(buffer, allow_pickle=False, **halves)
    return buffer.getvalue()


def _half(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    if np.isinf(half).sum() != np.isinf(array).sum():
        raise ValueError(f"{name} has values beyond float16's 65504")
    return half


def figure_html(figure: go.Figure, title: str = "figure") -> bytes:
    """A page with an interactive figure; it loads ``PLOTLY_JS`` from beside itself, so that it works offline."""
    page: str = figure.to_html(include_plotlyjs="directory", full_html=True, div_id="figure")
    return page.replace("<head>", f"<head><title>{_escaped(title)}</title>", 1).encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
