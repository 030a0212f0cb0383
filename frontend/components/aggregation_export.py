"""What is exported of the aggregation lab, and the lines that compute it again."""

from __future__ import annotations

from collections.abc import Sequence

from frontend import schemas as s
from frontend.components import aggregation
from ssenet.analysis.aggregation import Aggregation, AggregationCounts
from ssenet.bundle import Bundle, command, csv_text, figure_html
from ssenet.config import CamInferSettings

Ways = Sequence[tuple[str, Aggregation]]


def bundle(made: s.ImageSet, ways: Ways, scores: Sequence[AggregationCounts], address: str, alpha: float) -> Bundle:
    """Curves as CSV and as a figure, and the lines that compute them again."""
    files, commands = {}, []
    settings = CamInferSettings.model_validate(made.lineage[-1].settings)
    network, labels = settings.checkpoint, settings.labels
    order = ["--dataset", made.dataset, "--split", made.split, "--labels", labels, "--out", "cams"]
    start = aggregation.usual(made)
    scales = ",".join(f"{x:g}" for x in start.scales)
    flip = "--flip" if start.flip else "--no-flip"
    commands.append(command("ssenet", "cam", network, *order, "--scales", scales, flip, "--relu-order", _order(start)))
    for (name, how), one in zip(ways, scores, strict=True):
        c = one.curve
        columns = zip(c.alpha, c.miou, c.m_fn, c.m_fp, c.undefined, strict=True)
        files[f"{name.lower()}.csv"] = csv_text(["alpha", "miou", "m_fn", "m_fp", "undefined"], list(columns))
        files[f"{name.lower()}.json"] = one.model_dump_json(indent=1).encode()
        commands.append(command("ssenet", "aggregate", "cams", *_words(how, made, one.images), "--out", name.lower()))
    named = [(name, one.curve) for (name, _), one in zip(ways, scores, strict=True)]
    files["curves.html"] = figure_html(aggregation.curves_figure(named, alpha), "mIoU against α")
    protocol = {name: one.protocol.model_dump(mode="json") for (name, _), one in zip(ways, scores, strict=True)}
    return Bundle("aggregation", files, tuple(commands), address, protocol)


def _order(how: Aggregation) -> str:
    return "official" if how.relu == "official" else "fast"


def _words(how: Aggregation, made: s.ImageSet, images: int) -> list[str]:
    flip = "--flip" if how.flip else "--no-flip"
    scales = ",".join(f"{x:g}" for x in how.scales)
    words_ = ["--dataset", made.dataset, "--scales", scales, flip, "--combine", how.combine, "--relu", how.relu]
    return [*words_, "--normalise", how.normalise, "--images", str(images)]
