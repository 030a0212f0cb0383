"""The README's table of what the built-in checkpoints score, made from their evaluations.

python scripts/demo_results.py --write     puts it between the README's markers
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ssenet.config import PAPER_ALPHA
from ssenet.curves import Curve, curve
from ssenet.histograms import load_histograms
from ssenet.weights.builtin import Builtin, builtin_checkpoints

README = Path(__file__).parent.parent / "README.md"
START, END = "<!-- demo-results -->", "<!-- /demo-results -->"


def curves_of(checkpoint: Builtin) -> dict[str, Curve]:
    """Curves by row of the first evaluation."""
    _, histograms = checkpoint.evaluations[0]
    return {name: curve(h) for name, h in load_histograms(histograms.read_bytes()).items()}


def cells(values: Curve) -> list[str]:
    """Best mIoU and its α, then the figures at the paper's α."""
    alpha, best = values.best()
    fixed = values.at(PAPER_ALPHA)
    numbers = [fixed["m_fn"], fixed["m_fp"]]
    shown = ["undefined" if number is None else f"{number:.2f}" for number in numbers]
    return [f"{100 * best:.1f} at {alpha:.2f}", f"{100 * float(fixed['miou'] or 0):.1f}", *shown]


def table() -> str:
    """The table and its protocol, in Markdown."""
    baseline, ssenet = builtin_checkpoints()[:2]
    protocol = baseline.evaluations[0][0].protocol
    ours, theirs = curves_of(ssenet), curves_of(baseline)
    fixed = f"at α = {PAPER_ALPHA}"
    heads = ["best mIoU %", f"mIoU % {fixed}", f"m_FN {fixed}", f"m_FP {fixed}"]
    lines = ["| scale | " + " | ".join(f"{head}: baseline / SSENet" for head in heads) + " |", "|---" * 5 + "|"]
    for name in theirs:
        pairs = [f"{a} / {b}" for a, b in zip(cells(theirs[name]), cells(ours[name]), strict=True)]
        lines.append(f"| {name} | " + " | ".join(pairs) + " |")
    note = (
        f"{protocol.images} composites of {protocol.dataset}/{protocol.split}, image-level labels "
        f"{protocol.label_source}, flip {'on' if protocol.flip else 'off'}, ReLU order {protocol.relu_order}, no CRF, "
        "one seed; the best α is chosen on the scored images. MS is multi-scale over "
        f"{', '.join(f'{s:g}' for s in protocol.multi_scale)}. Weights "
        f"{baseline.card.weights_sha256[:12]} and {ssenet.card.weights_sha256[:12]}."
    )
    return "\n".join([START, "", *lines, "", note, "", END])


def with_table(text: str) -> str:
    """``text`` with the table between the markers replaced."""
    head, rest = text.split(START, 1)
    return head + table() + rest.split(END, 1)[1]


def main(write: Annotated[bool, typer.Option(help="Change the README.")] = False) -> None:
    if write:
        README.write_text(with_table(README.read_text()))
    else:
        typer.echo(table())


if __name__ == "__main__":
    typer.run(main)
