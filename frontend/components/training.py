"""Curves of a training, whatever is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from frontend import schemas as s
from frontend.components import markup, words
from frontend.session import client
from ssenet import figures
from ssenet.config import JobKind

TRAININGS: frozenset[JobKind] = frozenset({"train_cam", "train_affinity", "train_segmentation"})
EPOCH_COLUMNS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "train_cam": (("val_map", "validation mAP", 3), ("val_miou", "CAM mIoU", 3), ("val_alpha", "at α", 3)),
    "train_affinity": (("train_loss", "mean loss", 3), ("pair_accuracy", "pairs told right", 3)),
    "train_segmentation": (("val_miou", "mIoU", 3), ("val_m_fn", "m_FN", 2), ("val_m_fp", "m_FP", 2)),
}
"""Metrics of an epoch by kind of training: name, heading, digits; those that a run does not have are left out."""
NOTES = {
    "train_affinity": "Pairs told right: of one class and of different ones, on training images, by their labels.",
    "train_segmentation": "On the validation images at scale 1, without CRF.",
    "train_cam": "CAM mIoU: scale 1, image labels given, at the α that is best on these same validation images.",
}


def events_of(job_id: str) -> list[s.Event]:
    """All events so far; only new ones are fetched."""
    known: list[s.Event] = st.session_state.setdefault(f"events_{job_id}", [])
    known += client().events(job_id, known[-1].seq if known else 0)
    return known


def curves(job: s.Job, events: Sequence[s.Event]) -> None:
    """Losses against steps, and a table of what was measured after each epoch."""
    metrics = [event.data for event in events if event.type == "metrics"]
    if metrics:
        st.plotly_chart(
            figures.losses(metrics),
            width="stretch",
            key=f"losses_{job.id}",
            alt="Training losses and learning rate against the step",
        )
    epochs = [event.data for event in events if event.type == "epoch"]
    header, rows = epoch_table(job.kind, epochs)
    if rows:
        st.html(markup.table(header, rows, "Validation after each epoch"))
        if job.kind in NOTES:
            st.caption(NOTES[job.kind])


def epoch_table(kind: str, epochs: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Heading and rows; metrics that nobody gave a heading go by their own names."""
    values = [data["values"] if isinstance(data.get("values"), dict) else {} for data in epochs]
    given = list(dict.fromkeys(name for one in values for name in one))
    known = [column for column in EPOCH_COLUMNS.get(kind, ()) if column[0] in given]
    others = [(name, name.replace("_", " "), 3) for name in given if name not in {c[0] for c in known}]
    columns = [*known, *others]
    if not columns:
        return [], []
    rows = [
        [str(data.get("epoch", "")), *(words.number(one.get(name), digits) for name, _, digits in columns)]
        for data, one in zip(epochs, values, strict=True)
    ]
    return ["epoch", *(heading for _, heading, _ in columns)], rows
