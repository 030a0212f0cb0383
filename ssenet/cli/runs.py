"""What run folders hold: evaluations and scores, as figures and as facts of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from ssenet.config import PAPER_ALPHA
from ssenet.curves import curve
from ssenet.errors import DatasetError
from ssenet.facts import Fact, cam_fact, score_fact
from ssenet.histograms import load_histograms
from ssenet.results import MULTI_SCALE, EvaluationRecord
from ssenet.scores import SegmentationRecord
from ssenet.stages import HISTOGRAMS, RECORD, SCORES


def cam_miou(folder: Path) -> tuple[float, float, float]:
    """mIoU at α = 0.2, best α, and mIoU there, of the multi-scale row of an evaluation's folder; in percent."""
    figures = curve(load_histograms((folder / HISTOGRAMS).read_bytes())[MULTI_SCALE])
    alpha, best = figures.best()
    return 100 * float(figures.at(PAPER_ALPHA)["miou"] or 0), alpha, 100 * best


def scores(folder: Path) -> SegmentationRecord | None:
    """The scores that a stage left in its folder; None when its data had no masks."""
    path = folder / SCORES
    return SegmentationRecord.model_validate_json(path.read_bytes()) if path.is_file() else None


def facts_below(folder: Path) -> Iterator[Fact]:
    """All facts of the runs below a folder.

    Raises:
        DatasetError: there is no such folder, or a record in it cannot be read.
    """
    if not folder.is_dir():
        raise DatasetError(f"There is no folder {folder}. Name one with runs, or make some with --run baseline,0.5.")
    for path in sorted([*folder.rglob(RECORD), *folder.rglob(SCORES)]):
        try:
            fact = _fact(path)
        except (ValidationError, OSError, KeyError, ValueError) as error:
            raise DatasetError(f"{path} cannot be read as a result of this version: {error}") from error
        if fact is not None:
            yield fact


def _fact(path: Path) -> Fact | None:
    if path.name == SCORES:
        return score_fact(SegmentationRecord.model_validate_json(path.read_bytes()))
    record = EvaluationRecord.model_validate_json(path.read_bytes())
    if MULTI_SCALE not in record.rows:
        return None
    return cam_fact(record, MULTI_SCALE, cam_miou(path.parent)[0])
