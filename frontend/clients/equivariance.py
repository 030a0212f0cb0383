"""Maps of turned and shifted photographs."""

from __future__ import annotations

import httpx

from frontend.transport import Params, Pending, Transport, part, retry_after
from ssenet.results import View


class EquivarianceCalls(Transport):
    """Raw logits of any view."""

    def view_cam(self, checkpoint: str, image: str, view: View) -> bytes:
        """npz of the raw coarse logits of a view, float16 ``(K, h, w)``; of a mirrored one the straight one is in it.

        Raises:
            Pending: they are not computed yet.
        """
        moved: Params = {"rotation": view.rotation, "shift_x": view.shift_x, "shift_y": view.shift_y}
        response = self._send(
            "GET",
            f"/checkpoints/{part(checkpoint)}/cams",
            params={
                "image": image, "scales": [view.scale], "flip": str(view.flip).lower(), "labels": "all", "wait": 0,
                **moved,
            },
            headers={"Accept": "application/x-npz"},
        )  # fmt: skip
        if response.status_code == httpx.codes.ACCEPTED:
            raise Pending(retry_after(response))
        return response.content
