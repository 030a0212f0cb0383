"""Everything that upkeep does, in one go."""

from __future__ import annotations

import logging

from backend.settings import Settings
from backend.store.artifacts import ArtifactStore
from backend.store.database import Database
from backend.upkeep.bytes import remove_attempts, remove_leftovers, remove_orphans, remove_staging, trim_caches
from backend.upkeep.house import House
from backend.upkeep.report import Report
from backend.upkeep.rows import forget_requests, forget_tokens, thin_events, trim_logs

CHORES = (
    forget_requests,
    trim_caches,
    remove_staging,
    remove_orphans,
    remove_attempts,
    remove_leftovers,
    thin_events,
    forget_tokens,
    trim_logs,
)
_log = logging.getLogger(__name__)


def keep_house(database: Database, artifacts: ArtifactStore, settings: Settings, *, dry_run: bool = False) -> Report:
    """Do all chores, or with ``dry_run`` only count; one that fails keeps no other from being done."""
    house, report = House(database, artifacts, settings, dry_run), Report()
    for chore in CHORES:
        try:
            chore(house, report)
        except Exception:  # a database or disk that is away comes back; what is broken is in the log
            _log.exception("upkeep: %s", chore.__name__)
    return report
