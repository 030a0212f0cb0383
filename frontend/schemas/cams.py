"""What the service says of maps, without their pixels."""

from __future__ import annotations

from frontend.schemas.common import Answer
from ssenet.cost import ViewCost


class CamView(Answer):
    """Raw coarse logits of one view: what they are, how large, and what they cost."""

    name: str
    scale: float
    flip: bool = False
    shape: tuple[int, int, int]
    key: str = ""
    cached: bool = True
    bytes: int = 0
    cost: ViewCost | None = None


class CamStages(Answer):
    """Milliseconds by stage of one answer."""

    waiting: float = 0.0
    reading: float = 0.0
    aggregation: float = 0.0
    encoding: float = 0.0


class CamTiming(Answer):
    """What the answer took."""

    seconds: float = 0.0
    stages: CamStages = CamStages()


class CamAnswer(Answer):
    """Maps of one checkpoint for one photograph."""

    views: tuple[CamView, ...]
    timing: CamTiming = CamTiming()
