"""What can be taken away from a ranking, and the line that makes it again."""

from __future__ import annotations

from frontend.components.triage_filters import title
from frontend.components.triage_shown import Shown
from frontend.schemas.triage import RankedRows
from ssenet.analysis.ranking import Choice
from ssenet.analysis.triage_figures import distribution_figure
from ssenet.bundle import Bundle, command, figure_html

OUT = "again"


def bundle(shown: Shown, found: RankedRows, table: bytes, address: str) -> Bundle:
    """The ranking as CSV, what was measured as JSON, and how the values are spread.

    Args:
        shown: ranking and choice.
        found: some of its rows.
        table: all of them, as CSV.
        address: of the view.
    """
    record, choice = shown.ranking.record, shown.choice
    name = title(choice.sort, shown.ranking)
    figure = distribution_figure(found.distribution.edges, found.distribution.counts, name, choice.low, choice.high)
    files = {
        "ranking.csv": table,
        "summary.json": record.model_dump_json(indent=1).encode(),
        "distribution.html": figure_html(figure, name),
    }
    cards = {"a": choice.protocol(record.protocol)}
    if record.protocol_b is not None:
        cards["b"] = choice.protocol(record.protocol_b)
    protocol = {side: card.model_dump(mode="json") for side, card in cards.items()}
    notes = f"{OUT}/ranking.csv then equals ranking.csv here."
    return Bundle("triage", files, (line(shown),), address, protocol, notes)


def line(shown: Shown) -> str:
    """The command that measures and ranks again; a network of this service goes by its id, a data set by its name."""
    record, ranking = shown.ranking.record, shown.ranking
    protocol = record.protocol
    other = ["--other", ranking.other_id] if ranking.other_id else []
    return command(
        "ssenet", "triage", ranking.checkpoint_id, *other, "--dataset", ranking.dataset, "--split", protocol.split,
        "--images", str(record.images), "--scales", ",".join(f"{scale:g}" for scale in protocol.scales),
        "--flip" if protocol.flip else "--no-flip", "--labels", protocol.label_source,
        "--relu-order", protocol.relu_order or "fast", "--alpha", f"{record.alpha!r}", *options(shown.choice),
        "--out", OUT,
    )  # fmt: skip


def options(choice: Choice) -> list[str]:
    """What is ranked by, as options of ``ssenet triage``."""
    given = {
        "--order": choice.order, "--class": choice.class_name, "--size": choice.size, "--min": choice.low,
        "--max": choice.high,
    }  # fmt: skip
    words = [word for name, value in given.items() if value is not None for word in (name, f"{value}")]
    return ["--by", choice.sort, *words]
