"""A stand-in for the service at its HTTP edge: the routes the pages use, with synthetic data.

``FakeService`` holds the state, so that a test can arrange it and see what was asked.
"""

import hashlib
import io
import threading
from collections import Counter
from datetime import timedelta
from typing import Annotated, Any

import numpy as np
import uvicorn
from fake_access import FakeAccess, access_routes
from fake_aggregation import aggregation_routes
from fake_alpha import alpha_routes
from fake_comparisons import comparison_routes
from fake_cost import described
from fake_crf import FakeCrf, crf_routes
from fake_data import CLASSES, START, card, coarse, histogram, photograph, record
from fake_pipeline import FakePipelines, pipeline_routes, set_routes
from fake_rankings import FakeRankings, ranking_routes
from fake_samples import FakeSamples, sample_routes
from fake_workers import FakeWorkers, worker_routes
from fastapi import FastAPI, File, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from PIL import Image

from ssenet.config import CamTrainSettings
from ssenet.histograms import EDGES, save_histograms
from ssenet.results import EvaluationRecord, views_of


class FakeService:
    """State of the stand-in, and a log of what was asked of it."""

    classes, start = CLASSES, START

    def __init__(self) -> None:
        self.photographs = {f"{i:032x}": photograph(i) for i in range(3)}
        self.uploads: dict[str, bytes] = {}
        self.checkpoints = {
            "demo-baseline": card("demo-baseline", "baseline"),
            "demo-ssenet": card("demo-ssenet", "ssenet"),
        }
        self.evaluated = {"demo-baseline": "ev-baseline", "demo-ssenet": "ev-ssenet"}
        self.scored_images: dict[str, int] = {}
        self.protocols: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.events_a_page = 1000
        self.winner = 0
        self.ready = True
        self.pending_polls = 0
        self.asked: Counter[str] = Counter()
        self.polls: Counter[str] = Counter()
        self.submitted: list[dict[str, Any]] = []
        self.refuse_job: dict[str, Any] | None = None
        self.refuse_comparison = ""
        self.compared: list[Any] = []
        self.lock = threading.Lock()
        self.aggregations: list[dict[str, Any]] = []
        self.pipelines = FakePipelines(self)
        self.rankings = FakeRankings(self)
        self.samples = FakeSamples(photograph)
        self.crf = FakeCrf()
        self.access = FakeAccess()
        self.workers = FakeWorkers()
        self.missing: dict[str, Any] = {}

    def add_job(self, state: str, **changes: Any) -> str:
        """Put a job there, as if somebody had submitted it."""
        job_id = f"job-{len(self.jobs):04d}"
        started = START + timedelta(minutes=len(self.jobs))
        self.jobs[job_id] = {
            "id": job_id,
            "kind": "train_cam",
            "name": None,
            "state": state,
            "settings": CamTrainSettings().model_dump(mode="json"),
            "progress": None,
            "attempts": 1,
            "error": None,
            "result": None,
            "parent_id": None,
            "created_at": started.isoformat(),
            "started_at": None if state == "queued" else started.isoformat(),
            "finished_at": (started + timedelta(seconds=61)).isoformat() if state in ("succeeded", "failed") else None,
            "eta_seconds": None,
            "cancel_requested": False,
            **changes,
        }
        self.events[job_id] = []
        return job_id

    def add_event(self, job_id: str, kind: str, **data: Any) -> None:
        """Append one event to a job."""
        events = self.events[job_id]
        events.append({"seq": len(events) + 1, "type": kind, "data": data, "at": START.isoformat()})

    def finish_training(self, job_id: str, checkpoint: str = "ck-new") -> None:
        """Let a training succeed with a checkpoint."""
        self.checkpoints[checkpoint] = card("my-run", "ssenet")
        self.jobs[job_id] |= {
            "state": "succeeded",
            "finished_at": (START + timedelta(minutes=2)).isoformat(),
            "result": {"checkpoints": [checkpoint], "evaluation": None},
        }

    def record_of(self, checkpoint: str) -> EvaluationRecord:
        """The evaluation of a checkpoint."""
        return EvaluationRecord.model_validate(
            _changed(record(checkpoint, self.scored_images.get(checkpoint, 120)), self, checkpoint)
        )

    def add_network(self, checkpoint: str, method: str) -> None:
        """Put a checkpoint there, as if it had been trained."""
        self.checkpoints[checkpoint] = card(checkpoint, method)

    def image(self, image_id: str) -> dict[str, Any] | None:
        """The record of a photograph."""
        if image_id in self.samples.opened:
            return self.samples.image(image_id)
        if image_id in self.photographs:
            return _image(image_id, "gallery", ["bird"])
        return _image(image_id, "upload", []) if image_id in self.uploads else None

    def app(self) -> FastAPI:
        """The HTTP face."""
        app = FastAPI()

        @app.middleware("http")
        async def count(request: Request, call_next: Any) -> Response:
            with self.lock:
                self.asked[f"{request.method} {request.url.path.removeprefix('/api/v1')}"] += 1
            return await call_next(request)  # type: ignore[no-any-return]

        access_routes(self.access, app)
        _service_routes(self, app)
        _image_routes(self, app)
        _job_routes(self, app)
        _evaluation_routes(self, app)
        comparison_routes(self, app)
        alpha_routes(self, app)
        set_routes(self.pipelines, app)
        aggregation_routes(app, self.aggregations)
        pipeline_routes(self.pipelines, app)
        sample_routes(self, app)
        ranking_routes(self, app)
        crf_routes(self, app)
        worker_routes(self.workers, app)
        return app


def _problem(status: int, title: str, detail: str, errors: list[dict[str, str]] | None = None) -> JSONResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "errors": errors or []}
    return JSONResponse(body, status, media_type="application/problem+json")


def _image(image_id: str, source: str, labels: list[str]) -> dict[str, Any]:
    return {
        "id": image_id, "sha": image_id * 2, "width": 400, "height": 300, "name": f"{source}.png", "source": source,
        "title": f"Photograph {int(image_id, 16) % 97}", "author": "Somebody", "licence": "CC0", "origin": "",
        "labels": labels, "created_at": START.isoformat(),
    }  # fmt: skip


def _service_routes(fake: FakeService, app: FastAPI) -> None:
    @app.get("/api/v1/readyz")
    def readyz() -> JSONResponse:
        workers = {"train": int(fake.ready), "infer": int(fake.ready)}
        body = {"ready": fake.ready, "database": "ok", "broker": "ok", "workers": workers, "infer_warm": fake.ready}
        body |= fake.missing
        return JSONResponse(body, 200 if fake.ready else 503)

    @app.get("/api/v1/datasets")
    def datasets() -> dict[str, Any]:
        demo = {
            "id": "demo", "name": "demo", "kind": "demo", "classes": CLASSES, "splits": {"train": 400, "val": 120},
            "fingerprint": "f" * 64, "label_source": "masks", "has_masks": True,
            "masked_splits": ["train", "val"] if fake.pipelines.masked else [], "created_at": START.isoformat(),
        }  # fmt: skip
        return {"items": [demo], "next": None}

    def checkpoint_answer(key: str) -> dict[str, Any]:
        value = fake.checkpoints[key]
        return {
            "id": key, "name": value.name, "builtin": key.startswith("demo-"), "final": True, "job_id": None,
            "epoch": None, "card": value.model_dump(mode="json"), "size": 1, "created_at": START.isoformat(),
        }  # fmt: skip

    @app.get("/api/v1/checkpoints")
    def checkpoints(role: str | None = None) -> dict[str, Any]:
        keys = [key for key, value in fake.checkpoints.items() if role in (None, value.role)]
        return {"items": [checkpoint_answer(key) for key in keys], "next": None}

    @app.get("/api/v1/checkpoints/{checkpoint_id}")
    def checkpoint(checkpoint_id: str) -> dict[str, Any]:
        return checkpoint_answer(checkpoint_id)


def _image_routes(fake: FakeService, app: FastAPI) -> None:
    @app.get("/api/v1/images")
    def images(source: str) -> dict[str, Any]:
        kept = fake.uploads if source == "upload" else fake.photographs
        return {"items": [fake.image(key) for key in kept], "next": None}

    @app.post("/api/v1/images", status_code=201, response_model=None)
    def upload(file: Annotated[UploadFile, File()]) -> Any:
        data = file.file.read()
        if not data.startswith(b"\x89PNG"):
            return _problem(415, "Not an image", "This file is not a PNG, JPEG or WebP picture. Choose another file.")
        image_id = hashlib.sha256(data).hexdigest()[:32]
        fake.uploads[image_id] = data
        return fake.image(image_id)

    @app.get("/api/v1/images/{image_id}", response_model=None)
    def image(image_id: str) -> Any:
        return fake.image(image_id) or _problem(404, "No such image", f"There is no image {image_id}.")

    @app.get("/api/v1/images/{image_id}/pixels", response_model=None)
    def pixels(image_id: str, max_side: int = 4000) -> Response:
        data = fake.photographs.get(image_id) or fake.uploads.get(image_id) or fake.samples.pixels(image_id)
        if data is None:
            return _problem(404, "No such image", f"There is no image {image_id}.")
        picture = Image.open(io.BytesIO(data))
        picture.thumbnail((max_side, max_side))
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        return Response(buffer.getvalue(), media_type="image/png")

    @app.get("/api/v1/checkpoints/{checkpoint_id}/cams", response_model=None)
    def cams(
        request: Request,
        checkpoint_id: str,
        image: str,
        scales: Annotated[list[float], Query()],
        flip: bool = False,
        rotation: float = 0.0,
        shift_x: float = 0.0,
        shift_y: float = 0.0,
    ) -> Response:
        if checkpoint_id not in fake.checkpoints:
            return _problem(404, "No such checkpoint", f"There is no checkpoint {checkpoint_id}.")
        views = views_of(scales, flip, rotation=rotation, shift_x=shift_x, shift_y=shift_y)
        key = f"{checkpoint_id} {image} {[view.name for view in views]}"
        fake.polls[key] += 1
        if fake.polls[key] <= fake.pending_polls:
            return Response(status_code=202, headers={"Retry-After": "0"})
        sharpness = 14.0 if fake.checkpoints[checkpoint_id].method == "ssenet" else 30.0
        arrays = {v.name: coarse(v.scale, (400, 300), sharpness, fake.winner) for v in views}
        if request.headers["Accept"] == "application/json":
            return JSONResponse(described(arrays))
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        return Response(buffer.getvalue(), media_type="application/x-npz")


def _job_routes(fake: FakeService, app: FastAPI) -> None:
    @app.get("/api/v1/jobs")
    def jobs() -> dict[str, Any]:
        return {"items": list(fake.jobs.values()), "next": None}

    @app.post("/api/v1/jobs", status_code=202, response_model=None)
    async def submit(request: Request) -> Any:
        body = await request.json()
        fake.submitted.append(body | {"key": request.headers.get("Idempotency-Key")})
        if fake.refuse_job:
            return _problem(422, "Settings refused", "One setting cannot be used.", [fake.refuse_job])
        changes = {"kind": body["kind"], "settings": body["settings"], "name": body.get("name")}
        return fake.jobs[fake.add_job("queued", **changes)]

    @app.post("/api/v1/jobs/estimate")
    def estimate() -> dict[str, Any]:
        return {"seconds": 65.0, "basis": "earlier runs on this machine"}

    @app.get("/api/v1/jobs/{job_id}", response_model=None)
    def job(job_id: str) -> Any:
        return fake.jobs.get(job_id) or _problem(404, "No such job", f"There is no job {job_id}.")

    @app.get("/api/v1/jobs/{job_id}/events")
    def events(job_id: str, after: int = 0) -> dict[str, Any]:
        items = [event for event in fake.events.get(job_id, []) if event["seq"] > after][: fake.events_a_page]
        return {"items": items, "next": items[-1]["seq"] if items else after}

    @app.post("/api/v1/jobs/{job_id}/cancel", status_code=202)
    def cancel(job_id: str) -> dict[str, Any]:
        fake.jobs[job_id] |= {"state": "cancelled", "cancel_requested": True, "finished_at": START.isoformat()}
        return fake.jobs[job_id]

    @app.post("/api/v1/jobs/{job_id}/retry", status_code=202)
    def retry(job_id: str) -> dict[str, Any]:
        old = fake.jobs[job_id]
        changes = {key: old[key] for key in ("kind", "name", "settings")}
        return fake.jobs[fake.add_job("queued", **changes, parent_id=job_id)]


def _changed(made: EvaluationRecord, fake: FakeService, checkpoint: str) -> dict[str, Any]:
    """The record with what a test set in its protocol."""
    protocol = made.protocol.model_copy(update=fake.protocols.get(checkpoint, {}))
    return made.model_copy(update={"protocol": protocol}).model_dump(mode="json")


def _evaluation_routes(fake: FakeService, app: FastAPI) -> None:
    def evaluation_answer(checkpoint: str) -> dict[str, Any]:
        summary = {"row": "MS", "best_alpha": 0.3, "best_miou": 0.4, "miou_at_0_2": 0.331}
        return {
            "id": fake.evaluated[checkpoint], "checkpoint_id": checkpoint, "dataset_id": "demo", "job_id": None,
            "record": _changed(record(checkpoint, fake.scored_images.get(checkpoint, 120)), fake, checkpoint),
            "summary": [summary], "created_at": START.isoformat(),
        }  # fmt: skip

    @app.get("/api/v1/evaluations")
    def evaluations() -> dict[str, Any]:
        return {"items": [evaluation_answer(checkpoint) for checkpoint in fake.evaluated], "next": None}

    @app.get("/api/v1/evaluations/{evaluation_id}")
    def evaluation(evaluation_id: str) -> dict[str, Any]:
        return evaluation_answer(next(key for key, value in fake.evaluated.items() if value == evaluation_id))

    @app.get("/api/v1/evaluations/{evaluation_id}/curves")
    def curves(evaluation_id: str) -> dict[str, Any]:
        checkpoint = next(key for key, value in fake.evaluated.items() if value == evaluation_id)
        best = 0.3 if "ssenet" in checkpoint else 0.2
        alpha = EDGES.astype(float)
        rows = []
        for i, name in enumerate(record(checkpoint).rows):
            miou = 0.4 * np.exp(-((alpha - best - 0.02 * i) ** 2) / 0.05)
            m_fn: list[float | None] = [*(0.5 + 2 * alpha[:-1]), None]
            m_fp: list[float | None] = [*(3.0 - 2 * alpha[:-1]), None]
            undefined = [*([0] * (len(alpha) - 1)), 10]
            rows.append({"row": name, "miou": miou.tolist(), "m_fn": m_fn, "m_fp": m_fp, "undefined": undefined})
        return {"alpha": alpha.tolist(), "rows": rows, "record": record(checkpoint).model_dump(mode="json")}

    @app.get("/api/v1/evaluations/{evaluation_id}/histograms")
    def histograms(evaluation_id: str) -> Response:
        checkpoint = next(key for key, value in fake.evaluated.items() if value == evaluation_id)
        images = fake.scored_images.get(checkpoint, 120)
        rows = {name: histogram(i, images) for i, name in enumerate(record(checkpoint).rows)}
        return Response(save_histograms(rows))


class FakeServer:
    """The stand-in on a free port of this machine; a context manager."""

    def __init__(self, fake: FakeService) -> None:
        config = uvicorn.Config(fake.app(), host="127.0.0.1", port=0, log_level="warning")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the stand-in service did not start")
            self._thread.join(0.01)
        host, port = self._server.servers[0].sockets[0].getsockname()
        return f"http://{host}:{port}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(5)
