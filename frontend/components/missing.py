"""What must be scored before it can be compared: the ground that is shared, and a button for what is missing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from frontend import schemas as s
from frontend.client import Problem
from frontend.components.chooser import labelled
from frontend.components.job_view import find_job, job_view
from frontend.components.permit import permit
from frontend.components.scored import ground, largest
from frontend.session import client


def choose_ground(
    chosen: Sequence[s.Checkpoint], evaluations: Sequence[s.Evaluation], place: DeltaGenerator
) -> str | None:
    """What was scored; the ground that most of the chosen checkpoints share comes first."""
    ids = {checkpoint.id for checkpoint in chosen}
    sharing = {ground(e): {x.checkpoint_id for x in evaluations if ground(x) == ground(e)} for e in evaluations}
    grounds = sorted(sharing, key=lambda g: -len(sharing[g] & ids))
    if not grounds:
        return None
    return str(place.selectbox("Scored on", grounds, key="scored_on", bind="query-params", persist_state="session"))


def offer_evaluation(chosen: Sequence[s.Checkpoint], evaluations: Sequence[s.Evaluation]) -> None:
    """A line and a button for each checkpoint that has no evaluation, or one on fewer images than another's."""
    found = largest(chosen, evaluations)
    most = max((len(e.record.image_ids) for e in found.values()), default=0)
    offered = False
    for label, checkpoint in labelled(chosen).items():
        if checkpoint.card.method == "classifier":
            st.info(f"{label} knows ImageNet classes, for which there are no masks here: it cannot be scored.")
            continue
        images = len(found[label].record.image_ids) if label in found else 0
        if images == most > 0:
            continue
        offered = True
        _offer(label, checkpoint, images, most, list(found.values()) or evaluations)
    job_id = st.query_params.get("job")
    if job_id and offered and find_job(job_id):
        with st.container(border=True):
            job_view(job_id)


def _offer(label: str, checkpoint: s.Checkpoint, images: int, most: int, evaluations: Sequence[s.Evaluation]) -> None:
    reason = (
        f"was scored on {images} of {most} images, so everything below is on images that both have in common."
        if images
        else "has not been evaluated on this data set."
    )
    text, button = st.columns([4, 1], vertical_alignment="center")
    text.info(f"{label} {reason}")
    title = f"Evaluate on {most}" if images else "Evaluate now"
    if button.button(
        title, key=f"evaluate_{checkpoint.id}", icon=":material/calculate:", width="stretch", **permit("run")
    ):
        evaluate(checkpoint, evaluations)


def evaluate(checkpoint: s.Checkpoint, evaluations: Sequence[s.Evaluation]) -> None:
    """Submit an evaluation like the largest that is there, so that it can be compared with it."""
    settings: dict[str, object] = {"checkpoint": checkpoint.id, "dataset": checkpoint.card.dataset or "demo"}
    if evaluations:
        largest_one = max(evaluations, key=lambda e: len(e.record.image_ids))
        protocol = largest_one.record.protocol
        settings |= {"dataset": largest_one.dataset_id, "split": protocol.split, "flip": protocol.flip}
        settings |= {"images": len(largest_one.record.image_ids)}
        settings |= {"relu_order": protocol.relu_order, "labels": protocol.label_source}
        scales = {"scales": protocol.scales, "multi_scale": protocol.multi_scale}
        settings |= {name: chosen for name, chosen in scales.items() if chosen}
    try:
        job = client().submit("evaluate", settings, f"evaluate {checkpoint.name}"[:120], uuid.uuid4().hex)
    except Problem as problem:
        st.error(f"The evaluation was not started. {problem} {' '.join(e.message for e in problem.errors)}")
        return
    st.query_params["job"] = job.id
    st.rerun()
