"""Choosing what to answer with (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.problems import Problem


@dataclass(frozen=True)
class Range:
    """One media range of an Accept header."""

    type: str
    subtype: str
    quality: float

    def specificity(self, offered: str) -> int:
        """How closely it names ``offered``: 2 exactly, 1 by type, 0 as */*, -1 not at all."""
        kind, _, subtype = offered.partition("/")
        if (self.type, self.subtype) == (kind, subtype):
            return 2
        if (self.type, self.subtype) == (kind, "*"):
            return 1
        return 0 if (self.type, self.subtype) == ("*", "*") else -1


def parse(accept: str) -> list[Range]:
    """The ranges of an Accept header; what is malformed is left out."""
    ranges = []
    for item in accept.split(","):
        media, *parameters = [part.strip() for part in item.split(";")]
        kind, slash, subtype = media.lower().partition("/")
        quality = _quality(parameters)
        if slash and kind and subtype and quality is not None:
            ranges.append(Range(kind, subtype, quality))
    return ranges


def _quality(parameters: Sequence[str]) -> float | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                return None
            return quality if 0 <= quality <= 1 else None
    return 1.0


def choose(accept: str | None, offered: Sequence[str]) -> str:
    """The best of ``offered``, the first one on a tie or without a wish.

    Raises:
        Problem: 406, none of them is acceptable.
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = parse(accept)
    best = max(offered, key=lambda media: _value(ranges, media))  # max keeps the first of equals
    if _value(ranges, best) <= 0:
        raise Problem(406, "not-acceptable", f"This is offered as {', '.join(offered)}; ask for one of these.")
    return best


def _value(ranges: Sequence[Range], offered: str) -> float:
    matching = [r for r in ranges if r.specificity(offered) >= 0]
    return max(matching, key=lambda r: r.specificity(offered)).quality if matching else 0.0
