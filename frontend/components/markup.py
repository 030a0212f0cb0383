"""Small pieces of HTML, every text in them escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

STYLE = """
<style>
[data-testid="stMainBlockContainer"] { padding: 2.4rem 2rem 3rem; max-width: 1500px; }
[data-testid="stSidebarUserContent"] { padding-bottom: 1rem; }
button[data-selected="true"][data-variant="pills"], button[data-selected="true"][data-variant="segmented_control"] {
  color: inherit !important; font-weight: 600; }
button[data-variant="segmented_control"] { min-height: 2.35rem; }
[data-testid="stSliderThumbValue"] { color: inherit !important; }
[data-testid="stSidebarHeader"] > :first-child { order: -2; }
[data-testid="stSidebarHeader"]::before { content: "SSENet Lab"; order: -1; margin: 0 auto 0 10px;
  font-size: 1.12rem; font-weight: 600; white-space: nowrap; }
.st-key-menu { margin-bottom: 18px; }
.st-key-menu a { padding: 4px 8px; }
.sl-section { font-size: .8rem; font-weight: 600; opacity: .8; padding: 14px 0 4px 8px; }
.sl-scroll { overflow-x: auto; }
.sl-wait { width: 100%; border-radius: 3px; background: rgba(128,128,128,.16);
  display: flex; align-items: center; justify-content: center; font-size: .82rem; }
.sl-table { border-collapse: collapse; width: 100%; font-size: .9rem; margin: 0; }
.sl-table th, .sl-table td { padding: 5px 10px; text-align: right; border: 0;
  border-bottom: 1px solid rgba(128,128,128,.28); font-variant-numeric: tabular-nums; }
.sl-table th { font-weight: 600; }
.sl-table th.l, .sl-table td.l { text-align: left; }
.sl-card { border: 1px solid rgba(128,128,128,.35); border-radius: 6px; padding: 10px 14px; font-size: .86rem; }
.sl-card dl { display: grid; grid-template-columns: repeat(4, auto 1fr); gap: 3px 10px; margin: 6px 0 0; padding: 0; }
.sl-card dl dt, .sl-card dl dd { font-size: .84rem; line-height: 1.45; margin: 0; padding: 0; }
.sl-card dl dt { font-weight: 600; white-space: nowrap; }
.sl-card dl dd { overflow-wrap: anywhere; }
.sl-card > b { margin-right: 6px; }
.sl-badge { display: inline-block; border-radius: 4px; padding: 1px 8px; font-size: .8rem; font-weight: 600;
  white-space: nowrap; }
.sl-badge.grey { background: #e4e8ec; color: #2b3640; }
.sl-badge.blue { background: #d8e8f5; color: #0f3f63; }
.sl-badge.green { background: #d7eedd; color: #12492a; }
.sl-badge.red { background: #f8dada; color: #7a1414; }
.sl-badge.amber { background: #fbe8c2; color: #5a3d00; }
.sl-bar { display: inline-block; width: calc(100% - 3.4rem); height: 7px; border-radius: 4px; overflow: hidden;
  background: rgba(128,128,128,.25); vertical-align: middle; }
.sl-bar div { height: 100%; background: #2f7fb5; }
.sl-percent { font-size: .84rem; margin-left: .5rem; font-variant-numeric: tabular-nums; }
.sl-status { font-size: .85rem; line-height: 1.5; }
[class*="st-key-worker_"] a { padding-left: 0; }
[class*="st-key-worker_"] a p { text-decoration: underline; }
.sl-note { font-size: .84rem; opacity: .85; overflow-wrap: anywhere; }
.sl-who { font-size: .85rem; line-height: 1.5; margin-bottom: 14px; }
.sl-who b { overflow-wrap: anywhere; }
.sl-who .sl-soon { font-weight: 600; }
.sl-logout { font: inherit; font-weight: 600; color: inherit; background: none; border: 1px solid rgba(128,128,128,.6);
  border-radius: 6px; padding: 2px 10px; margin-top: 6px; cursor: pointer; }
.sl-logout:hover, .sl-logout:focus-visible { border-color: #2e7bae; outline: 2px solid #2e7bae; }
.sl-tiles { display: flex; flex-wrap: wrap; gap: 8px 34px; }
.sl-tiles div { min-width: 7rem; }
.sl-tiles span { display: block; font-size: .84rem; }
.sl-tiles b { display: block; font-size: 1.5rem; font-weight: 600; line-height: 1.3;
  font-variant-numeric: tabular-nums; }
[class*="st-key-card_chosen_"] { border-color: #2e7bae !important; box-shadow: 0 0 0 1px #2e7bae; }
.sl-paper-table { table-layout: fixed; }
.sl-paper-table td.own { font-weight: 600; }
.sl-paper-table td small { font-size: .82rem; font-weight: 400; }
.sl-paper-table .paper { background: rgba(128,128,128,.1); }
[data-testid="stPopoverBody"] .sl-card { width: min(36rem, 80vw); }
[data-testid="stPopoverBody"] .sl-card dl { grid-template-columns: repeat(2, auto 1fr); }
.sl-headline { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 22px; padding: 4px 0; }
.sl-headline span { display: block; font-size: .86rem; }
.sl-headline b { display: block; font-size: 2.1rem; font-weight: 600; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.sl-headline i { font-style: normal; font-size: 1.6rem; opacity: .55; }
.sl-pictures { display: grid; gap: 10px 8px; }
.sl-pictures figure { margin: 0; min-width: 0; }
.sl-pictures figcaption { font-size: .86rem; padding: 0 1px 3px; overflow-wrap: anywhere; }
.sl-pictures figcaption b { font-weight: 600; }
.sl-pictures img { width: 100%; display: block; border-radius: 3px; }
.sl-even img { aspect-ratio: 4 / 3; object-fit: contain; background: rgba(128,128,128,.12); }
.sl-legend { display: flex; flex-wrap: wrap; gap: 3px 14px; font-size: .84rem; }
.sl-legend i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 5px;
  vertical-align: -1px; border: 1px solid rgba(128,128,128,.5); }
.sl-verdict { border-left: 4px solid rgba(128,128,128,.5); padding: 4px 0 4px 16px; }
.sl-verdict p { margin: 0 0 6px; font-size: 1rem; line-height: 1.5; }
.sl-verdict p.first { font-size: 1.25rem; font-weight: 500; }
.sl-pointer { font-size: .82rem; opacity: .85; }
.sl-answer { font-size: 1.18rem; line-height: 1.45; margin: 0; }
.sl-answer span:not(.sl-badge) { font-size: .9rem; }
.st-key-is_it_real a { border: 1px solid #2e7bae; border-radius: 8px; padding: 6px 12px; }
</style>
"""


def data_url(picture: NDArray[np.uint8]) -> str:
    """A small WebP of ``(H, W, 3)`` RGB as a data URL, for the page only; downloads are PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=86, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def image(picture: NDArray[np.uint8], alt: str) -> str:
    """An image with the text that stands for it."""
    return f'<img src="{data_url(picture)}" alt="{escape(alt)}">'


def badge(text: str, colour: str = "grey") -> str:
    """A short coloured label; colour is one of grey, blue, green, red, amber."""
    return f'<span class="sl-badge {colour}">{escape(text)}</span>'


def table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str, *, left: int = 1) -> str:
    """A table; the first ``left`` columns hold words and stand on the left."""
    sides = ["l" if i < left else "" for i in range(len(header))]
    head = "".join(f'<th class="{side}" scope="col">{escape(h)}</th>' for h, side in zip(header, sides, strict=True))
    body = "".join(
        "<tr>" + "".join(f'<td class="{side}">{escape(c)}</td>' for c, side in zip(row, sides, strict=True)) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="sl-scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table class="sl-table">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def tiles(items: Sequence[tuple[str, str, str]]) -> str:
    """Numbers that are read at a glance: (name, value, what it means)."""
    cells = "".join(
        f"<div><span>{escape(name)}</span><b>{escape(value)}</b><span>{escape(meaning)}</span></div>"
        for name, value, meaning in items
    )
    return f'<div class="sl-tiles">{cells}</div>'


def definitions(items: Sequence[tuple[str, str]]) -> str:
    """A list of terms and what they stand for."""
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in items) + "</dl>"


def progress(fraction: float, what: str) -> str:
    """A small bar with its percentage."""
    percent = round(100 * fraction)
    return (
        f'<div class="sl-bar" role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-label="Progress of {escape(what)}"><div style="width:{percent}%"></div></div>'
        f'<span class="sl-percent">{percent} %</span>'
    )
