"""What is exported of a comparison, and the line that computes it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import plotly.graph_objects as go

from frontend import schemas as s
from ssenet.analysis.comparison import Comparison
from ssenet.analysis.comparison_tables import comparison_files
from ssenet.analysis.object_sizes import SizeComparison
from ssenet.bundle import Bundle, command, figure_html

Fetch = Callable[[str], bytes]
OUT = "again"


def bundle(
    compared: tuple[Comparison, SizeComparison],
    evaluations: tuple[s.Evaluation, s.Evaluation],
    class_name: str | None,
    figures: Mapping[str, go.Figure],
    fetch: Fetch,
    address: str,
) -> Bundle:
    """Results as JSON and CSV, the figures, and the evaluations themselves where the library does not bring them.

    Args:
        compared: what the page shows.
        evaluations: A and B.
        class_name: that the verdict speaks of.
        figures: by file name without its ending.
        fetch: npz of an evaluation's counts by its id.
        address: of the view.
    """
    found, by_size = compared
    files = comparison_files(found, by_size)
    names = [_side(side, one, fetch, files) for side, one in zip("ab", evaluations, strict=True)]
    files |= {f"{name}.html": figure_html(figure, name) for name, figure in figures.items()}
    line = command("ssenet", "compare", *names, *options(by_size, class_name), "--out", OUT)
    protocol = {"a": found.protocol_a, "b": found.protocol_b, "a, by size": by_size.a.protocol}
    protocol["b, by size"] = by_size.b.protocol
    cards = {name: card.model_dump(mode="json") for name, card in protocol.items()}
    return Bundle("compare", files, (line,), address, cards, f"{OUT}/comparison.json then equals comparison.json here.")


def _side(side: str, one: s.Evaluation, fetch: Fetch, files: dict[str, bytes]) -> str:
    """What the command line calls an evaluation; one that it cannot know is put into the bundle as a folder."""
    if one.id == f"{one.checkpoint_id}-0" and one.job_id is None:
        return one.checkpoint_id
    files[f"{side}/evaluation.json"] = one.record.model_dump_json(indent=1).encode()
    files[f"{side}/histograms.npz"] = fetch(one.id)
    return side


def options(by_size: SizeComparison, class_name: str | None) -> list[str]:
    """Everything that was chosen, as options of ``ssenet compare``."""
    choice = by_size.choice
    chosen = ["--row", choice.row, "--alpha", f"{choice.alpha_a}", "--samples", f"{choice.samples}"]
    chosen += ["--seed", f"{choice.seed}", *(["--class", class_name] if class_name else [])]
    chosen += ["--alpha-b", f"{choice.alpha_b}"] if choice.alpha_b != choice.alpha_a else []
    return [*chosen, "--sizes", ",".join(f"{limit!r}" for limit in choice.limits) if choice.limits else "thirds"]
