"""The verdict of a comparison: the first thing one sees."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from frontend.components.markup import badge
from ssenet.analysis.verdict import Statement

MEANING = (
    "Real: 95 % of the resamples of the images leave zero on one side. It speaks of these two sets of weights on "
    "photographs like these; another training of either could end up elsewhere."
)


def verdict_html(statements: Sequence[Statement], of: str, *, leak: str | None = None) -> str:
    """Sentences with a badge each, read out when they change.

    Args:
        statements: the first is written large.
        of: what the verdict is about, for whoever does not see it.
        leak: what a reader must know of the ground truth; None when there is nothing.
    """
    lines = "".join(
        f'<p class="{"first" if i == 0 else ""}">{_badge(one)} {escape(one.text)}</p>'
        for i, one in enumerate(statements)
    )
    warning = f"<p>{badge('uses the ground truth', 'red')} {escape(leak)}</p>" if leak else ""
    return f'<section class="sl-verdict" role="status" aria-label="{escape(of)}">{lines}{warning}</section>'


def _badge(one: Statement) -> str:
    if one.real is None:
        return badge("undefined", "amber")
    if not one.real:
        return badge("could be chance", "grey")
    colour = {True: "green", False: "red", None: "blue"}[one.better]
    return badge({True: "real, B better", False: "real, B worse", None: "real"}[one.better], colour)
