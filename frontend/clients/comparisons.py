"""Two evaluations against each other."""

from __future__ import annotations

from frontend.transport import Params, Transport, parse
from ssenet.analysis.comparison import Comparison
from ssenet.analysis.object_sizes import SizeChoice, SizeComparison
from ssenet.analysis.pair import Choice

SECONDS = 120.0
"""A large data set takes a while, and one comparison waits for another."""


class ComparisonCalls(Transport):
    """Comparisons by paired bootstrap."""

    def comparison(self, a: str, b: str, choice: Choice) -> Comparison:
        """Differences between two evaluations, in every row and of every class."""
        params: Params = {"a": a, "b": b, **choice.model_dump()}
        return parse(Comparison, self._send("GET", "/comparisons", params=params, timeout=SECONDS))

    def size_comparison(self, a: str, b: str, choice: SizeChoice) -> SizeComparison:
        """Two evaluations by object size."""
        params: Params = {"a": a, "b": b, **choice.plain.model_dump()}
        limits = dict(zip(("small", "medium"), choice.limits, strict=True)) if choice.limits else {}
        return parse(
            SizeComparison, self._send("GET", "/comparisons/objects", params={**params, **limits}, timeout=SECONDS)
        )
