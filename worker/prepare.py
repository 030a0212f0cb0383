"""The run file of a claimed job: ids become paths and cards, which only the child sees."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.store.artifacts import ArtifactStore, attempt_key
from backend.store.checkpoints import weights_file
from backend.store.models import Checkpoint, Dataset, Job
from backend.store.transitions import Claim
from ssenet.errors import CheckpointError, DatasetError


def run_file(session: Session, artifacts: ArtifactStore, claim: Claim, threads: int) -> dict[str, Any]:
    """What ``ssenet.child`` needs to know for this attempt.

    Raises:
        UserError: the data set or the checkpoint is not there any more.
    """
    checkpoint = claim.settings.get("checkpoint")
    earlier = _resumable(session, artifacts, claim)
    return {
        "kind": claim.kind,
        "settings": claim.settings,
        "dataset": _dataset(session, claim.settings["dataset"]),
        "checkpoint": _checkpoint(session, artifacts, checkpoint) if checkpoint else None,
        "output": str(attempt_folder(artifacts, claim)),
        "resume_from": str(earlier) if earlier else None,
        "threads": threads,
    }


def attempt_folder(artifacts: ArtifactStore, claim: Claim) -> Path:
    """Where this attempt, and no other one, writes."""
    return artifacts.path(attempt_key(claim.job_id, claim.fence)).absolute()


def _resumable(session: Session, artifacts: ArtifactStore, claim: Claim) -> Path | None:
    """The newest folder with something to go on from: of this job's attempts, then of the job it retries.

    An attempt that died before it saved anything has a folder too, and must not hide the one before it.
    """
    job, fence = session.get(Job, claim.job_id), claim.fence
    while job is not None and job.kind == claim.kind:
        folders = (artifacts.path(attempt_key(job.id, n)) for n in range(fence - 1, 0, -1))
        found = next((folder.absolute() for folder in folders if _has_progress(folder)), None)
        if found or job.parent_id is None:
            return found
        job = session.get(Job, job.parent_id)
        fence = job.fence + 1 if job else 0
    return None


def _has_progress(folder: Path) -> bool:
    return any(folder.glob("states/step-*.json")) or any(folder.glob("cams/*.npz"))


def _dataset(session: Session, dataset_id: str) -> dict[str, Any]:
    row = session.get(Dataset, dataset_id)
    if row is None:
        raise DatasetError(f"The data set {dataset_id} is not registered any more. Add it again and retry.")
    return row.spec


def _checkpoint(session: Session, artifacts: ArtifactStore, checkpoint_id: str) -> dict[str, Any]:
    row = session.get(Checkpoint, checkpoint_id)
    if row is None:
        raise CheckpointError(f"The checkpoint {checkpoint_id} was deleted. Choose another one.")
    return {"weights": str(weights_file(row, artifacts).absolute()), "card": row.card}


def discard_states(artifacts: ArtifactStore, claim: Claim) -> None:
    """Remove what only a further attempt would need; the logs stay."""
    for fence in range(1, claim.fence + 1):
        folder = artifacts.path(attempt_key(claim.job_id, fence))
        for path in list(folder.iterdir()) if folder.is_dir() else []:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in ("log.txt", "run.json"):
                path.unlink(missing_ok=True)
