"""The CRF's side of the stand-in: an ellipse that shrinks to the truth with every iteration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse

from ssenet.refine.scrub import Frames, ScrubSettings, Variant, pack_frames
from ssenet.refine.scrub_report import report

if TYPE_CHECKING:
    from fake_api import FakeService


class _InAddress(ScrubSettings):
    from_text: ClassVar[bool] = True


SIZE = (75, 100)
ASKED = (
    "image",
    "scales",
    "flip",
    "labels",
    "classes",
    "preset",
    "alpha",
    "power_low",
    "power_high",
    "iterations",
    "wait",
)


@dataclass
class FakeCrf:
    """What the stand-in says, and what it was asked."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    pending: int = 0
    outside: bool = False
    unavailable: str | None = None


def ellipse(radius: float) -> np.ndarray:
    """(H, W) of 0 and 1."""
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    return ((((rows - 37) / 25) ** 2 + ((columns - 50) / 30) ** 2) < radius**2).astype(np.uint8)


def frames(settings: ScrubSettings, truth: bool) -> Frames:
    """Frames of class 0; the truth is the ellipse of radius 1."""
    names: list[Variant] = ["low", "high"] if settings.alpha is None else ["alpha"]
    radii = {"low": 1.2, "high": 1.6, "alpha": 1.3}
    steps = np.linspace(0, 1, settings.iterations + 1)
    labels = {name: np.stack([ellipse(radii[name] - (radii[name] - 1) * 0.9 * s) for s in steps]) for name in names}
    if "low" in labels:
        labels["affinity"] = np.where(labels["low"] == 1, 1, np.where(labels["high"] == 0, 0, 255)).astype(np.uint8)
    return Frames((0,), labels, ellipse(1.0) if truth else None, 0.07, 0.4)


def crf_routes(fake: FakeService, app: FastAPI) -> None:
    """The one route."""

    @app.get("/api/v1/checkpoints/{checkpoint_id}/crf", response_model=None)
    def crf(checkpoint_id: str, request: Request, scales: Annotated[list[float], Query()]) -> Response:
        query = request.query_params
        unknown = set(query) - set(ASKED)
        state = fake.crf
        state.asked.append({name: query.getlist(name) for name in query})
        if unknown or state.unavailable:
            detail = state.unavailable or f"unknown parameters {unknown}"
            body = {"title": "Conflict", "status": 409, "detail": detail, "errors": []}
            return JSONResponse(body, 409 if state.unavailable else 422, media_type="application/problem+json")
        if state.pending:
            state.pending -= 1
            return Response(status_code=202, headers={"Retry-After": "0"})
        given = {n: query[n] for n in ("preset", "alpha", "power_low", "power_high", "iterations") if n in query}
        settings = ScrubSettings.model_validate(_InAddress.model_validate(given).model_dump())
        made = frames(settings, query["image"] in fake.samples.opened)
        if "npz" in request.headers["accept"]:
            return Response(pack_frames(made), media_type="application/x-npz")
        classes = fake.checkpoints[checkpoint_id].classes
        said = report(made, classes, settings)
        protocol = {
            "scales": scales, "flip": query.get("flip") == "true", "label_source": query.get("labels") or "given",
            "weights_sha256": "0" * 64, "crf": str(settings.parameters), "uses_ground_truth": made.truth is not None,
        }  # fmt: skip
        answer = {"image": query["image"], "checkpoint": checkpoint_id, "outside": state.outside, "protocol": protocol}
        return JSONResponse(answer | {"report": said.model_dump(mode="json"), "cached": False, "key": "k"})
