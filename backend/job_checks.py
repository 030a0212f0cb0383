"""Whether a job's settings fit what there is: data set, splits, earlier results, classes, optional parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from sqlalchemy.orm import Session

from backend.problems import FieldError, Problem
from backend.store.content import Input, named
from backend.store.models import Checkpoint, Dataset, ImageSet
from ssenet import crf
from ssenet.config import (
    INPUTS,
    CamInferSettings,
    Closed,
    CrfChoice,
    EvaluateSettings,
    InputKind,
    JobKind,
    SegmentationTestSettings,
    TrainOptions,
    TriageSettings,
)
from ssenet.lineage import content_key
from ssenet.sets import SetManifest

Errors = Iterator[FieldError]


def check(session: Session, kind: JobKind, settings: Closed) -> None:
    """Check the settings against the database; the rows stay locked until the job is in.

    Raises:
        Problem: 422 with a pointer to every field that does not fit.
    """
    refuse(list(_errors(session, kind, settings)))


def refuse(errors: list[FieldError]) -> None:
    """Raise a 422 problem of all errors, if there are any."""
    if errors:
        raise Problem(422, "invalid", " ".join(e.message for e in errors), errors)


def error(field: str, message: str) -> FieldError:
    """What is wrong with a field of the settings."""
    return FieldError(pointer=f"/settings/{field}", message=message)


def _errors(session: Session, kind: JobKind, settings: Closed) -> Errors:
    inputs = _inputs(session, kind, settings)
    for field, row in inputs.items():
        yield from _input_errors(field, INPUTS[kind][field], row, settings)
    sets = {field: row for field, row in inputs.items() if isinstance(row, ImageSet)}
    dataset_id = getattr(settings, "dataset", None) or next((row.dataset_id for row in sets.values()), None)
    if dataset_id is not None:  # otherwise the set that it would come from is not there, which was said
        yield from _dataset_errors(session, dataset_id, settings, inputs, next(iter(sets), "dataset"))
    if isinstance(settings, EvaluateSettings):
        yield from _source_errors(inputs)
    if isinstance(settings, TriageSettings):
        yield from _pair_errors(inputs)
    if isinstance(settings, CrfChoice):
        yield from crf_errors("crf", settings)


def _inputs(session: Session, kind: JobKind, settings: Closed) -> dict[str, Input | None]:
    """The earlier results that are named. One that is being deleted in this moment is waited for, and then gone."""
    found: dict[str, Input | None] = {}
    for field, table, row_id in named(kind, settings.model_dump()):
        found[field] = cast(Input | None, session.get(table, row_id, with_for_update={"read": True}))
    return found


def _input_errors(field: str, wanted: tuple[InputKind, ...], row: Input | None, settings: Closed) -> Errors:
    row_id = getattr(settings, field)
    if isinstance(row, Checkpoint):
        yield from role_errors(field, wanted, row)
        if field == "start" and isinstance(settings, TrainOptions) and row.card["backbone"] != settings.backbone:
            yield error(
                field, f"The backbone of checkpoint {row_id} is {row.card['backbone']}, not {settings.backbone}."
            )
    elif row is None:
        what = "set" if wanted[0] in ("cams", "crf", "walk", "masks") else "checkpoint"
        yield error(field, f"There is no {what} {row_id!r}.")
    elif row.kind not in wanted:
        yield error(field, f"Set {row_id} is of the kind {row.kind}; this needs {' or '.join(wanted)}.")
    elif row.kind == "masks" and row.manifest["subject"] != "pseudo-labels":
        yield error(field, f"Set {row_id} holds predictions of a segmentation network, not pseudo-labels.")


def role_errors(field: str, wanted: tuple[InputKind, ...], row: Checkpoint) -> Errors:
    """Whether a checkpoint is of a network that is wanted."""
    if row.role not in wanted:
        yield error(field, f"Checkpoint {row.id} is of the kind {row.role}; this needs {' or '.join(wanted)}.")


def _dataset_errors(
    session: Session, dataset_id: str, settings: Closed, inputs: Mapping[str, Input | None], field: str
) -> Errors:
    """``field`` names the data set: itself, or a set that is of it."""
    dataset = session.get(Dataset, dataset_id)
    if dataset is None:
        yield error(field, f"There is no data set {dataset_id!r}. Register it with ssenet-lab data add.")
        return
    yield from split_errors(settings, dataset)
    for name, row in inputs.items():
        if isinstance(row, ImageSet):
            yield from _set_errors(name, row, dataset)
        elif row is not None and name == "checkpoint" and row.role != "affinity":
            yield from class_errors(name, settings, dataset, row)


def split_errors(settings: Closed, dataset: Dataset) -> Errors:
    """Whether the data set has the splits that are named, with masks where they are needed."""
    for name in ("split", "val_split"):
        split: Any = getattr(settings, name, None)
        if split is None:
            continue
        if split not in dataset.splits:
            known = ", ".join(dataset.splits)
            yield error(name, f"Data set {dataset.id} has no split {split!r}; it has {known}.")
        elif isinstance(settings, EvaluateSettings) and split not in dataset.masked_splits:
            yield error(name, f"Split {split} of data set {dataset.id} has no masks to score the maps against.")


def _set_errors(field: str, row: ImageSet, dataset: Dataset) -> Errors:
    if row.dataset_id != dataset.id:
        yield error(field, f"Set {row.id} is of data set {row.dataset_id}, not of {dataset.id}.")
    elif row.manifest["dataset_fingerprint"] != dataset.fingerprint:
        yield error(field, f"Data set {dataset.id} has changed since set {row.id} was made. Make the set anew.")


def _source_errors(inputs: Mapping[str, Input | None]) -> Errors:
    """Whether a set of CAMs is of the checkpoint that it is scored for: its key says so."""
    checkpoint, cams = inputs.get("checkpoint"), inputs.get("cams")
    if not isinstance(checkpoint, Checkpoint) or not isinstance(cams, ImageSet) or cams.kind != "cams":
        return
    manifest = SetManifest.model_validate(cams.manifest)
    made_with = CamInferSettings.model_validate(manifest.settings)
    given = {"checkpoint": checkpoint.content_sha}
    if content_key("infer_cam", made_with, given, manifest.dataset_fingerprint) != cams.key:
        yield error("cams", f"Set {cams.id} does not hold the CAMs of checkpoint {checkpoint.id}.")


def _pair_errors(inputs: Mapping[str, Input | None]) -> Errors:
    """Whether two networks can be compared class by class."""
    one, other = inputs.get("checkpoint"), inputs.get("other")
    if isinstance(one, Checkpoint) and isinstance(other, Checkpoint) and one.card["classes"] != other.card["classes"]:
        yield error("other", f"Checkpoints {one.id} and {other.id} know different classes. Choose another pair.")


def class_errors(field: str, settings: Closed, dataset: Dataset, checkpoint: Checkpoint) -> Errors:
    """Whether a network knows the classes of a data set, where its labels or masks are used."""
    if list(checkpoint.card["classes"]) == list(dataset.classes):
        return
    given = isinstance(settings, (CamInferSettings, TriageSettings)) and settings.labels == "given"
    if given or isinstance(settings, (EvaluateSettings, SegmentationTestSettings)):
        yield error(
            field,
            f"The classes of checkpoint {checkpoint.id} ({len(checkpoint.card['classes'])}) are not those of data set "
            f"{dataset.id} ({len(dataset.classes)}), so its labels and masks mean something else.",
        )


def crf_errors(field: str, choice: CrfChoice) -> Errors:
    """Whether the dense CRF, if it is asked for, is there."""
    if choice.crf != "off" and (reason := crf.unavailable()) is not None:
        yield error(field, reason)
