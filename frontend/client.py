"""The pages' only way to the service: one typed HTTP client."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from frontend import schemas as s

DEFAULT_URL = "http://127.0.0.1:8000"
MAX_PAGES = 20
"""Pages of a listing that are fetched at most."""

Params = Mapping[str, str | int | float | bool | Sequence[str | int | float] | None]
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field of a request; ``pointer`` is a JSON pointer such as ``/settings/lr``."""

    pointer: str
    message: str

    @property
    def field(self) -> str:
        """The last part of the pointer."""
        return self.pointer.rstrip("/").rpartition("/")[2]


class ServiceUnreachable(Exception):  # noqa: N818 - a state, not a fault of the program
    """The service does not answer, or answers nonsense. The message says what to do."""


class Problem(Exception):  # noqa: N818 - the name RFC 9457 gives it
    """The service refused, as an RFC 9457 problem. ``str`` of it is the text for people."""

    def __init__(self, status: int, title: str, detail: str, errors: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(detail or title)
        self.status, self.title, self.detail, self.errors = status, title, detail, errors


class Pending(Exception):  # noqa: N818 - a state, not an error
    """The answer is being computed: ask again after ``retry_after`` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("being computed")
        self.retry_after = retry_after


def api_url() -> str:
    """Base address of the service, from ``SSENET_API_URL``."""
    return os.environ.get("SSENET_API_URL", DEFAULT_URL).rstrip("/")


class Client:
    """The API under ``/api/v1``, one method a route.

    Every method raises ``ServiceUnreachable`` or ``Problem``.
    """

    def __init__(self, base_url: str, *, timeout: float = 30.0) -> None:
        self.base_url = base_url
        self._http = httpx.Client(base_url=f"{base_url}/api/v1", timeout=timeout, trust_env=False)

    # Service -----------------------------------------------------------------
    def readiness(self) -> s.Readiness:
        """State of the parts; answers also when the service is not ready (503)."""
        return _parse(s.Readiness, self._send("GET", "/readyz", ok=(503,), timeout=5.0))

    # Images ------------------------------------------------------------------
    def images(self, sources: Sequence[str]) -> list[s.Image]:
        """Photographs of the given sources (gallery, upload, dataset)."""
        return list(self._all(s.Image, "/images", {"source": ",".join(sources)}))

    def image(self, image_id: str) -> s.Image:
        """One photograph's record."""
        return _parse(s.Image, self._send("GET", f"/images/{_part(image_id)}"))

    def pixels(self, image_id: str, max_side: int) -> bytes:
        """PNG of a photograph, its long side at most ``max_side`` pixels."""
        return self._send("GET", f"/images/{_part(image_id)}/pixels", params={"max_side": max_side}).content

    def upload(self, name: str, data: bytes) -> s.Image:
        """Register a photograph; the same pixels give the same record."""
        return _parse(s.Image, self._send("POST", "/images", files={"file": (name, data)}, timeout=60.0))

    # Data sets, checkpoints --------------------------------------------------
    def datasets(self) -> list[s.Dataset]:
        """Registered data sets."""
        return list(self._all(s.Dataset, "/datasets", {}))

    def checkpoints(self) -> list[s.Checkpoint]:
        """Final checkpoints, the built-in ones included."""
        return list(self._all(s.Checkpoint, "/checkpoints", {}))

    def cam(self, checkpoint: str, image: str, scale: float, flip: bool, *, wait: float = 0.0) -> bytes:
        """npz of the raw coarse logits of one scale, float16 ``(K, h, w)`` for each view.

        Raises:
            Pending: they are not computed within ``wait`` seconds.
        """
        response = self._send(
            "GET",
            f"/checkpoints/{_part(checkpoint)}/cams",
            params={"image": image, "scales": [scale], "flip": str(flip).lower(), "labels": "all", "wait": wait},
            headers={"Accept": "application/x-npz"},
            timeout=wait + 30.0,
        )
        if response.status_code == httpx.codes.ACCEPTED:
            raise Pending(_retry_after(response))
        return response.content

    # Jobs --------------------------------------------------------------------
    def jobs(self) -> list[s.Job]:
        """All jobs, newest first."""
        return sorted(self._all(s.Job, "/jobs", {}), key=lambda job: job.created_at, reverse=True)

    def job(self, job_id: str) -> s.Job:
        """One job."""
        return _parse(s.Job, self._send("GET", f"/jobs/{_part(job_id)}"))

    def events(self, job_id: str, after: int = 0) -> list[s.Event]:
        """Events of a job with a sequence number above ``after``, oldest first."""
        events: list[s.Event] = []
        while True:
            page, _ = _page(s.Event, self._send("GET", f"/jobs/{_part(job_id)}/events", params={"after": after}))
            if not page or page[-1].seq <= after:
                return events
            events += page
            after = page[-1].seq

    def submit(self, kind: str, settings: dict[str, Any], name: str | None, key: str) -> s.Job:
        """Submit a job; the same ``key`` again returns the same job."""
        body = {"kind": kind, "settings": settings} | ({"name": name} if name else {})
        return _parse(s.Job, self._send("POST", "/jobs", json=body, headers={"Idempotency-Key": key}))

    def cancel(self, job_id: str) -> s.Job:
        """Ask a job to stop."""
        return _parse(s.Job, self._send("POST", f"/jobs/{_part(job_id)}/cancel"))

    def retry(self, job_id: str) -> s.Job:
        """Submit a failed or cancelled job once more; the new job."""
        return _parse(s.Job, self._send("POST", f"/jobs/{_part(job_id)}/retry"))

    def estimate(self, kind: str, settings: dict[str, Any]) -> s.Estimate:
        """How long the job would take on this machine."""
        return _parse(s.Estimate, self._send("POST", "/jobs/estimate", json={"kind": kind, "settings": settings}))

    # Evaluations -------------------------------------------------------------
    def evaluations(self) -> list[s.Evaluation]:
        """All evaluations."""
        return list(self._all(s.Evaluation, "/evaluations", {}))

    def curves(self, evaluation_id: str) -> s.Curves:
        """mIoU, m_FN and m_FP against α, row by row."""
        return _parse(s.Curves, self._send("GET", f"/evaluations/{_part(evaluation_id)}/curves"))

    def histograms(self, evaluation_id: str) -> bytes:
        """npz of the counts, image by image (``ssenet.results.load_histograms``)."""
        return self._send("GET", f"/evaluations/{_part(evaluation_id)}/histograms", timeout=60.0).content

    # -------------------------------------------------------------------------
    def _all(self, model: type[T], path: str, params: Params) -> Iterator[T]:
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            query = dict(params) | ({"cursor": cursor} if cursor else {})
            items, cursor = _page(model, self._send("GET", path, params=query))
            yield from items
            if not cursor:
                return

    def _send(self, method: str, path: str, *, ok: Sequence[int] = (), **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ServiceUnreachable(f"The service at {self.base_url} does not answer.") from error
        if response.is_success or response.status_code in ok:
            return response
        raise _problem(response)


class _Page(BaseModel):
    """One page of a listing, its items not looked at yet."""

    items: list[Any]
    next: str | int | None = None


def _parse(model: type[T], response: httpx.Response) -> T:
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise _not_understood(response) from error


def _page(model: type[T], response: httpx.Response) -> tuple[list[T], str | None]:
    """The items of a page, and the cursor of the next one."""
    page = _parse(_Page, response)
    try:
        items = [model.model_validate(item) for item in page.items]
    except ValidationError as error:
        raise _not_understood(response) from error
    return items, None if page.next is None else str(page.next)


def _not_understood(response: httpx.Response) -> ServiceUnreachable:
    return ServiceUnreachable(f"The service at {response.url.host} answered something these pages do not understand.")


def _problem(response: httpx.Response) -> Problem:
    try:
        body = response.json()
        errors = tuple(FieldProblem(str(e.get("pointer", "")), str(e["message"])) for e in body.get("errors") or ())
        return Problem(response.status_code, str(body.get("title", "")), str(body.get("detail") or ""), errors)
    except (ValueError, KeyError, AttributeError, TypeError):
        return Problem(response.status_code, f"The service answered {response.status_code}.", "")


def _retry_after(response: httpx.Response) -> float:
    try:
        return float(response.headers.get("Retry-After", "1"))
    except ValueError:
        return 1.0


def _part(text: str) -> str:
    """``text`` as one part of a path: an id out of the address must not climb out of it."""
    return quote(text, safe="")
