"""What leaves the product: one zip with pictures, figures, numbers and raw maps, and how to make them again.

The same functions serve the pages, the API and the command line. Free of torch.
"""

from ssenet.bundle.archive import (
    MANIFEST,
    README,
    Bundle,
    command,
    contents,
    entry_info,
    fetch_commands,
    manifest,
    pack_bundle,
)
from ssenet.bundle.cams import cam_command, cams_bundle
from ssenet.bundle.files import PLOTLY_JS, csv_text, figure_html, npz16, palette_png, png
from ssenet.bundle.look import Look, known_colours
from ssenet.bundle.redraw import PHOTOGRAPH, REDRAW, redraw_snippet
from ssenet.bundle.svg import Cell, contour_path, svg_strip

__all__ = [
    "MANIFEST",
    "PHOTOGRAPH",
    "PLOTLY_JS",
    "README",
    "REDRAW",
    "Bundle",
    "Cell",
    "Look",
    "cam_command",
    "cams_bundle",
    "command",
    "contents",
    "contour_path",
    "csv_text",
    "entry_info",
    "fetch_commands",
    "figure_html",
    "known_colours",
    "manifest",
    "npz16",
    "pack_bundle",
    "palette_png",
    "png",
    "redraw_snippet",
    "svg_strip",
]
