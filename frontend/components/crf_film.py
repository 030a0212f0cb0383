"""What the CRF page shows of its frames: panels, numbers in words."""

from __future__ import annotations

from collections.abc import Sequence

from frontend.components.scrubber import Film, Panel
from ssenet.refine.scrub import Frames
from ssenet.refine.scrub_figures import TITLES
from ssenet.refine.scrub_report import UNSURE, CrfReport, VariantSteps


def film(made: Frames, report: CrfReport, photograph: bytes, names: Sequence[str]) -> Film:
    """Panels from left to right: photograph, variants, truth where known.

    Args:
        made: frames.
        report: on them.
        photograph: its bytes.
        names: of all classes of the network.
    """
    blank = next(iter(made.labels.values()))[:1] * 0
    panels = [Panel("Photograph", "", blank)]
    for variant in report.variants:
        trusted = variant.name == "affinity"
        title = TITLES[variant.name].capitalize() if not trusted else TITLES[variant.name]
        subtitle = "" if trusted else variant.background
        panels.append(Panel(title, subtitle, made.labels[variant.name], readouts(variant), shadow=trusted))
    if made.truth is not None:
        panels.append(Panel("Ground truth", "", made.truth[None]))
    return Film(photograph, panels, names, report.settings.iterations)


def readouts(variant: VariantSteps) -> list[str]:
    """A line for each iteration."""
    return [_readout(variant, step) for step in range(len(variant.changed))]


def _readout(variant: VariantSteps, step: int) -> str:
    parts = []
    if variant.miou is not None:
        parts.append(f"mIoU {percent(variant.miou[step])}")
    if variant.name == "affinity":
        parts.append(f"{percent(1 - _ignored(variant, step))} labelled")
    if variant.right is not None:
        parts.append(f"{percent(variant.right[step])} of them right")
    return " · ".join([*parts, f"{percent(variant.changed[step])} changed"] if step else parts)


def _ignored(variant: VariantSteps, step: int) -> float:
    return variant.area.get(UNSURE, (0.0,) * (step + 1))[step]


def percent(share: float | None) -> str:
    """A share as a percentage; a dash for None."""
    return "–" if share is None else f"{100 * share:.1f} %"


def headline(report: CrfReport, iteration: int) -> list[tuple[str, str, str]]:
    """Tiles: name, value after ``iteration``, what it was before."""
    return [tile for variant in report.variants for tile in _tiles(variant, iteration)]


def _tiles(variant: VariantSteps, step: int) -> list[tuple[str, str, str]]:
    name, moved = TITLES[variant.name], f"{percent(variant.moved[step])} of pixels relabelled"
    if variant.miou is not None:
        before, after = 100 * variant.miou[0], 100 * variant.miou[step]
        return [(f"mIoU, {name}", f"{before:.1f} → {after:.1f} %", f"{after - before:+.1f} points · {moved}")]
    if variant.name == "affinity":
        labelled = f"{percent(1 - _ignored(variant, 0))} → {percent(1 - _ignored(variant, step))} labelled"
        if variant.right is None:
            return [(name, labelled.removesuffix(" labelled"), "of pixels labelled · the rest is ignored")]
        right = f"{percent(variant.right[0])} → {percent(variant.right[step])}".replace(" % →", " →")
        return [(f"{name} that are right", right, f"share of labelled pixels · {labelled}")]
    foreground = [1 - variant.area["background"][n] for n in (0, step)]
    return [(f"foreground, {name}", f"{100 * foreground[0]:.1f} → {100 * foreground[1]:.1f} %", moved)]


def in_words(report: CrfReport, iteration: int) -> str:
    """What the CRF did up to ``iteration``, in one or two sentences."""
    first = report.variants[0]
    last = len(first.changed) - 1
    settled = next((n for n in range(1, last + 1) if all(max(v.changed[n:]) < 0.005 for v in report.variants)), None)
    calm = (
        f"From iteration {settled} on, fewer than 0.5 % of the pixels change in any step."
        if settled
        else f"After {last} iterations labels still change by 0.5 % of the pixels or more in a step."
        if last
        else ""
    )
    if iteration == 0:
        return f"Before the CRF: the labels are those of the maps themselves. {calm}".strip()
    named = f"{percent(first.moved[iteration])} of the pixels"
    if first.name == "low":
        weak = percent(report.variants[1].moved[iteration])
        named += f" under the strong background and {weak} under the weak one"
    return f"After {iteration} iteration{'s' if iteration > 1 else ''} the CRF has relabelled {named}. {calm}".strip()
