"""What all answers share."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Answer(BaseModel):
    """Base of all answers; reads the attributes of a row."""

    model_config = ConfigDict(from_attributes=True)


class Page(Answer, Generic[T]):
    """A page of a listing."""

    items: list[T]
    next: str | None = Field(default=None, description="Cursor of the next page; null at the end.")
