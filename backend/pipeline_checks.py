"""Whether a pipeline's settings fit what there is, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend.job_checks import class_errors, crf_errors, error, refuse, role_errors, split_errors
from backend.problems import FieldError
from backend.store.models import Checkpoint, Dataset
from ssenet.config import CamInferSettings, PipelineSettings
from ssenet.pipeline import checked


def check(session: Session, settings: PipelineSettings) -> bool:
    """Check the settings against the database; the rows stay locked until the pipeline is in.

    Returns:
        whether the split has masks, so that its CAMs are scored.

    Raises:
        Problem: 422 with a pointer to every field that does not fit.
    """
    refuse(list(_errors(session, settings)))
    masked = settings.split in session.get_one(Dataset, settings.dataset).masked_splits
    refuse(list(_stage_errors(settings, masked)))
    return masked


def _errors(session: Session, settings: PipelineSettings) -> Iterator[FieldError]:
    dataset = session.get(Dataset, settings.dataset)
    if dataset is None:
        yield error("dataset", f"There is no data set {settings.dataset!r}. Register it with ssenet-lab data add.")
    else:
        yield from split_errors(settings, dataset)
    if settings.checkpoint is not None:
        yield from _checkpoint_errors(session, settings, dataset)
    yield from _crf_errors(settings)


def _checkpoint_errors(session: Session, settings: PipelineSettings, dataset: Dataset | None) -> Iterator[FieldError]:
    checkpoint = session.get(Checkpoint, settings.checkpoint, with_for_update={"read": True})
    if checkpoint is None:
        yield error("checkpoint", f"There is no checkpoint {settings.checkpoint!r}.")
        return
    yield from role_errors("checkpoint", ("cam",), checkpoint)
    if dataset is not None:
        # Later stages need the classes of the data set, whichever labels choose the maps.
        cams = CamInferSettings(checkpoint=checkpoint.id, labels="given")
        yield from class_errors("checkpoint", cams, dataset, checkpoint)


def _crf_errors(settings: PipelineSettings) -> Iterator[FieldError]:
    reached = {stage.name for stage in checked(settings, masked=False)}
    if "crf" in reached:
        yield from crf_errors("crf/crf", settings.crf)
    if "pseudo_labels" in reached:
        yield from crf_errors("labels/crf", settings.labels)
    if "evaluate_segmentation" in reached:
        yield from crf_errors("test/crf", settings.test)


def _stage_errors(settings: PipelineSettings, masked: bool) -> Iterator[FieldError]:
    try:
        stages = checked(settings, masked=masked)
    except ValidationError as found:
        text = "; ".join(str(e["msg"]).removeprefix("Value error, ") for e in found.errors())
        yield FieldError(pointer="/settings", message=f"The settings of a stage contradict each other: {text}.")
        return
    if not stages:
        yield error("last", f"With a checkpoint to start from there is nothing to do up to {settings.last}.")
