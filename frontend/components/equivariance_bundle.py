"""What can be taken away from the Equivariance page: pictures, figures, matrices, raw maps, and how to make them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from frontend import schemas as s
from frontend.components import equivariance_view as show
from frontend.components.inspect_bundle import safe
from frontend.components.protocol import view_protocol
from ssenet.analysis.equivariance import ScaleMatrices, transformation
from ssenet.analysis.equivariance_figures import scale_matrices_figure
from ssenet.analysis.equivariance_pictures import COLUMNS, sheet
from ssenet.bundle import Bundle, command, csv_text, figure_html, npz16, png
from ssenet.data.images import decode_image, working_image
from ssenet.protocol import ViewProtocol
from ssenet.results import View

MATRIX_HEADER = ("class", "network", "scale", "other_scale", "distance", "correlation", "iou")
CSV_HEADER = ("class", "network", "probability", "equivariance_error", "mean_difference", "raw_difference_logits")
NOTES = (
    "errors.csv and scales.csv hold the figures, taken on the grid that the manifest names; an empty cell is "
    "undefined. cams.npz holds raw coarse logits (K, h, w) in float16, one array a checkpoint and view; those of a "
    "turned or shifted view lie in the warped frame, and a mirrored view is mirrored back. No ground truth is in any "
    "of it."
)
OWN = (
    " The command line knows built-in checkpoints by their id; for one that was trained here or imported, give the "
    "folder of its run instead of its id."
)


@dataclass(frozen=True)
class Shown:
    """Everything the page shows of one photograph.

    Attributes:
        rows: the networks.
        class_name: whose maps are shown.
        best: whether that class was taken because it scores highest.
        view: A.
        scales: rows and columns of the matrices.
    """

    photograph: s.Image
    rows: Sequence[show.Measured]
    class_name: str
    best: bool
    view: View
    alpha: float
    scales: Sequence[float]

    @property
    def matrix_scales(self) -> tuple[float, ...]:
        """Of the matrices."""
        return tuple(sorted(self.scales))

    @property
    def matrices(self) -> list[tuple[str, ScaleMatrices]]:
        """Those of the shown class, by network; one whose maps are not all there has none yet."""
        whole = [row for row in self.rows if row.report.scales == self.matrix_scales]
        return [(row.seen.label, one) for row in whole for one in row.report.matrices if one.name == self.class_name]

    @cached_property
    def protocol(self) -> ViewProtocol:
        """How the figures came about."""
        return view_protocol(
            self.photograph,
            [row.seen.checkpoint for row in self.rows],
            scales=tuple(sorted({1.0, self.view.scale, *self.scales})),
            flip=self.view.flip,
            transformation=transformation(self.view),
            label_source="predicted" if self.best else "all",
            classes_shown=(self.class_name,),
            alpha=self.alpha,
        )


def commands(shown: Shown) -> tuple[str, ...]:
    """The lines that compute the figures, pictures and raw maps again, one a network."""
    view = shown.view
    moved = {"--rotation": view.rotation, "--shift-x": view.shift_x, "--shift-y": view.shift_y}
    words = [f"{name}={value:g}" for name, value in moved.items() if value]
    return tuple(
        command(
            "ssenet", "equivariance", row.seen.checkpoint.id, "photograph.png", "--scale", f"{view.scale:g}",
            "--flip" if view.flip else "--no-flip", *words,
            *(word for one in row.report.errors for word in ("--class", one.name)),
            "--alpha", f"{shown.alpha:g}", "--scales", ",".join(f"{scale:g}" for scale in shown.matrix_scales),
            "--out", f"again/{safe(row.seen.label)}",
        )
        for row in shown.rows
    )  # fmt: skip


def bundle(shown: Shown, photograph: bytes, address: str) -> Bundle:
    """Everything the page shows.

    Args:
        shown: with all maps there.
        photograph: its PNG at full size.
        address: of the view.
    """
    x = working_image(decode_image(photograph))
    ax = show.warped_for(x, shown.view, shown.rows)
    logits = {f"{row.seen.label}/{view.name}": maps for row in shown.rows for view, maps in row.seen.coarse.items()}
    files = {
        "photograph.png": photograph,
        "transformed.png": png(ax),
        "maps.png": png(_sheet(shown, x, ax)),
        "errors.csv": csv_text(CSV_HEADER, show.cells(shown.rows)),
        "scales.csv": csv_text(MATRIX_HEADER, _matrix_rows(shown)),
        "cams.npz": npz16(logits),
    }
    if shown.matrices:
        figure = scale_matrices_figure(shown.matrices, shown.matrix_scales, shown.alpha)
        files["scales.html"] = figure_html(figure, "Scale against scale")
    stem = f"equivariance-{(shown.photograph.sha or shown.photograph.id)[:8]}"
    own = not all(row.seen.checkpoint.builtin for row in shown.rows)
    return Bundle(stem, files, commands(shown), address, _protocol(shown), NOTES + OWN * own)


def _protocol(shown: Shown) -> dict[str, object]:
    report = shown.rows[0].report
    return shown.protocol.of_bundle(
        view=shown.view.model_dump(mode="json"),
        grid=list(report.size),
        valid_area=report.valid_area,
        classes=list(shown.rows[0].seen.checkpoint.classes),
    ) | {"class": shown.class_name}


def _sheet(shown: Shown, x: show.Rgb, ax: show.Rgb) -> show.Rgb:
    drawn = show.drawn(x, ax, shown.rows, shown.view, shown.alpha)
    lines, peak = [], 0.0
    for row, one in zip(shown.rows, drawn, strict=True):
        if one is not None and row.shown is not None:
            error = "undefined" if row.shown.error is None else f"{row.shown.error:.3f}"
            text = f"{row.title} · {shown.class_name}: equivariance error {error}"
            lines.append((text, [x, ax, *one.pictures.values()]))
            peak = one.raw_peak
    ends = f"Colours end at 1 (Eq. 3) and at {peak:.2f} logits (raw)."
    return sheet(["x", "Ax", *COLUMNS.values()], lines, f"A: {transformation(shown.view)}. α = {shown.alpha:g}. {ends}")


def _matrix_rows(shown: Shown) -> Iterator[tuple[object, ...]]:
    for row in shown.rows:
        for one in row.report.matrices:
            for i, first in enumerate(row.report.scales):
                for j, second in enumerate(row.report.scales):
                    measures = (one.distance[i][j], one.correlation[i][j], one.iou[i][j])
                    yield one.name, row.seen.label, first, second, *measures
