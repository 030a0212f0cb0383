"""Rankings as triage leaves them, made without measuring anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ssenet.analysis.triage_record import NetworkFigures, TriageRecord, TriageRow
from ssenet.results import ProtocolCard


def figures(**values: Any) -> NetworkFigures:
    """Of one network; what is not given is the same in every row."""
    return NetworkFigures(**{"score": 0.9, "inconsistency": 0.5, "area": 0.1, "agreement": (0.2, 0.4), **values})


def ranking_row(index: int, image_id: str = "", class_name: str = "cat", **values: Any) -> TriageRow:
    """A row whose photograph is the more inconsistent the later it comes."""
    a = values.pop("a", None) or figures(inconsistency=round(0.1 + 0.07 * index, 6))
    return TriageRow(index=index, image_id=image_id or f"val_{index:05d}", class_name=class_name, a=a, **values)


def ranking(rows: Sequence[TriageRow], **changes: Any) -> TriageRecord:
    """A ranking of those rows."""
    values: dict[str, Any] = {
        "checkpoint": "A",
        "classes": ("cat", "dog"),
        "images": max((row.index for row in rows), default=0) + 1,
        "measured": len(rows),
        "without_class": 0,
        "masks": False,
        "alpha": 0.2,
        "side": 128,
        "size_limits": None,
        "alphas": (0.2, 0.4),
        "agreement": (0.2, 0.4),
        "protocol": protocol(),
        "rows": tuple(rows),
    }
    return TriageRecord.model_validate({**values, **changes})


def protocol(**changes: Any) -> ProtocolCard:
    """Of figures without ground truth."""
    values: dict[str, Any] = {
        "dataset": "demo", "dataset_fingerprint": "f", "split": "val", "images": 3, "label_source": "predicted",
        "scales": (0.5, 1.0), "multi_scale": (0.5, 1.0), "flip": False, "relu_order": "fast",
        "alpha_rule": "fixed 0.2", "weights_sha256": "0" * 64, "code_version": "0",
    }  # fmt: skip
    return ProtocolCard.model_validate({**values, **changes})
