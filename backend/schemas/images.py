"""Photographs."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from backend.schemas.common import Answer
from backend.store.models import ImageSource


class Image(Answer):
    """A photograph that CAMs can be computed of."""

    id: str
    sha: str = Field(description="sha256 of the canonical RGB pixels.")
    width: int
    height: int
    name: str
    source: ImageSource
    title: str | None
    author: str | None
    licence: str | None
    origin: str | None = Field(description="Where it comes from.")
    labels: list[str] = Field(description="Classes that it is known to show.")
    created_at: datetime
