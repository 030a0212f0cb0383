"""One of the paper's tables: own figures in bold, the paper's in italics and named so. Pure functions."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from html import escape

from frontend import schemas as s

NAMES = {
    1: "Table 1: downsampling rate of the small branch",
    2: "Table 2: range of scales in training",
    3: "Table 3: the segmentation network",
}
RUNS = {
    1: "Run pipelines that train a CAM network: the baseline, and SSENet at several rates (Advanced, CAM network).",
    2: "Run pipelines whose CAM training differs in scale_min and scale_max (Advanced, CAM network).",
    3: "Run a pipeline to its end, the segmentation test.",
}
"""What fills a table."""


def has_own(table: s.Table) -> bool:
    """Whether any run here has put a figure into it."""
    return any(cell.source == "own" and cell.value is not None for row in table.rows for cell in row.cells)


def setting(table: s.Table) -> str:
    """What holds for all own figures of the table: its title without what the heading says anyway."""
    return table.title.partition(" · ")[2] or table.title


def table_html(table: s.Table) -> str:
    """The table; the paper's columns are marked as such in every cell."""
    sources = [table.rows[0].cells[i].source if table.rows else "own" for i in range(len(table.columns))]
    head = "".join(
        f'<th class="{source}" scope="col">{escape(name)}</th>'
        for name, source in zip(table.columns, sources, strict=True)
    )
    body = "".join(
        f'<tr><td class="l">{escape(row.label)}</td>{"".join(_cell(cell) for cell in row.cells)}</tr>'
        for row in table.rows
    )
    label = escape(f"Table {table.number}: {table.title}")
    return (
        f'<div class="sl-scroll" tabindex="0" role="region" aria-label="{label}">'
        f'<table class="sl-table sl-paper-table"><thead><tr><th class="l" scope="col">mIoU (%)</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(cell: s.Cell) -> str:
    if cell.value is None:
        return f'<td class="{cell.source}">–</td>'
    if cell.source == "paper":
        return f'<td class="paper"><i>{cell.value:.1f}</i></td>'
    spread = f" ± {cell.spread:.1f}" if cell.spread is not None else ""
    runs = f" <small>({cell.runs} {'run' if cell.runs == 1 else 'runs'})</small>"
    return f'<td class="own">{cell.value:.1f}{spread}{runs}</td>'


def tables_csv(tables: Iterable[s.Table]) -> str:
    """All cells with a value, a line each."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["table", "title", "row", "column", "miou_percent", "spread", "runs", "source"])
    for table in tables:
        for row in table.rows:
            for name, cell in zip(table.columns, row.cells, strict=True):
                if cell.value is not None:
                    spread = "" if cell.spread is None else f"{cell.spread:.4f}"
                    runs = cell.runs if cell.source == "own" else ""
                    writer.writerow(
                        [table.number, table.title, row.label, name, f"{cell.value:.4f}", spread, runs, cell.source]
                    )
    return buffer.getvalue()
