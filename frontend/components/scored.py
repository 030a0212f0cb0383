"""Evaluations that can stand beside each other: the same data, and the images they have in common."""

from __future__ import annotations

from collections.abc import Sequence

from frontend import schemas as s
from frontend.components.chooser import labelled


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
