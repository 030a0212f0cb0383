"""The pipeline's side of the stand-in: sets with pictures, scores, pipelines, tables, capabilities."""

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from PIL import Image

from ssenet import tables
from ssenet.config import STAGES, JobKind, PipelineSettings, pipeline_preset
from ssenet.lineage import Step
from ssenet.pipeline import graph
from ssenet.results import ProtocolCard

if TYPE_CHECKING:
    from fake_api import FakeService

SETS: dict[JobKind, str] = {
    "infer_cam": "cams",
    "crf": "crf",
    "random_walk": "walk",
    "pseudo_labels": "masks",
    "evaluate_segmentation": "masks",
}
NETWORKS: dict[JobKind, str] = {
    "train_cam": "baseline",
    "train_affinity": "affinity",
    "train_segmentation": "segmentation",
}
IMAGES = 6


def protocol(split: str = "train", **changes: Any) -> ProtocolCard:
    """How a score of the stand-in came about."""
    values = {
        "dataset": "demo", "dataset_fingerprint": "f" * 64, "split": split, "images": IMAGES, "label_source": "given",
        "scales": (1.0,), "flip": True, "alpha_rule": "constant 0.2", "weights_sha256": "a" * 64,
        "code_version": "0.1.0",
    }  # fmt: skip
    return ProtocolCard.model_validate(values | changes)


class FakePipelines:
    """State of the pipeline's side."""

    def __init__(self, fake: "FakeService") -> None:
        self.fake = fake
        self.sets: dict[str, dict[str, Any]] = {}
        self.scores: dict[str, dict[str, Any]] = {}
        self.pipelines: dict[str, dict[str, Any]] = {}
        self.submitted: list[dict[str, Any]] = []
        self.refuse: dict[str, str] | None = None
        self.crf: dict[str, Any] = {"available": True, "reason": None}
        self.masked = True
        self.pictures: list[dict[str, str]] = []
        self.tables: list[dict[str, Any]] = [t.model_dump(mode="json") for t in tables.build([], "demo")]

    def add(self, settings: PipelineSettings | None = None, name: str = "all of it", **states: str) -> str:
        """A pipeline whose stages stand as named; those that are not named wait."""
        settings = settings or pipeline_preset("quick", checkpoint="demo-ssenet")
        pipeline_id = f"pipe-{len(self.pipelines):04d}"
        stages, made = [], dict[str, str]()
        for stage in graph(settings, masked=self.masked):
            state = states.get(stage.name, "waiting")
            values = {**stage.options, **stage.given, **{f: made.get(s, "nothing") for f, s in stage.inputs.items()}}
            stages.append(self._stage(stage.name, state, values, pipeline_id))
            if stages[-1]["result"]:
                result = stages[-1]["result"]
                made[stage.name] = result["set"] or result["checkpoint"] or ""
        order = ("failed", "running", "queued", "cancelled", "waiting")
        state = next((s for s in order if any(x["state"] == s for x in stages)), "succeeded")
        self.pipelines[pipeline_id] = {
            "id": pipeline_id, "name": name, "settings": settings.model_dump(mode="json"), "dataset": "demo",
            "state": "queued" if state == "waiting" else state, "stages": stages,
            "failed_stage": next((x["name"] for x in stages if x["state"] == "failed"), None),
            "created_at": self.fake.start.isoformat(),
            "finished_at": (self.fake.start + timedelta(minutes=4)).isoformat(),
        }  # fmt: skip
        return pipeline_id

    def finished(self, **changes: str) -> str:
        """A pipeline that is done, but for ``changes``."""
        return self.add(**{**dict.fromkeys(STAGES, "succeeded"), **changes})

    def _stage(self, kind: JobKind, state: str, settings: dict[str, Any], pipeline_id: str) -> dict[str, Any]:
        if state == "waiting":
            return {"name": kind, "state": state, "reused": False, "job": None, "result": None}
        error = {"message": "The photographs could not be read.", "kind": "ImageError"} if state == "failed" else None
        progress = {"done": 3, "total": IMAGES, "unit": "images", "message": ""} if state == "running" else None
        job = self.fake.add_job(
            state, kind=kind, settings=settings, error=error, progress=progress, pipeline_id=pipeline_id
        )
        result = self._result(kind, job) if state == "succeeded" else None
        if result:
            given = {"checkpoints": [x for x in [result["checkpoint"]] if x], **result}
            self.fake.jobs[job]["result"] = {k: v for k, v in given.items() if k != "checkpoint"}
        # By reference: what a test changes in the job shows in the pipeline.
        return {"name": kind, "state": state, "reused": False, "job": self.fake.jobs[job], "result": result}

    def _result(self, kind: JobKind, job: str) -> dict[str, Any]:
        result: dict[str, Any] = {"checkpoint": None, "set": None, "evaluation": None, "score": None}
        if kind in NETWORKS:
            result["checkpoint"] = f"ck-{kind}-{job}"
            self.fake.add_network(result["checkpoint"], NETWORKS[kind])
        if kind in SETS:
            result["set"] = self.add_set(kind, job)
        if kind in ("pseudo_labels", "evaluate_segmentation"):
            result["score"] = self.add_score(kind, job, result["set"])
        if kind == "evaluate":
            result["evaluation"] = self.fake.evaluated["demo-ssenet"]
        return result

    def add_set(self, kind: JobKind, job: str | None = None) -> str:
        """A set as ``kind`` makes one."""
        set_id, subject = f"set-{len(self.sets):04d}", None
        if SETS[kind] == "masks":
            subject = "pseudo-labels" if kind == "pseudo_labels" else "segmentation"
        step = Step(kind=kind, key=f"{len(self.sets):064x}", settings={})
        self.sets[set_id] = {
            "id": set_id, "kind": SETS[kind], "name": f"{kind} of demo", "job_id": job, "dataset": "demo",
            "split": "val" if kind == "evaluate_segmentation" else "train", "images": IMAGES,
            "classes": list(self.fake.classes), "image_ids": [f"photo-{i}" for i in range(IMAGES)],
            "key": step.key, "subject": subject, "lineage": [step.model_dump(mode="json")], "size": 1000,
            "created_at": self.fake.start.isoformat(),
        }  # fmt: skip
        return set_id

    def add_score(self, kind: JobKind, job: str, set_id: str) -> str:
        """A score of label maps; 46.5 % for pseudo-labels, 51.5 % for the segmentation network."""
        pseudo = kind == "pseudo_labels"
        score_id = f"score-{len(self.scores):04d}"
        iou = {name: (41.5 if pseudo else 46.5) + i for i, name in enumerate(("background", *self.fake.classes))}
        self.scores[score_id] = {
            "id": score_id, "subject": "pseudo-labels" if pseudo else "segmentation", "job_id": job, "set_id": set_id,
            "checkpoint_id": None, "dataset": "demo", "miou": 46.5 if pseudo else 51.5, "iou": iou, "m_fn": 0.41,
            "m_fp": 0.52, "coverage": 0.987 if pseudo else None,
            "protocol": protocol("train" if pseudo else "val").model_dump(mode="json"),
            "lineage": self.sets[set_id]["lineage"], "images": IMAGES, "created_at": self.fake.start.isoformat(),
        }  # fmt: skip
        return score_id


def _missing(what: str, name: str) -> JSONResponse:
    body = {"type": "about:blank", "title": f"No such {what}", "status": 404, "detail": f"There is no {what} {name}."}
    return JSONResponse(body, 404, media_type="application/problem+json")


def set_routes(side: FakePipelines, app: FastAPI) -> None:
    """Sets, scores, capabilities, tables."""

    @app.get("/api/v1/sets")
    def sets(kind: str | None = None) -> dict[str, Any]:
        return {"items": [x for x in side.sets.values() if kind in (None, x["kind"])], "next": None}

    @app.get("/api/v1/sets/{set_id}", response_model=None)
    def one_set(set_id: str) -> Any:
        return side.sets.get(set_id) or _missing("set", set_id)

    @app.get("/api/v1/sets/{set_id}/items/{index}/picture", response_model=None)
    def picture(
        set_id: str, index: int, what: str, variant: str = "low",
        class_: Annotated[str | None, Query(alias="class")] = None,
    ) -> Response:  # fmt: skip
        if set_id not in side.sets or index >= IMAGES:
            return _missing("item", f"{set_id}/{index}")
        side.pictures.append(
            {"set": set_id, "index": str(index), "what": what, "variant": variant, "class": class_ or ""}
        )
        buffer = io.BytesIO()
        Image.new("RGB", (12, 9), (20 * index, 80, 120)).save(buffer, "PNG")
        return Response(buffer.getvalue(), media_type="image/png")

    @app.get("/api/v1/datasets/demo/samples")
    def samples(split: str, offset: int, limit: int) -> dict[str, Any]:
        items = [{"index": i, "id": f"photo-{i}", "labels": ["bird", "fish"]} for i in range(offset, offset + limit)]
        return {"items": items, "total": IMAGES, "split": split}

    @app.get("/api/v1/scores/{score_id}", response_model=None)
    def score(score_id: str) -> Any:
        return side.scores.get(score_id) or _missing("score", score_id)

    @app.get("/api/v1/capabilities")
    def capabilities() -> dict[str, Any]:
        return {"crf": side.crf}

    @app.get("/api/v1/tables")
    def all_tables(dataset: str) -> dict[str, Any]:
        return {"dataset": dataset, "tables": side.tables}


def pipeline_routes(side: FakePipelines, app: FastAPI) -> None:
    """Pipelines."""

    @app.get("/api/v1/pipelines")
    def pipelines() -> dict[str, Any]:
        return {"items": list(reversed(side.pipelines.values())), "next": None}

    @app.post("/api/v1/pipelines", status_code=202, response_model=None)
    async def submit(request: Request) -> Any:
        body = await request.json()
        side.submitted.append(body | {"key": request.headers.get("Idempotency-Key")})
        if side.refuse:
            problem = {"type": "about:blank", "title": "Refused", "status": 422, "detail": "It cannot run."}
            return JSONResponse(problem | {"errors": [side.refuse]}, 422, media_type="application/problem+json")
        settings = PipelineSettings.model_validate(body["settings"])
        return side.pipelines[side.add(settings, body.get("name"), infer_cam="queued")]

    @app.post("/api/v1/pipelines/estimate")
    async def estimate(request: Request) -> dict[str, Any]:
        settings = PipelineSettings.model_validate((await request.json())["settings"])
        stages = [{"name": s.name, "seconds": 20.0, "basis": "reference"} for s in graph(settings, masked=side.masked)]
        return {"seconds": 20.0 * len(stages), "basis": "earlier runs on this machine", "stages": stages}

    @app.get("/api/v1/pipelines/{pipeline_id}", response_model=None)
    def pipeline(pipeline_id: str) -> Any:
        return side.pipelines.get(pipeline_id) or _missing("pipeline", pipeline_id)

    @app.post("/api/v1/pipelines/{pipeline_id}/cancel", status_code=202)
    def cancel(pipeline_id: str) -> dict[str, Any]:
        side.pipelines[pipeline_id]["state"] = "cancelled"
        for stage in side.pipelines[pipeline_id]["stages"]:
            if stage["job"] and stage["state"] in ("running", "queued"):
                stage["state"] = stage["job"]["state"] = "cancelled"
        return side.pipelines[pipeline_id]

    @app.post("/api/v1/pipelines/{pipeline_id}/resume", status_code=202)
    def resume(pipeline_id: str) -> dict[str, Any]:
        found = side.pipelines[pipeline_id]
        found |= {"state": "running", "failed_stage": None}
        for stage in found["stages"]:
            if stage["state"] in ("failed", "cancelled"):
                stage["state"] = stage["job"]["state"] = "running"
                stage["job"]["error"] = None
        return found

    @app.delete("/api/v1/pipelines/{pipeline_id}", status_code=204)
    def forget(pipeline_id: str) -> None:
        del side.pipelines[pipeline_id]
