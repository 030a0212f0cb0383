"""The pages' only way to the service: one typed HTTP client, one method a route."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import httpx

from frontend import schemas as s
from frontend.clients.access import AccessCalls
from frontend.clients.aggregation import AggregationCalls
from frontend.clients.alpha import AlphaCalls
from frontend.clients.cams import CamCalls
from frontend.clients.comparisons import ComparisonCalls
from frontend.clients.crf import CrfCalls
from frontend.clients.equivariance import EquivarianceCalls
from frontend.clients.samples import SampleCalls
from frontend.clients.triage import TriageCalls
from frontend.clients.workers import WorkerCalls
from frontend.transport import (
    FieldProblem,
    LoginNeeded,
    Params,
    Pending,
    Problem,
    ServiceUnreachable,
    Transport,
    page_of,
    parse,
    part,
    retry_after,
)
from ssenet.config import NetworkRole

__all__ = ["Client", "FieldProblem", "LoginNeeded", "Pending", "Problem", "ServiceUnreachable", "api_url"]

DEFAULT_URL = "http://127.0.0.1:8000"
LARGE = 600.0
"""Seconds that the export of a large set may take."""


def api_url() -> str:
    """Base address of the service, from ``SSENET_API_URL``."""
    return os.environ.get("SSENET_API_URL", DEFAULT_URL).rstrip("/")


class Client(
    AccessCalls,
    AggregationCalls,
    AlphaCalls,
    CamCalls,
    ComparisonCalls,
    CrfCalls,
    EquivarianceCalls,
    SampleCalls,
    TriageCalls,
    WorkerCalls,
    Transport,
):
    """The API under ``/api/v1``, one method a route.

    Every method raises ``ServiceUnreachable``, ``Problem`` or ``LoginNeeded``.
    """

    # Service -----------------------------------------------------------------
    def readiness(self) -> s.Readiness:
        """State of the parts; answers also when the service is not ready (503)."""
        return parse(s.Readiness, self._send("GET", "/readyz", ok=(503,), timeout=5.0))

    def capabilities(self) -> s.Capabilities:
        """What this installation can do."""
        return parse(s.Capabilities, self._send("GET", "/capabilities"))

    # Images ------------------------------------------------------------------
    def images(self, sources: Sequence[str]) -> list[s.Image]:
        """Photographs of the given sources (gallery, upload, dataset)."""
        return list(self._all(s.Image, "/images", {"source": ",".join(sources)}))

    def image(self, image_id: str) -> s.Image:
        """One photograph's record."""
        return parse(s.Image, self._send("GET", f"/images/{part(image_id)}"))

    def pixels(self, image_id: str, max_side: int | None = None) -> bytes:
        """PNG of a photograph; with ``max_side`` its long side has at most so many pixels."""
        params = {} if max_side is None else {"max_side": max_side}
        return self._send("GET", f"/images/{part(image_id)}/pixels", params=params).content

    def upload(self, name: str, data: bytes) -> s.Image:
        """Register a photograph; the same pixels give the same record."""
        return parse(s.Image, self._send("POST", "/images", files={"file": (name, data)}, timeout=60.0))

    # Data sets, checkpoints --------------------------------------------------
    def datasets(self) -> list[s.Dataset]:
        """Registered data sets."""
        return list(self._all(s.Dataset, "/datasets", {}))

    def samples(self, dataset: str, split: str, index: int) -> list[s.Sample]:
        """The sample of that number in a split, if there is one."""
        params = {"split": split, "offset": index, "limit": 1}
        return parse(s.SamplePage, self._send("GET", f"/datasets/{part(dataset)}/samples", params=params)).items

    def checkpoints(self, role: NetworkRole | None = None) -> list[s.Checkpoint]:
        """Final checkpoints, the built-in ones included; of one role, or of all."""
        return list(self._all(s.Checkpoint, "/checkpoints", {"role": role} if role else {}))

    def checkpoint(self, checkpoint_id: str) -> s.Checkpoint:
        """One checkpoint."""
        return parse(s.Checkpoint, self._send("GET", f"/checkpoints/{part(checkpoint_id)}"))

    def cam(self, checkpoint: str, image: str, scale: float, flip: bool, *, wait: float = 0.0) -> bytes:
        """npz of the raw coarse logits of one scale, float16 ``(K, h, w)`` for each view.

        Raises:
            Pending: they are not computed within ``wait`` seconds.
        """
        response = self._send(
            "GET",
            f"/checkpoints/{part(checkpoint)}/cams",
            params={"image": image, "scales": [scale], "flip": str(flip).lower(), "labels": "all", "wait": wait},
            headers={"Accept": "application/x-npz"},
            timeout=wait + 30.0,
        )
        if response.status_code == httpx.codes.ACCEPTED:
            raise Pending(retry_after(response))
        return response.content

    # Jobs --------------------------------------------------------------------
    def jobs(self) -> list[s.Job]:
        """All jobs, newest first."""
        return sorted(self._all(s.Job, "/jobs", {}), key=lambda job: job.created_at, reverse=True)

    def job(self, job_id: str) -> s.Job:
        """One job."""
        return parse(s.Job, self._send("GET", f"/jobs/{part(job_id)}"))

    def events(self, job_id: str, after: int = 0) -> list[s.Event]:
        """Events of a job with a sequence number above ``after``, oldest first."""
        events: list[s.Event] = []
        while True:
            page, _ = page_of(s.Event, self._send("GET", f"/jobs/{part(job_id)}/events", params={"after": after}))
            if not page or page[-1].seq <= after:
                return events
            events += page
            after = page[-1].seq

    def submit(self, kind: str, settings: dict[str, Any], name: str | None, key: str) -> s.Job:
        """Submit a job; the same ``key`` again returns the same job."""
        body = {"kind": kind, "settings": settings} | ({"name": name} if name else {})
        return parse(s.Job, self._send("POST", "/jobs", json=body, headers={"Idempotency-Key": key}))

    def cancel(self, job_id: str) -> s.Job:
        """Ask a job to stop."""
        return parse(s.Job, self._send("POST", f"/jobs/{part(job_id)}/cancel"))

    def retry(self, job_id: str) -> s.Job:
        """Submit a failed or cancelled job once more; the new job."""
        return parse(s.Job, self._send("POST", f"/jobs/{part(job_id)}/retry"))

    def estimate(self, kind: str, settings: dict[str, Any]) -> s.Estimate:
        """How long the job would take on this machine."""
        return parse(s.Estimate, self._send("POST", "/jobs/estimate", json={"kind": kind, "settings": settings}))

    # Evaluations -------------------------------------------------------------
    def evaluations(self) -> list[s.Evaluation]:
        """All evaluations."""
        return list(self._all(s.Evaluation, "/evaluations", {}))

    def evaluation(self, evaluation_id: str) -> s.Evaluation:
        """One evaluation."""
        return parse(s.Evaluation, self._send("GET", f"/evaluations/{part(evaluation_id)}"))

    def curves(self, evaluation_id: str) -> s.Curves:
        """mIoU, m_FN and m_FP against α, row by row."""
        return parse(s.Curves, self._send("GET", f"/evaluations/{part(evaluation_id)}/curves"))

    def histograms(self, evaluation_id: str) -> bytes:
        """npz of the counts, image by image (``ssenet.histograms.load_histograms``)."""
        return self._send("GET", f"/evaluations/{part(evaluation_id)}/histograms", timeout=60.0).content

    # Sets, scores, tables ----------------------------------------------------
    def image_set(self, set_id: str) -> s.ImageSet:
        """One set, with the ids of its images."""
        return parse(s.ImageSet, self._send("GET", f"/sets/{part(set_id)}"))

    def sets(self, **filters: str | None) -> list[s.ImageSet]:
        """Sets, newest first; filters are ``kind``, ``dataset`` and ``job``."""
        return list(self._all(s.ImageSet, "/sets", _given(filters)))

    def set_picture(self, set_id: str, index: int, max_side: int, **what: str | None) -> bytes:
        """PNG of one image of a set; ``what``, ``variant`` and ``class_`` say of what."""
        named = {name.rstrip("_"): value for name, value in what.items()}
        params = {**_given(named), "max_side": max_side}
        return self._send("GET", f"/sets/{part(set_id)}/items/{index}/picture", params=params).content

    def export(self, set_id: str, name: str) -> bytes:
        """``voc.zip`` or ``server.tgz`` of a set of masks."""
        return self._send("GET", f"/sets/{part(set_id)}/{name}", timeout=LARGE).content

    def score(self, score_id: str) -> s.Score:
        """One score of label maps."""
        return parse(s.Score, self._send("GET", f"/scores/{part(score_id)}"))

    def tables(self, dataset: str) -> s.Tables:
        """The paper's tables for a data set."""
        return parse(s.Tables, self._send("GET", "/tables", params={"dataset": dataset}))

    # Pipelines ---------------------------------------------------------------
    def pipelines(self) -> list[s.Pipeline]:
        """All pipelines, newest first."""
        return list(self._all(s.Pipeline, "/pipelines", {}))

    def pipeline(self, pipeline_id: str) -> s.Pipeline:
        """One pipeline."""
        return parse(s.Pipeline, self._send("GET", f"/pipelines/{part(pipeline_id)}"))

    def start_pipeline(self, settings: dict[str, Any], name: str | None, key: str) -> s.Pipeline:
        """Submit a pipeline; the same ``key`` again returns the same pipeline."""
        body = {"settings": settings} | ({"name": name} if name else {})
        return parse(s.Pipeline, self._send("POST", "/pipelines", json=body, headers={"Idempotency-Key": key}))

    def cancel_pipeline(self, pipeline_id: str) -> s.Pipeline:
        """Ask a pipeline to stop."""
        return parse(s.Pipeline, self._send("POST", f"/pipelines/{part(pipeline_id)}/cancel"))

    def resume_pipeline(self, pipeline_id: str) -> s.Pipeline:
        """Go on with a failed or cancelled pipeline where it stopped."""
        return parse(s.Pipeline, self._send("POST", f"/pipelines/{part(pipeline_id)}/resume"))

    def forget_pipeline(self, pipeline_id: str) -> None:
        """Take a pipeline that is over off the list; its results stay."""
        self._send("DELETE", f"/pipelines/{part(pipeline_id)}")

    def estimate_pipeline(self, settings: dict[str, Any]) -> s.PipelineEstimate:
        """How long a pipeline would take on this machine, stage by stage."""
        return parse(s.PipelineEstimate, self._send("POST", "/pipelines/estimate", json={"settings": settings}))


def _given(values: dict[str, str | None]) -> Params:
    return {name: value for name, value in values.items() if value is not None}
