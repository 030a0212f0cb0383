"""Where a result comes from: the steps before it, and content keys. Free of torch.

A content key is a hash of everything a step's result depends on. Equal keys mean equal
results, so that a finished step need not run again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ssenet.config import INPUTS, STAGES, Closed, JobKind

STAGE_VERSIONS: dict[JobKind, int] = dict.fromkeys(STAGES, 1)
"""Part of every key: raise a stage's number when the same inputs would give another result."""

WITHOUT_EFFECT = frozenset({"workers", "processes", "save_every_steps"})
"""Settings that change how a step runs, not what it gives."""


class Step(BaseModel):
    """One finished step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: JobKind
    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    settings: dict[str, JsonValue]
    epoch: int | None = Field(default=None, ge=1, description="Of a training step: epochs that were done.")
    weights_sha256: str | None = Field(
        default=None, description="Of the network that the step made, or took its CAMs from."
    )


def content_key(kind: JobKind, settings: Closed, inputs: Mapping[str, str], fingerprint: str) -> str:
    """Key of what ``kind`` makes.

    Args:
        kind: of the step.
        settings: of the step; ids in them do not count, contents do.
        inputs: for each settings field that names an earlier result, its content: ``content_sha`` of a
            checkpoint's card, or the key of a set.
        fingerprint: of the data set.
    """
    excluded = set(INPUTS[kind]) | WITHOUT_EFFECT | {"dataset"}
    used = settings.model_dump(mode="json", exclude=excluded)
    text = json.dumps([kind, STAGE_VERSIONS[kind], used, dict(inputs), fingerprint], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def lineage_of(parents: Iterable[Iterable[Step]], step: Step) -> tuple[Step, ...]:
    """The steps of all parents, each once, first to last, and then ``step``."""
    steps: dict[str, Step] = {}
    for parent in parents:
        for earlier in parent:
            steps.setdefault(earlier.key, earlier)
    steps.pop(step.key, None)
    return (*steps.values(), step)


def stored_settings(settings: Closed) -> dict[str, Any]:
    """Settings as a step keeps them, every default written out."""
    return settings.model_dump(mode="json")
