"""What can be taken away from the CRF page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from frontend import schemas as s
from ssenet.bundle import Bundle, command, csv_text, figure_html, palette_png, png
from ssenet.data.images import decode_image, working_image
from ssenet.protocol import ViewProtocol
from ssenet.refine.pictures import label_overlay, titled_strip
from ssenet.refine.scrub import Frames, ScrubSettings
from ssenet.refine.scrub_figures import TITLES, agreement_figure, area_figure, change_figure
from ssenet.refine.scrub_report import CrfReport, csv_rows


@dataclass(frozen=True)
class Refined:
    """What the page shows of one photograph.

    Attributes:
        made: the frames.
        packed: the same as npz.
        report: on them.
        scales: of the views behind the maps.
    """

    checkpoint: s.Checkpoint
    made: Frames
    packed: bytes
    report: CrfReport
    scales: Sequence[float]
    flip: bool
    protocol: ViewProtocol


def line(refined: Refined) -> str:
    """The command that makes the frames again beside the bundle's photograph."""
    settings: ScrubSettings = refined.report.settings
    background = (
        ["--power-low", f"{settings.power_low:g}", "--power-high", f"{settings.power_high:g}"]
        if settings.alpha is None
        else ["--alpha", f"{settings.alpha:g}"]
    )
    classes = [word for name in refined.report.classes for word in ("--class", name)]
    mask = ["--mask", "truth.png"] if refined.made.truth is not None else []
    return command(
        "ssenet", "crf-steps", refined.checkpoint.id, "photograph.png",
        "--scales", ",".join(f"{scale:g}" for scale in refined.scales), "--flip" if refined.flip else "--no-flip",
        *classes, "--crf", settings.preset, *background, "--iterations", str(settings.iterations), *mask,
        "--out", "again",
    )  # fmt: skip


def bundle(refined: Refined, iteration: int, fetch: Callable[[], bytes], address: str) -> Bundle:
    """Frames, label maps of the chosen iteration, numbers and figures.

    Args:
        refined: what is shown.
        iteration: whose label maps are drawn.
        fetch: gives the PNG of the photograph at full size.
        address: of the view.
    """
    photograph = fetch()
    report, made = refined.report, refined.made
    files = {
        "photograph.png": photograph,
        "frames.npz": refined.packed,
        "steps.csv": csv_text(*csv_rows(report)),
        "report.json": report.model_dump_json(indent=1).encode(),
        "changes.html": figure_html(change_figure(report, iteration), "Pixels that change label"),
        f"strip-{iteration:02d}.png": strip_png(refined, iteration, photograph),
    }
    shown = agreement_figure(report, iteration) if report.truth else area_figure(report, iteration)
    files["agreement.html" if report.truth else "area.html"] = figure_html(shown, "Against the iteration")
    for name, labels in made.labels.items():
        files[f"{name}-{iteration:02d}.png"] = palette_png(labels[iteration])
    if made.truth is not None:
        files["truth.png"] = palette_png(made.truth)
    notes = f"Label maps after {iteration} of {report.settings.iterations} iterations; frames.npz holds all of them."
    return Bundle("crf-steps", files, (line(refined),), address, refined.protocol.of_bundle(), notes)


def strip_png(refined: Refined, iteration: int, photograph: bytes) -> bytes:
    """Photograph, variants at ``iteration`` and truth side by side."""
    image = working_image(decode_image(photograph))
    panels = {"photograph": image}
    for name, labels in refined.made.labels.items():
        panels[TITLES[name]] = label_overlay(image, labels[iteration])
    if refined.made.truth is not None:
        panels["ground truth"] = label_overlay(image, refined.made.truth)
    return png(titled_strip(panels))
