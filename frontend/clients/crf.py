"""The dense CRF of one photograph, step by step."""

from __future__ import annotations

from typing import Any

import httpx

from frontend import schemas as s
from frontend.transport import Params, Pending, Transport, parse, part, retry_after

REFINING = 120.0
"""Seconds that a refinement may take: many classes on a busy machine."""


class CrfCalls(Transport):
    """Label maps after every iteration, and what they say.

    ``query`` holds the parameters of the route: scales, flip, labels or classes, preset, alpha or powers, iterations.
    Both raise ``Pending`` while the maps that are refined are being computed.
    """

    def crf_steps(self, checkpoint: str, image: str, query: Params) -> s.CrfSteps:
        """The numbers of every iteration."""
        return parse(s.CrfSteps, self._crf(checkpoint, image, query, "application/json"))

    def crf_frames(self, checkpoint: str, image: str, query: Params) -> bytes:
        """npz of the label maps (``ssenet.refine.scrub.unpack_frames``)."""
        return self._crf(checkpoint, image, query, "application/x-npz").content

    def _crf(self, checkpoint: str, image: str, query: Params, accept: str) -> httpx.Response:
        given = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
        params: dict[str, Any] = {"image": image, "wait": 0, **{k: v for k, v in given.items() if v is not None}}
        path = f"/checkpoints/{part(checkpoint)}/crf"
        response = self._send("GET", path, params=params, headers={"Accept": accept}, timeout=REFINING)
        if response.status_code == httpx.codes.ACCEPTED:
            raise Pending(retry_after(response))
        return response
