"""What upkeep removed, or would remove."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Share:
    """Of one sort: how many, and how many bytes of disk."""

    number: int = 0
    size: int = 0


@dataclass
class Report:
    """By sort, such as ``attempts`` or ``orphans``."""

    shares: dict[str, Share] = field(default_factory=lambda: defaultdict(Share))

    def add(self, what: str, number: int, size: int) -> None:
        """So many more of a sort."""
        share = self.shares[what]
        share.number, share.size = share.number + number, share.size + size

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(share.size for share in self.shares.values())

    @property
    def text(self) -> str:
        """In words, one sort after the other; what there was none of is left out."""
        found = [
            f"{share.number} {what} ({megabytes(share.size)})" for what, share in self.shares.items() if share.number
        ]
        return ", ".join(found) or "nothing"


def megabytes(size: int) -> str:
    """Bytes in MiB, for people."""
    return f"{size / 2**20:.1f} MiB"
