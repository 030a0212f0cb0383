"""Comparisons out of the service, kept: evaluations never change, and resampling has a seed."""

from __future__ import annotations

from frontend.keeping import kept
from frontend.session import client
from ssenet.analysis.comparison import Comparison
from ssenet.analysis.object_sizes import SizeChoice, SizeComparison
from ssenet.analysis.pair import Choice

SPINNER = "Drawing the common images 2000 times, and measuring both networks on every draw…"


@kept(max_entries=100, show_spinner=SPINNER)
def _comparison(a: str, b: str, choice: str) -> Comparison:
    return client().comparison(a, b, Choice.model_validate_json(choice))


def comparison(a: str, b: str, choice: SizeChoice) -> Comparison:
    """Two evaluations against each other."""
    return _comparison(a, b, choice.plain.model_dump_json())


@kept(max_entries=100, show_spinner="Measuring every object of the common images…")
def _sizes(a: str, b: str, choice: str) -> SizeComparison:
    return client().size_comparison(a, b, SizeChoice.model_validate_json(choice))


def size_comparison(a: str, b: str, choice: SizeChoice) -> SizeComparison:
    """Two evaluations by object size."""
    return _sizes(a, b, choice.model_dump_json())
