"""Numbers and states in words."""

from __future__ import annotations

from datetime import UTC, datetime

STATE_COLOURS = {"queued": "grey", "running": "blue", "succeeded": "green", "failed": "red", "cancelled": "amber"}
KINDS = {
    "train_cam": "CAM training",
    "infer_cam": "CAM export",
    "evaluate": "CAM evaluation",
    "crf": "dense CRF",
    "train_affinity": "AffinityNet training",
    "random_walk": "random walk",
    "pseudo_labels": "pseudo-labels",
    "train_segmentation": "segmentation training",
    "evaluate_segmentation": "segmentation test",
    "triage": "triage",
}


def duration(seconds: float | None) -> str:
    """Seconds as people say them: ``45 s``, ``3 min 5 s``, ``2 h 10 min``, ``7 d 3 h``; a dash for None."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    if whole < 48 * 3600:
        return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")
    return f"{whole // 86400} d" + (f" {whole % 86400 // 3600} h" if whole % 86400 // 3600 else "")


def moment(at: datetime | None) -> str:
    """Date and time in UTC, to the minute; a dash for None."""
    if at is None:
        return "–"
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def short_moment(at: datetime | None) -> str:
    """Day and time in UTC, for narrow columns; a dash for None."""
    return "–" if at is None else moment(at)[5:].removesuffix(" UTC")


def kind(name: str) -> str:
    """What a job does."""
    return KINDS.get(name, name.replace("_", " "))


def number(value: float | None, digits: int = 2) -> str:
    """A number, or ``undefined`` for None and NaN."""
    return "undefined" if value is None or value != value else f"{value:.{digits}f}"
