"""Maps in the form that was asked for: overlay, raw logits, or what they say."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

import ssenet
from backend import pictures
from backend.cam_plan import Coarse, Plan
from backend.problems import not_found
from backend.schemas.cams import CamLabels, CamProtocol, Cams, CamStages, CamTiming, CamView, ClassScore
from backend.service import Service
from backend.timing import Timing
from ssenet import render
from ssenet.analysis.warp import warp_photograph
from ssenet.config import WORKING_SIDE
from ssenet.cost import ViewCost
from ssenet.results import CAM_VERSION, View

Rgb = NDArray[np.uint8]
Costs = Mapping[View, ViewCost | None]
_TOP = 20


def shown(plan: Plan, coarse: Coarse) -> list[int]:
    """Classes that are shown, by index: those named, or else those that count as present."""
    return list(plan.named) or present(plan, coarse)


def present(plan: Plan, coarse: Coarse) -> list[int]:
    """Classes that count as present, by index."""
    if plan.label_source == "all":
        return list(range(len(plan.card.classes)))
    if plan.label_source == "given":
        return list(plan.named or plan.known)
    return render.predicted(_scores(plan, coarse), exclusive=plan.exclusive)


def _scores(plan: Plan, coarse: Coarse) -> NDArray[np.float32]:
    return render.class_scores(coarse, exclusive=plan.exclusive)


def npy(plan: Plan, coarse: Coarse) -> bytes:
    """float16 raw coarse logits (K, h, w) of the only view."""
    return _npy(coarse[plan.views[0]])


def _npy(maps: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, maps.astype(np.float16), allow_pickle=False)
    return buffer.getvalue()


def npz(plan: Plan, coarse: Coarse) -> bytes:
    """float16 raw coarse logits (K, h, w) of every view, by its name."""
    arrays: dict[str, NDArray[np.float16]] = {view.name: coarse[view].astype(np.float16) for view in plan.views}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def overlay(service: Service, plan: Plan, coarse: Coarse) -> tuple[Rgb, str]:
    """Overlay (H, W, 3) of the aggregate over all views, and the class that it shows.

    The first shown class is drawn; when the network predicts none, the one that it scores highest.

    Raises:
        Problem: 404, the photograph's pixels are gone.
    """
    query = plan.query
    try:
        image = pictures.stored_pixels(service.artifacts, plan.image_sha, query.max_side)
    except FileNotFoundError:
        raise not_found("file of image", plan.image_id) from None
    # Views of one query are moved alike, and their maps are mirrored back: all lie in this frame.
    image = warp_photograph(image, View(scale=1, **query.moved), plan.card.mean)
    drawn = shown(plan, coarse) or [int(_scores(plan, coarse).argmax())]
    classes = drawn if query.normalisation == "shared" else drawn[:1]
    # Normalised at the size that scale 1 means, so that the picture's size changes nothing but its sharpness.
    total = render.aggregate(coarse, plan.working_size, classes, query.relu_order)
    score = render.upsample(render.normalise(total, query.normalisation)[:1], (image.shape[0], image.shape[1]))[0]
    drawing = render.overlay(image, score, colours=query.colormap, opacity=query.opacity, alpha=query.alpha)
    return drawing, plan.card.classes[drawn[0]]


def described(plan: Plan, coarse: Coarse, missing: list[View], costs: Costs, timing: Timing) -> Cams:
    """What the maps say, without their pixels.

    Args:
        missing: views that had to be computed for this answer.
        costs: what computing each view took, as far as it is known.
        timing: of the answer so far.
    """
    names = plan.card.classes
    with timing.stage("aggregation"):
        scores = _scores(plan, coarse)
    predicted = render.predicted(scores, exclusive=plan.exclusive)
    top = np.argsort(-scores, kind="stable")[:_TOP]
    labels = CamLabels(source=plan.label_source, classes=[names[k] for k in present(plan, coarse)])
    return Cams(
        image=plan.image_id,
        checkpoint=plan.checkpoint_id,
        classes=[names[k] for k in shown(plan, coarse)],
        views=[_view(plan, coarse, view, view not in missing, costs[view]) for view in plan.views],
        scores=[ClassScore(name=names[k], score=float(scores[k])) for k in top],
        predicted=[names[k] for k in predicted],
        labels=labels,
        outside=not predicted,
        protocol=_protocol(plan),
        timing=_timing(timing),
    )


def _timing(timing: Timing) -> CamTiming:
    stages = {name: round(timing.stages.get(name, 0.0), 3) for name in CamStages.model_fields}
    return CamTiming(seconds=round(timing.seconds, 3), stages=CamStages(**stages))


def _view(plan: Plan, coarse: Coarse, view: View, cached: bool, cost: ViewCost | None) -> CamView:
    k, h, w = coarse[view].shape
    size = len(_npy(coarse[view]))
    said = {"name": view.name, "shape": (k, h, w), "key": plan.keys[view], "cached": cached, "bytes": size}
    return CamView(**view.model_dump(), **said, cost=cost)


def _protocol(plan: Plan) -> CamProtocol:
    return CamProtocol(
        scales=sorted(set(plan.query.scales)),
        flip=plan.query.flip,
        **plan.query.moved,
        working_side=WORKING_SIDE,
        relu_order=plan.query.relu_order,
        normalisation=plan.query.normalisation,
        label_source=plan.label_source,
        method=plan.card.method,
        backbone=plan.card.backbone,
        weights_sha256=plan.card.weights_sha256,
        cam_version=CAM_VERSION,
        code_version=ssenet.__version__,
    )
