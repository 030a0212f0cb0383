"""Whether a job's settings fit what there is: data set, splits, checkpoint, classes."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from backend.problems import FieldError, Problem
from backend.schemas.jobs import StageSettings
from backend.store.models import Checkpoint, Dataset
from ssenet.config import CamTrainSettings, EvaluateSettings


def check(session: Session, settings: StageSettings) -> None:
    """Check the settings against the database; the rows stay locked until the job is in.

    Raises:
        Problem: 422 with a pointer to every field that does not fit.
    """
    errors = list(_errors(session, settings))
    if errors:
        raise Problem(422, "invalid", " ".join(e.message for e in errors), errors)


def _errors(session: Session, settings: StageSettings) -> Iterator[FieldError]:
    dataset = session.get(Dataset, settings.dataset)
    if dataset is None:
        yield _error("dataset", f"There is no data set {settings.dataset!r}. Register it with ssenet-lab data add.")
    else:
        yield from _split_errors(settings, dataset)
    if isinstance(settings, CamTrainSettings):
        return
    # A checkpoint that is being deleted in this moment is waited for, and then gone.
    checkpoint = session.get(Checkpoint, settings.checkpoint, with_for_update={"read": True})
    if checkpoint is None:
        yield _error("checkpoint", f"There is no checkpoint {settings.checkpoint!r}.")
    elif dataset is not None:
        yield from _class_errors(settings, dataset, checkpoint)


def _split_errors(settings: StageSettings, dataset: Dataset) -> Iterator[FieldError]:
    fields = ("split", "val_split") if isinstance(settings, CamTrainSettings) else ("split",)
    for name in fields:
        split = getattr(settings, name)
        if split not in dataset.splits:
            known = ", ".join(dataset.splits)
            yield _error(name, f"Data set {dataset.id} has no split {split!r}; it has {known}.")
        elif isinstance(settings, EvaluateSettings) and split not in dataset.masked_splits:
            yield _error(name, f"Split {split} of data set {dataset.id} has no masks to score the maps against.")


def _class_errors(settings: StageSettings, dataset: Dataset, checkpoint: Checkpoint) -> Iterator[FieldError]:
    if list(checkpoint.card["classes"]) == list(dataset.classes):
        return
    if isinstance(settings, EvaluateSettings) or getattr(settings, "labels", None) == "given":
        yield _error(
            "checkpoint",
            f"The classes of checkpoint {checkpoint.id} ({len(checkpoint.card['classes'])}) are not those of data set "
            f"{dataset.id} ({len(dataset.classes)}), so its labels and masks mean something else.",
        )


def _error(field: str, message: str) -> FieldError:
    return FieldError(pointer=f"/settings/{field}", message=message)
