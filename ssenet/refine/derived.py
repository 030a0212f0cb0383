"""What the stages that turn one set into another have in common. Free of torch."""

from __future__ import annotations

from collections.abc import Callable

from ssenet import __version__
from ssenet.config import CrfChoice, SetKind
from ssenet.events import Reporter
from ssenet.lineage import Step
from ssenet.sets import ImageSet, SetManifest


def image_progress(report: Reporter, finished: int, total: int) -> Callable[[int], None]:
    """Tells of the images done in this attempt, ``finished`` ones before it included; tells of those at once."""

    def progress(done: int) -> None:
        done += finished
        report("progress", done=done, total=total, unit="images", message=f"{done} of {total} images")

    progress(0)
    return progress


def derived_manifest(source: ImageSet, kind: SetKind, lineage: tuple[Step, ...], subject: str = "") -> SetManifest:
    """Manifest of a set with an item for every image of ``source``."""
    given = source.manifest
    return SetManifest(
        kind=kind,
        key=lineage[-1].key,
        dataset=given.dataset,
        dataset_fingerprint=given.dataset_fingerprint,
        split=given.split,
        image_ids=given.image_ids,
        classes=given.classes,
        lineage=lineage,
        subject=subject,
        code_version=__version__,
    )


def wanted_processes(choice: CrfChoice, threads: int) -> int:
    """Processes for work whose costly part is a CRF; 0 is one a core.

    Args:
        choice: of the CRF. Without one the work takes less time than starting processes, so it needs none.
        threads: that the run may use; 0 sets no limit.
    """
    return 1 if choice.crf == "off" else choice.processes or threads
