"""What the stages leave, made without computing anything: rows as the worker would commit them."""

from __future__ import annotations

import hashlib
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.store import job_records, jobs
from backend.store.database import Database
from backend.store.models import Dataset, Job
from ssenet.config import NETWORKS, OUTPUTS, JobKind, SetKind
from ssenet.lineage import Step
from ssenet.results import CheckpointCard, EvaluationRecord, ProtocolCard
from ssenet.scores import SegmentationRecord
from ssenet.sets import SetManifest

CLASSES = ("cat", "dog")
IMAGES = ("a", "b")
KEY = "0" * 64


def dataset_row(name: str = "demo", fingerprint: str = "f") -> Dataset:
    """A registered data set that is never opened."""
    return Dataset(
        id=name,
        spec={"name": name, "kind": "demo"},
        classes=list(CLASSES),
        splits={"train": 4, "val": 2},
        fingerprint=fingerprint,
        label_source="masks",
        has_masks=True,
        masked_splits=["train", "val"],
        created_at=0.0,
    )


def protocol() -> ProtocolCard:
    """Of any figure."""
    return ProtocolCard(
        dataset="demo", dataset_fingerprint="f", split="train", images=2, label_source="given", scales=(1.0,),
        flip=False, relu_order="fast", alpha_rule="fixed 0.2", weights_sha256=KEY, code_version="0",
    )  # fmt: skip


def card_of(method: str, weights: str, backbone: str = "tf_efficientnet_lite0") -> CheckpointCard:
    """A card of weights with the hash of a text."""
    return CheckpointCard(
        name="made",
        method=cast(Any, method),
        backbone=backbone,
        stride=16,
        classes=CLASSES,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        dataset="demo",
        weights_sha256=hashlib.sha256(weights.encode()).hexdigest(),
        code_version="0",
    )


def manifest_of(kind: SetKind, key: str = KEY, subject: str = "") -> SetManifest:
    """Of two images of the training split."""
    makers: dict[SetKind, JobKind] = {
        "cams": "infer_cam",
        "crf": "crf",
        "walk": "random_walk",
        "masks": "pseudo_labels",
    }
    return SetManifest(
        kind=kind,
        key=key,
        dataset="demo",
        dataset_fingerprint="f",
        split="train",
        image_ids=IMAGES,
        classes=CLASSES,
        lineage=(Step(kind=makers[kind], key=key, settings={}),),
        subject=subject,
        code_version="0",
    )


def record_of(subject: Any = "pseudo-labels") -> SegmentationRecord:
    """Two thirds of the pixels of each class are right."""
    return SegmentationRecord(
        subject=subject,
        classes=CLASSES,
        image_ids=IMAGES,
        confusion=((4, 1, 1), (1, 4, 1), (1, 1, 4)),
        protocol=protocol(),
        lineage=(Step(kind="pseudo_labels", key=KEY, settings={}),),
    )


def claimed(database: Database, job_id: str) -> jobs.Claim:
    """The right to a queued job."""
    with database.write() as session:
        claim = jobs.claim(session, job_id, "worker", 60)
    assert claim is not None
    return claim


def leave_results(session: Session, claim: jobs.Claim, key: str | None = None) -> None:
    """What a stage commits before it finishes, under ``key`` or the one that the job was queued with."""
    kind, job = cast(JobKind, claim.kind), session.get_one(Job, claim.job_id)
    key, output = key or job.content_key or KEY, OUTPUTS[kind]
    if output is None:
        evaluation = EvaluationRecord(
            checkpoint="c", classes=CLASSES, image_ids=IMAGES, rows=("1",), protocol=protocol()
        )
        job_records.commit_evaluation(
            session, claim, evaluation, evaluation_id=f"e-{job.id}", histograms_key=f"evaluations/{job.id}.npz",
            summary=[],
        )  # fmt: skip
    elif output in NETWORKS:
        step = Step(kind=kind, key=key, settings={})
        card = card_of("ssenet" if output == "cam" else output, key).model_copy(update={"lineage": (step,)})
        job_records.commit_checkpoint(
            session, claim, card, weights_key=f"weights/{card.weights_sha256}.safetensors", size=1, epoch=1, step=1,
            final=True,
        )  # fmt: skip
    else:
        subject = {"pseudo_labels": "pseudo-labels", "evaluate_segmentation": "segmentation"}.get(kind, "")
        manifest = manifest_of(cast(SetKind, output), key, subject)
        folder = f"jobs/{job.id}/attempt-{claim.fence}/result"
        job_records.commit_set(session, claim, manifest, folder=folder, size=9)
        if subject:
            job_records.commit_score(
                session, claim, record_of(subject), score_id=f"s-{job.id}", counts_key=f"scores/{job.id}.npz"
            )


def do(database: Database, job_id: str) -> list[Job]:
    """Do a queued job to its end; returns the jobs that follow."""
    with database.write() as session:
        claim = jobs.claim(session, job_id, "worker", 60)
        assert claim is not None
        leave_results(session, claim)
        return jobs.finish(session, claim)


def queued(database: Database) -> list[Job]:
    """Jobs that wait, oldest first."""
    with database.read() as session:
        return list(session.scalars(select(Job).where(Job.state == "queued").order_by(Job.created_at)))


def do_all(database: Database, until: str | None = None) -> list[str]:
    """Do what waits, and what follows from it, up to a kind that is left waiting; returns the kinds in order."""
    done: list[str] = []
    while waiting := [job for job in queued(database) if job.kind != until]:
        do(database, waiting[0].id)
        done.append(waiting[0].kind)
    return done
