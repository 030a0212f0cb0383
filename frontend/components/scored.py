"""Evaluations that can stand beside each other: the same data, and the images they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from frontend import schemas as s
from frontend.client import api_url
from frontend.components.chooser import labelled
from frontend.session import curves, histograms
from ssenet.curves import curve
from ssenet.figures import RowCurve, Series
from ssenet.results import ProtocolCard, load_histograms

Undefined = dict[str, list[int]]


@dataclass(frozen=True)
class Scored:
    """One checkpoint's curves on the common images."""

    series: Series
    undefined: Undefined
    protocol: ProtocolCard


def ground(evaluation: s.Evaluation) -> str:
    """What was scored and how, in words: curves are comparable only on the same ground."""
    p = evaluation.record.protocol
    flip = ", flip" if p.flip else ""
    official = "" if p.relu_order == "fast" else ", official ReLU order"
    multi = " ".join(f"{scale:g}" for scale in p.multi_scale) or "none"
    # A data set may be registered anew under its name: the fingerprint tells its contents apart. Its name here, not
    # the one on record: an imported evaluation may have known it by another.
    content = p.dataset_fingerprint[:8]
    return f"{evaluation.dataset_id} / {p.split}, labels {p.label_source}, MS {multi}{flip}{official} (data {content})"


def largest(checkpoints: Sequence[s.Checkpoint], evaluations: Sequence[s.Evaluation]) -> dict[str, s.Evaluation]:
    """For each checkpoint that has one, by its label: the evaluation of most images, the newest of equals."""
    order = sorted(
        evaluations, key=lambda e: (len(e.record.image_ids), e.created_at.timestamp() if e.created_at else 0)
    )
    by_checkpoint = {e.checkpoint_id: e for e in order}
    return {label: by_checkpoint[c.id] for label, c in labelled(checkpoints).items() if c.id in by_checkpoint}


def common_images(evaluations: Sequence[s.Evaluation]) -> tuple[str, ...]:
    """Images that all evaluations scored, in the order of the first."""
    shared = set.intersection(*(set(e.record.image_ids) for e in evaluations)) if evaluations else set()
    return tuple(image for image in evaluations[0].record.image_ids if image in shared) if shared else ()


def scored(label: str, evaluation: s.Evaluation, images: tuple[str, ...]) -> Scored:
    """The curves of an evaluation on ``images``, exact: its counts are kept image by image."""
    record = evaluation.record
    protocol = record.protocol
    if images == record.image_ids:
        answer = curves(evaluation.id)
        rows = {row.row: RowCurve.of_lists(answer.alpha, row.model_dump()) for row in answer.rows}
        return Scored(Series(label, rows), {row.row: row.undefined for row in answer.rows}, protocol)
    position = {image: i for i, image in enumerate(record.image_ids)}
    rows, undefined = _restricted(
        api_url(), evaluation.id, tuple(position[i] for i in images), protocol.absent_classes == "excluded"
    )
    return Scored(Series(label, rows), undefined, protocol.model_copy(update={"images": len(images)}))


@st.cache_data(max_entries=30, show_spinner="Restricting the curves to the common images…")
def _restricted(
    base_url: str, evaluation_id: str, images: tuple[int, ...], excluded: bool
) -> tuple[dict[str, RowCurve], Undefined]:
    chosen = np.array(images, np.int64)
    parts = {
        name: curve(histogram.take(chosen), "excluded" if excluded else "zero")
        for name, histogram in load_histograms(histograms(base_url, evaluation_id)).items()
    }
    return {n: RowCurve.of(c) for n, c in parts.items()}, {n: c.undefined.tolist() for n, c in parts.items()}
