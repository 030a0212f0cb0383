"""The run file of a claimed job: ids become paths and cards, which only the child sees."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.store.artifacts import ArtifactStore, attempt_key
from backend.store.checkpoints import weights_file
from backend.store.content import inputs_of
from backend.store.database import Database
from backend.store.job_records import add_events
from backend.store.models import Checkpoint, Dataset, ImageSet, Job
from backend.store.transitions import Claim
from ssenet.errors import DatasetError, SettingsError
from ssenet.files import make_folder, write_atomically
from ssenet.journal import finished_in
from ssenet.sets import RESULT
from ssenet.training.notes import STATES, State, claimed_steps, newest_whole

_KEPT = frozenset({"log.txt", "run.json"})


def prepare(database: Database, artifacts: ArtifactStore, claim: Claim, threads: int) -> dict[str, Any]:
    """What ``ssenet.child`` needs to know for this attempt; damaged states are noted among the job's events.

    Raises:
        UserError: the data set, a checkpoint or a set is not there any more.
        LeaseLost: the job is no longer owned.
    """
    with database.read() as session:
        inputs, folders = _inputs(session, artifacts, claim), _earlier(session, artifacts, claim)
    found = _furthest(folders)  # takes a while: not within a transaction
    _note_damage(database, artifacts, claim, found)
    if found.state is not None:
        _take_over(found.state, attempt_folder(artifacts, claim) / STATES)
    return {
        "kind": claim.kind,
        "settings": claim.settings,
        **inputs,
        "output": str(attempt_folder(artifacts, claim)),
        "resume_from": str(found.folder) if found.folder else None,
        "threads": threads,
    }


def _inputs(session: Session, artifacts: ArtifactStore, claim: Claim) -> dict[str, Any]:
    inputs = inputs_of(session, claim.kind, claim.settings)
    for name, row in inputs.items():
        if row is None:
            raise SettingsError(f"What {name!r} names, {claim.settings[name]}, was deleted. Choose another one.")
    return {
        "dataset": _dataset(session, claim),  # which may be the set's
        "checkpoints": {f: _checkpoint(artifacts, row) for f, row in inputs.items() if isinstance(row, Checkpoint)},
        "sets": {f: _folder(artifacts, row) for f, row in inputs.items() if isinstance(row, ImageSet)},
    }


def attempt_folder(artifacts: ArtifactStore, claim: Claim) -> Path:
    """Where this attempt, and no other one, writes."""
    return artifacts.path(attempt_key(claim.job_id, claim.fence)).absolute()


@dataclass
class Found:
    """Where to go on from.

    Attributes:
        folder: of the attempt with most that is whole; None when there is nothing.
        state: its newest one that is whole; None for work that has none.
        reached: steps that its newest state has seen, and finished items.
        damaged: states that are of no use, of all that were looked at.
    """

    folder: Path | None = None
    state: State | None = None
    reached: tuple[int, int] = (0, 0)
    damaged: list[Path] = field(default_factory=list)


def _earlier(session: Session, artifacts: ArtifactStore, claim: Claim) -> list[Path]:
    """Folders of this job's earlier attempts and of those of the jobs it retries, the latest first."""
    job, fence, folders = session.get(Job, claim.job_id), claim.fence, list[Path]()
    while job is not None and job.kind == claim.kind:
        folders += [artifacts.path(attempt_key(job.id, n)).absolute() for n in range(fence - 1, 0, -1)]
        job = session.get(Job, job.parent_id) if job.parent_id else None
        fence = job.fence + 1 if job else 0
    return folders


def _furthest(folders: list[Path]) -> Found:
    """The folder with most that is whole. Those that claim the most are looked at first, as hashing takes a while.

    The newest one need not be it: an attempt may have died before it took over what the one before it had done,
    or its states may be damaged.
    """
    found = Found()
    for folder in sorted(folders, key=_claimed, reverse=True):
        if _claimed(folder) <= found.reached:
            break
        newest, damaged = newest_whole(folder / STATES)
        found.damaged += damaged
        reached = (newest.step + 1 if newest else 0, _items(folder))
        if reached > found.reached:
            found.folder, found.state, found.reached = folder, newest, reached
    return found


def _take_over(state: State, folder: Path) -> None:
    """Link a state into the new attempt's folder, and then its note: without one it counts as no state.

    An owner that was paused may go on and replace it by later ones, of whose steps nobody was told.
    """
    make_folder(folder)
    with suppress(FileNotFoundError):  # replaced just now: the child looks itself
        for path in (state.path, state.path.with_suffix(".json")):
            _link_or_copy(path, folder / path.name)


def _link_or_copy(path: Path, target: Path) -> None:
    """The same file under a second name, or a copy where there are no hard links. A second try changes nothing."""
    try:
        os.link(path, target)
    except FileExistsError:
        return
    except FileNotFoundError:
        raise
    except OSError:
        if not target.exists():
            write_atomically(target, lambda temporary: shutil.copyfile(path, temporary))


def _claimed(folder: Path) -> tuple[int, int]:
    """Steps that the latest state has seen by its name, and finished items."""
    return claimed_steps(folder / STATES), _items(folder)


def _items(folder: Path) -> int:
    return sum(1 for _ in folder.glob(f"{RESULT}/items/*")) + finished_in(folder)


def _note_damage(database: Database, artifacts: ArtifactStore, claim: Claim, found: Found) -> None:
    """Say once of each damaged state that it is one, and from where the job goes on instead."""
    if not found.damaged:
        return
    instead = f"goes on after step {found.reached[0] - 1}" if found.reached[0] else "starts from its beginning"
    events = [
        ("damaged", {"file": artifacts.key(path), "message": f"The state {path.stem} is damaged; the job {instead}."})
        for path in found.damaged
    ]
    with database.write() as session:
        add_events(session, claim, events)
    for path in found.damaged:
        path.with_suffix(".json").unlink(missing_ok=True)  # without its note it counts as no state


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
