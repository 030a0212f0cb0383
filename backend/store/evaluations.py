"""Evaluations: the figures that a listing shows, and where the counts are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.store.artifacts import ArtifactStore
from backend.store.models import Evaluation
from ssenet.config import PAPER_ALPHA
from ssenet.curves import curve
from ssenet.histograms import AlphaHistogram


def summarise(histograms: Mapping[str, AlphaHistogram]) -> list[dict[str, Any]]:
    """The figures of each row at its best α and at the paper's α = 0.2; None where undefined."""
    return [_summary(name, histogram) for name, histogram in histograms.items()]


def _summary(name: str, histogram: AlphaHistogram) -> dict[str, Any]:
    figures = curve(histogram)
    best_alpha, best_miou = figures.best()
    at = figures.at(PAPER_ALPHA)
    return {
        "row": name,
        "best_alpha": best_alpha,
        "best_miou": best_miou,
        "miou_at_0_2": at["miou"],
        "m_fn_at_0_2": at["m_fn"],
        "m_fp_at_0_2": at["m_fp"],
        "undefined_at_0_2": at["undefined"],
    }


def histograms_file(row: Evaluation, artifacts: ArtifactStore) -> Path:
    """The npz file of an evaluation."""
    if row.histograms_path is not None:
        return Path(row.histograms_path)
    return artifacts.path(str(row.histograms_key))
