"""Workers as rows: who, where, in what state, and at work on what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

import streamlit as st

from frontend.components import markup, words
from frontend.schemas.workers import Work, Worker

SILENT_SECONDS = 15.0
"""A worker gives a sign of life every few seconds."""
COLOURS = {"idle": "grey", "busy": "blue", "draining": "amber"}
MEANING = {
    "idle": "waits for work",
    "busy": "",
    "draining": "asked to stop: gives its work back and ends",
}
WIDTHS = [2.3, 1.2, 3.1, 2.0, 1.9]
HEADS = ["Worker", "State", "At work on", "Progress", "Last sign of life"]


def worker_rows(workers: Sequence[Worker], now: datetime) -> None:
    """All workers, those of the training queue first."""
    for column, head in zip(st.columns(WIDTHS), HEADS, strict=True):
        column.markdown(f"**{head}**")
    for worker in sorted(workers, key=lambda one: (one.queue != "train", one.host, one.pid)):
        _row(worker, now)


def _row(worker: Worker, now: datetime) -> None:
    with st.container(key=f"worker_{worker.id}"):
        name, state, work, progress, life = st.columns(WIDTHS, vertical_alignment="center")
        name.html(name_html(worker))
        state.html(state_html(worker))
        with work, st.container(gap=None):
            _work(worker.work, now)
        if worker.work and worker.work.progress and worker.work.progress.total:
            done = worker.work.progress
            progress.html(
                markup.progress(done.fraction, worker.work.name or worker.work.kind)
                + f'<div class="sl-note">{escape(f"{done.done} of {done.total} {done.unit}")}</div>'
            )
        life.html(life_html(worker, now))


def name_html(worker: Worker) -> str:
    """Queue, host, process and device."""
    what = {"train": "Training", "infer": "CAMs on demand"}.get(worker.queue, worker.queue)
    where = f"{worker.host} · process {worker.pid}"
    device = f" · {worker.device}" if worker.device else ""
    return f'<b>{escape(what)}</b><div class="sl-note">{escape(where + device)}</div>'


def state_html(worker: Worker) -> str:
    """The state; of a CAM worker also whether a network is loaded."""
    note = MEANING.get(worker.state, "")
    if worker.queue == "infer" and worker.state == "idle":
        note = "network loaded" if worker.warm else "no network loaded yet"
    badge = markup.badge(worker.state, COLOURS.get(worker.state, "grey"))
    return f'{badge}<div class="sl-note">{escape(note)}</div>'


def _work(work: Work | None, now: datetime) -> None:
    if work is None:
        st.html('<span class="sl-note">nothing</span>')
        return
    title = work.name or f"{work.kind.replace('_', ' ')} {work.id[:8]}"
    note = f"{'maps of a photograph' if work.kind == 'cams' else words.kind(work.kind)}"
    note += f", for {words.duration(_seconds(work.since, now))}" if work.since else ""
    if work.kind == "cams":
        st.html(f'<b>{escape(title)}</b><div class="sl-note">{escape(note)}</div>')
        return
    st.page_link("views/jobs.py", label=title, query_params={"job": work.id})
    st.html(f'<div class="sl-note">{escape(note)}</div>')


def life_html(worker: Worker, now: datetime) -> str:
    """When it was last heard of, and since when it runs."""
    silent = _seconds(worker.heartbeat_at, now)
    said = f"{words.duration(silent)} ago"
    head = markup.badge(f"silent for {words.duration(silent)}", "amber") if silent > SILENT_SECONDS else escape(said)
    since = f"runs for {words.duration(_seconds(worker.started_at, now))}" if worker.started_at else ""
    return f'{head}<div class="sl-note">{escape(since)}</div>'


def _seconds(since: datetime | None, now: datetime) -> float:
    if since is None:
        return 0.0
    return max(0.0, (now - (since if since.tzinfo else since.replace(tzinfo=UTC))).total_seconds())
