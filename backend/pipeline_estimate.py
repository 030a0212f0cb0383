"""How long a pipeline would take, stage by stage, before any of its results are there."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.job_estimate import estimated, limited
from backend.schemas.pipelines import PipelineEstimate, StageEstimate
from backend.store.models import Checkpoint, Dataset
from backend.work import Extent
from ssenet.config import DEFAULT_BACKBONE, JobKind, PipelineSettings
from ssenet.pipeline import ORDER, Stage, graph, stage_settings


def estimate(session: Session, settings: PipelineSettings, *, masked: bool) -> PipelineEstimate:
    """Seconds that a pipeline would take, stage by stage, were nothing of it done yet."""
    extents = _extents(session, settings)
    stages = [_stage(session, stage, extents[stage.name]) for stage in graph(settings, masked=masked)]
    learned = sum("on this installation" in stage.basis for stage in stages)
    basis = f"earlier runs on this installation for {learned} of {len(stages)} stages, and stated references"
    if learned in (0, len(stages)):
        basis = "earlier runs on this installation" if learned else "stated references"
    return PipelineEstimate(seconds=sum(stage.seconds for stage in stages), basis=basis, stages=stages)


def _stage(session: Session, stage: Stage, extent: Extent) -> StageEstimate:
    stand_ins = dict.fromkeys(ORDER, "result")
    made = estimated(session, stage.name, stage_settings(stage, stand_ins), extent)
    return StageEstimate(name=stage.name, seconds=made.seconds, basis=made.basis)


def _extents(session: Session, settings: PipelineSettings) -> dict[JobKind, Extent]:
    splits = session.get_one(Dataset, settings.dataset).splits
    images = limited(splits[settings.split], settings)
    val_images = limited(splits[settings.val_split], settings, "val_images")
    cams = Extent(images, val_images, _cam_backbone(session, settings))
    affinity = Extent(images, 0, settings.affinity.backbone)
    segmentation, refined = settings.segmentation.backbone, Extent(images)
    return {
        "train_cam": cams,
        "infer_cam": cams,
        "evaluate": refined,  # of the CAMs that are there by then
        "crf": refined,
        "train_affinity": affinity,
        "random_walk": affinity,
        "pseudo_labels": refined,
        "train_segmentation": Extent(images, val_images, segmentation),
        "evaluate_segmentation": Extent(val_images, 0, segmentation),
    }


def _cam_backbone(session: Session, settings: PipelineSettings) -> str:
    if settings.train is not None:
        return settings.train.backbone
    checkpoint = session.get(Checkpoint, settings.checkpoint)
    return str(checkpoint.card["backbone"]) if checkpoint else DEFAULT_BACKBONE
