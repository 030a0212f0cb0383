"""What maps are, beside their pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

from frontend.schemas.cams import CamAnswer
from frontend.transport import Pending, Transport, parse, part, retry_after


class CamCalls(Transport):
    """Maps in words and numbers."""

    def described_cams(
        self, checkpoint: str, image: str, scales: Sequence[float], flip: bool, moved: Mapping[str, float]
    ) -> CamAnswer:
        """Size, key and cost of each view; ``moved`` is rotation and shift, as far as they are not 0.

        Raises:
            Pending: not all maps are there yet.
        """
        params = {"image": image, "scales": list(scales), "flip": flip, "labels": "all", "wait": 0, **moved}
        headers = {"Accept": "application/json"}
        response = self._send("GET", f"/checkpoints/{part(checkpoint)}/cams", params=params, headers=headers)
        if response.status_code == httpx.codes.ACCEPTED:
            raise Pending(retry_after(response))
        return parse(CamAnswer, response)
