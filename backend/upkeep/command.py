"""``ssenet-lab upkeep``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed, and how much.")]


def upkeep(dry_run: DryRun = False) -> None:
    """Remove what nobody needs any more: old attempts, orphaned files, caches over their size, expired rows."""
    from backend.lab_data import opened
    from backend.settings import Settings
    from backend.store.artifacts import ArtifactStore
    from backend.upkeep.keep import keep_house
    from backend.upkeep.report import megabytes

    settings, console = Settings(), Console(highlight=False, soft_wrap=True)
    with opened(settings) as database:
        report = keep_house(database, ArtifactStore(settings.artifacts), settings, dry_run=dry_run)
    for what, share in report.shares.items():
        if share.number:
            console.print(f"{share.number:>7} {what}, {megabytes(share.size)}")
    console.print(f"{'Would remove' if dry_run else 'Removed'} {megabytes(report.size)} in all.")
