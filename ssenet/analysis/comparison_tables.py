"""Comparisons as tables: what the command line prints and what goes into a CSV file, from one list of rows."""

from __future__ import annotations

from ssenet.analysis.comparison import Comparison
from ssenet.analysis.differences import Difference
from ssenet.analysis.object_sizes import SizeComparison
from ssenet.analysis.objects import SIZES
from ssenet.bundle import csv_text

Cells = list[object]
HEADER = ["of", "name", "figure", "alpha_a", "alpha_b", "a", "b", "difference", "low", "high", "p", "undefined"]
SIZE_HEADER = ["row", "size", "objects", *HEADER[2:]]
POINT_HEADER = ["checkpoint", "row", "image", "class", "area", "best_alpha", "iou", "fn_ratio", "fp_ratio"]


def comparison_rows(found: Comparison) -> list[Cells]:
    """Every figure of every row, then of every class of the chosen row; ratios as they are, IoU as fractions."""
    rows: list[Cells] = []
    for row in found.rows:
        for figure, one in (("miou", row.miou), ("m_fn", row.m_fn), ("m_fp", row.m_fp)):
            rows.append(["row", row.row, figure, row.alpha_a, row.alpha_b, *_cells(one)])
    chosen = found.row()
    for named in found.classes:
        for figure, ratio in (("iou", named.iou), ("fn/tp", named.fn_ratio), ("fp/tp", named.fp_ratio)):
            if ratio is not None:
                rows.append(["class", named.name, figure, chosen.alpha_a, chosen.alpha_b, *_cells(ratio)])
    return rows


def size_rows(found: SizeComparison) -> list[Cells]:
    """Every figure of every size in every row, and the correlation of area with the best α."""
    rows: list[Cells] = []
    for row_a, row_b, change in zip(found.a.rows, found.b.rows, found.differences, strict=True):
        alphas: Cells = [row_a.alpha, row_b.alpha]
        for size, count, one in zip(SIZES, found.counts, change.sizes, strict=True):
            figures = {"iou": one.iou, "fn/tp": one.fn_ratio, "fp/tp": one.fp_ratio, "best alpha": one.best_alpha}
            rows += [[row_a.row, size, count, name, *alphas, *_cells(figure)] for name, figure in figures.items()]
        rows.append([row_a.row, "all", found.objects, "spearman", *alphas, *_cells(change.correlation)])
    return rows


def point_rows(found: SizeComparison) -> list[Cells]:
    """The listed objects of the chosen row, of A and then of B."""
    return [
        [one.checkpoint, found.choice.row, p.image, p.name, p.area, p.best_alpha, p.iou, p.fn_ratio, p.fp_ratio]
        for one in (found.a, found.b)
        for p in one.points
    ]


def _cells(one: Difference) -> Cells:
    return [one.a, one.b, one.difference, one.low, one.high, one.p, one.undefined]


def comparison_files(found: Comparison, sizes: SizeComparison) -> dict[str, bytes]:
    """What the command line writes and an export holds: the results as JSON, and as CSV."""
    return {
        "comparison.json": found.model_dump_json(indent=1).encode(),
        "comparison.csv": csv_text(HEADER, comparison_rows(found)),
        "object-sizes.json": sizes.model_dump_json(indent=1).encode(),
        "object-sizes.csv": csv_text(SIZE_HEADER, size_rows(sizes)),
        "objects.csv": csv_text(POINT_HEADER, point_rows(sizes)),
    }
