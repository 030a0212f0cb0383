"""The run file of a claimed job: ids become paths and cards, which only the child sees."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.store.artifacts import ArtifactStore, attempt_key
from backend.store.checkpoints import weights_file
from backend.store.content import inputs_of
from backend.store.models import Checkpoint, Dataset, ImageSet, Job
from backend.store.transitions import Claim
from ssenet.errors import DatasetError, SettingsError
from ssenet.journal import finished_in
from ssenet.stages import RESULT

_KEPT = frozenset({"log.txt", "run.json"})


def run_file(session: Session, artifacts: ArtifactStore, claim: Claim, threads: int) -> dict[str, Any]:
    """What ``ssenet.child`` needs to know for this attempt.

    Raises:
        UserError: the data set, a checkpoint or a set is not there any more.
    """
    inputs = inputs_of(session, claim.kind, claim.settings)
    for field, row in inputs.items():
        if row is None:
            raise SettingsError(f"What {field!r} names, {claim.settings[field]}, was deleted. Choose another one.")
    earlier, dataset = _resumable(session, artifacts, claim), _dataset(session, claim)  # which may be the set's
    return {
        "kind": claim.kind,
        "settings": claim.settings,
        "dataset": dataset,
        "checkpoints": {f: _checkpoint(artifacts, row) for f, row in inputs.items() if isinstance(row, Checkpoint)},
        "sets": {f: _folder(artifacts, row) for f, row in inputs.items() if isinstance(row, ImageSet)},
        "output": str(attempt_folder(artifacts, claim)),
        "resume_from": str(earlier) if earlier else None,
        "threads": threads,
    }


def attempt_folder(artifacts: ArtifactStore, claim: Claim) -> Path:
    """Where this attempt, and no other one, writes."""
    return artifacts.path(attempt_key(claim.job_id, claim.fence)).absolute()


def _resumable(session: Session, artifacts: ArtifactStore, claim: Claim) -> Path | None:
    """The folder with most to go on from, of this job's earlier attempts and of those of the jobs it retries.

    The newest one need not be it: an attempt may have died before it took over what the one before it had done.
    """
    job, fence, folders = session.get(Job, claim.job_id), claim.fence, list[Path]()
    while job is not None and job.kind == claim.kind:
        folders += [artifacts.path(attempt_key(job.id, n)).absolute() for n in range(fence - 1, 0, -1)]
        job = session.get(Job, job.parent_id) if job.parent_id else None
        fence = job.fence + 1 if job else 0
    best = max(folders, key=_progress, default=None)
    return best if best and any(_progress(best)) else None


def _progress(folder: Path) -> tuple[int, int]:
    """Steps that the latest saved state has seen, and finished items."""
    steps = (path.stem.removeprefix("step-") for path in folder.glob("states/step-*.json"))
    seen = max((int(step) for step in steps if step.isdecimal()), default=-1) + 1
    return seen, sum(1 for _ in folder.glob(f"{RESULT}/items/*")) + finished_in(folder)


def _dataset(session: Session, claim: Claim) -> dict[str, Any]:
    dataset_id = session.get_one(Job, claim.job_id).dataset_id
    row = session.get(Dataset, dataset_id)
    if row is None:
        raise DatasetError(f"The data set {dataset_id} is not registered any more. Add it again and retry.")
    return row.spec


def _checkpoint(artifacts: ArtifactStore, row: Checkpoint) -> dict[str, Any]:
    return {"weights": str(weights_file(row, artifacts).absolute()), "card": row.card}


def _folder(artifacts: ArtifactStore, row: ImageSet) -> str:
    return str(artifacts.path(row.folder).absolute())


def discard_states(artifacts: ArtifactStore, claim: Claim) -> None:
    """Remove what only a further attempt would need; the logs and the last attempt's set stay."""
    for fence in range(1, claim.fence + 1):
        folder = artifacts.path(attempt_key(claim.job_id, fence))
        kept = _KEPT | {RESULT} if fence == claim.fence else _KEPT
        for path in list(folder.iterdir()) if folder.is_dir() else []:
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in kept:
                path.unlink(missing_ok=True)
