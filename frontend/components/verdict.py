"""The verdict of a comparison: the first thing one sees."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from frontend.components.markup import badge
from ssenet.analysis.comparison import Comparison
from ssenet.analysis.verdict import Statement, row_words

MEANING = (
    "Real: the middle 95 % of the resamples of the images lie on one side of zero. It speaks of these "
    "two sets of weights on photographs like these; another training of either could end up elsewhere."
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


def undefined_words(found: Comparison) -> str:
    """Classes that m_FN and m_FP leave out, and where."""
    rows = [row for row in found.rows if row.undefined_a or row.undefined_b]
    if not rows:
        return "No class is undefined."
    said = [f"{row.undefined_a} for A and {row.undefined_b} for B at {row_words(row.row)}" for row in rows]
    uneven = any(row.undefined_a != row.undefined_b for row in rows)
    means = " There A and B are means over different classes, which a difference may come from." if uneven else ""
    return f"Classes without a true positive, left out of the means: {', '.join(said)}.{means}"


def _badge(one: Statement) -> str:
    if one.real is None:
        return badge("undefined", "amber")
    if not one.real:
        return badge("could be chance", "grey")
    colour = {True: "green", False: "red", None: "blue"}[one.better]
    return badge({True: "real, B better", False: "real, B worse", None: "real"}[one.better], colour)
