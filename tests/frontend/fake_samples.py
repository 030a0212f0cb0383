"""Samples of the stand-in's data set: a photograph with an ellipse, and the ellipse's exact mask."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import FastAPI, Response
from PIL import Image, ImageDraw

from ssenet.data.images import decode_image, encode_mask_png, pixels_sha

if TYPE_CHECKING:
    from fake_api import FakeService

SIZE = (400, 300)
ELLIPSE = (120, 80, 280, 230)
LABEL = 1
"""Of the class that every sample shows: bird."""


def mask() -> np.ndarray:
    """(H, W) labels: the ellipse, with an ignored border of two pixels."""
    drawn = Image.new("L", SIZE, 0)
    ImageDraw.Draw(drawn).ellipse(ELLIPSE, fill=LABEL, outline=255, width=2)
    return np.asarray(drawn)


class FakeSamples:
    """Samples that were opened, by the id of their photograph."""

    def __init__(self, pixels: Any) -> None:
        self.pixels_of = pixels
        self.opened: dict[str, tuple[str, int]] = {}
        self.changed = False
        """Whether the data set has been registered anew with other pictures."""

    def png(self, index: int) -> bytes:
        """A sample's picture."""
        return self.pixels_of(index % 4)  # type: ignore[no-any-return]

    def open(self, split: str, index: int) -> str:
        """Id of the photograph of a sample."""
        image_id = hashlib.sha256(f"{split}/{index}".encode()).hexdigest()[:32]
        self.opened[image_id] = (split, index)
        return image_id

    def image(self, image_id: str) -> dict[str, Any]:
        """The record of an opened sample."""
        split, index = self.opened[image_id]
        return {
            "id": image_id, "sha": pixels_sha(decode_image(self.png(index))), "width": 400, "height": 300,
            "name": f"{split}_{index:05d}", "source": "dataset", "title": f"{split}_{index:05d}", "author": None,
            "licence": None, "origin": f"demo/{split}/{index}", "labels": ["bird"],
            "created_at": "2026-01-01T00:00:00Z",
        }  # fmt: skip

    def pixels(self, image_id: str) -> bytes | None:
        """The picture of an opened sample."""
        return self.png(self.opened[image_id][1]) if image_id in self.opened else None


def sample_routes(fake: FakeService, app: FastAPI) -> None:
    """Pictures, masks, opening."""

    @app.get("/api/v1/datasets/demo/samples/{split}/{index}/image")
    def picture(split: str, index: int, max_side: int = 4000) -> Response:  # noqa: ARG001 - every split looks alike
        with Image.open(io.BytesIO(fake.samples.png(index + fake.samples.changed))) as opened:
            opened.thumbnail((max_side, max_side))
            buffer = io.BytesIO()
            opened.save(buffer, "PNG")
        return Response(buffer.getvalue(), media_type="image/png")

    @app.get("/api/v1/datasets/demo/samples/{split}/{index}/mask")
    def sample_mask(split: str, index: int) -> Response:  # noqa: ARG001 - every mask is the same
        return Response(encode_mask_png(mask()), media_type="image/png")

    @app.post("/api/v1/datasets/demo/samples/{split}/{index}/open")
    def open_sample(split: str, index: int) -> dict[str, Any]:
        return fake.samples.image(fake.samples.open(split, index))
