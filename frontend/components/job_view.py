"""One job, live: progress, curves, results, cancel and retry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

import streamlit as st

from frontend import schemas as s
from frontend.client import Problem
from frontend.components import markup, words
from frontend.components.attempts import attempts_html, attempts_of
from frontend.components.chooser import DEFAULT_IDS, labelled
from frontend.components.lineage import settings_html
from frontend.components.outcome import outcome, results_of
from frontend.components.permit import permit
from frontend.components.training import TRAININGS, curves, events_of
from frontend.session import client, in_words, page_guard

REFRESH_SECONDS = 2
SHOWN_EVENTS = 200


def job_view(job_id: str) -> None:
    """Draw the job, and again every two seconds until it and its evaluation are done."""
    live = not _settled(client().job(job_id))
    st.fragment(run_every=REFRESH_SECONDS if live else None)(_view)(job_id, live)


def _view(job_id: str, live: bool) -> None:
    with page_guard("job"):
        job = client().job(job_id)
        over = live and _settled(job)
        # A place for each part, empty or not: what follows keeps its position and is not drawn anew.
        head, actions, losses, made, details = (st.container() for _ in range(5))
        with head:
            _head(job)
        with actions:
            _actions(job)
        events = events_of(job_id)
        with losses:
            if job.kind in TRAININGS:
                curves(job, events)
        with made:
            if job.state == "succeeded":
                _onwards(job)
                outcome(job, results_of(job))
        with details:
            _details(job, events)
        if over:  # only now: a click that arrives with the end of the job is answered first
            st.rerun()


def _settled(job: s.Job) -> bool:
    """Whether nothing will change any more, its evaluation included."""
    return job.terminal and all(child.terminal for child in children(job))


def children(job: s.Job) -> list[s.Job]:
    """Jobs that finishing this one submitted."""
    if not (job.kind == "train_cam" and job.state == "succeeded"):
        return []
    return [other for other in client().jobs() if other.parent_id == job.id and other.kind == "evaluate"]


def _head(job: s.Job) -> None:
    state = "stopping" if job.cancel_requested and not job.terminal else job.state
    st.header(job.title, anchor=False)
    facts = [words.kind(job.kind), f"submitted {words.moment(job.created_at)}"]
    if job.started_at:
        facts.append(f"{'took' if job.terminal else 'running for'} {words.duration(job.seconds())}")
    if job.attempts > 1:
        facts.append(f"attempt {job.attempts}")
    st.html(markup.badge(state, words.STATE_COLOURS.get(job.state, "grey")) + f" {escape(' · '.join(facts))}")
    if job.pipeline_id:
        st.page_link(
            "views/pipeline.py",
            label="Its pipeline",
            icon=":material/account_tree:",
            query_params={"pipeline": job.pipeline_id, "stage": job.kind},
        )
    if job.error:
        st.error(job.error.message, icon=":material/error:")
    if job.terminal:
        return
    st.progress(job.progress.fraction if job.progress else 0.0, text=progress_text(job))


def progress_text(job: s.Job) -> str:
    """How far a job is, in words."""
    progress = job.progress
    text = "waiting for a worker" if job.state == "queued" else "starting"
    if progress and progress.total:
        counts = f"{progress.done} of {progress.total} {progress.unit}"
        what = progress.message if progress.message not in ("", counts) else words.kind(job.kind)
        text = f"{what} · {counts}"
    if job.eta_seconds is not None and job.state == "running":
        text += f" · about {words.duration(job.eta_seconds)} left"
    return text


def _actions(job: s.Job) -> None:
    if not job.terminal:
        with st.popover("Cancel", icon=":material/stop_circle:", **permit("run", disabled=job.cancel_requested)):
            st.write("Stop this job? It saves where it stands and can be retried.")
            if st.button("Yes, cancel the job", type="primary", key=f"cancel_{job.id}"):
                with in_words("The job could not be cancelled."):
                    client().cancel(job.id)
                    st.rerun()
    elif job.state in ("failed", "cancelled") and st.button(
        "Retry",
        icon=":material/replay:",
        key=f"retry_{job.id}",
        **permit("run", help="Submit it once more, as a new job with the same settings."),
    ):
        with in_words("The job could not be retried."):
            st.query_params["job"] = client().retry(job.id).id
            st.rerun()


def _onwards(job: s.Job) -> None:
    """Buttons to the pages that show a CAM network at work."""
    if job.kind not in ("train_cam", "evaluate"):
        return
    by_label = labelled(client().checkpoints("cam"))
    made = set(job.result.checkpoints) if job.result else set()
    new = [label for label, checkpoint in by_label.items() if checkpoint.id in made]
    if job.kind == "evaluate":
        evaluated = job.settings.get("checkpoint")
        new = [label for label, checkpoint in by_label.items() if checkpoint.id == evaluated]
    if not new:
        return
    beside = [label for label, checkpoint in by_label.items() if checkpoint.id == DEFAULT_IDS[0]]
    pair = [*beside, new[-1]] if new[-1] not in beside else beside
    evaluation = children(job)
    against = f"Compare with {beside[0]}" if beside else "Open in α lab"
    with st.container(horizontal=True):
        if st.button("Open in Inspect", icon=":material/image_search:", type="primary", key="open_inspect"):
            st.session_state["checkpoints"] = pair
            st.switch_page("views/inspect.py")
        if st.button(against, icon=":material/show_chart:", key="open_compare"):
            st.session_state["checkpoints"] = pair
            st.switch_page("views/alpha_lab.py")
    for child in evaluation:
        text = {"succeeded": "Its evaluation is done: the α lab shows its curves."}.get(
            child.state, f"Its evaluation is {child.state}; the α lab shows its curves when it is done."
        )
        st.caption(text)


def _details(job: s.Job, events: Sequence[s.Event]) -> None:
    with st.expander("Attempts, settings and events"):
        attempts = attempts_of(events)
        if attempts:
            st.caption("Attempts, newest first. A later fence shuts out what an earlier attempt might still write.")
            st.html(attempts_html(attempts, datetime.now(UTC)))
        left, right = st.columns(2)
        left.caption("Settings")
        left.html(settings_html(job.settings))
        right.caption(f"Events, newest first{' (the last 200)' if len(events) > SHOWN_EVENTS else ''}")
        rows = [[str(e.seq), words.moment(e.at), e.type, _short(e)] for e in reversed(events[-SHOWN_EVENTS:])]
        right.html(markup.table(["no.", "when", "what", "data"], rows, "Events of the job", left=4))


def _short(event: s.Event) -> str:
    flat = dict(event.data)
    flat |= flat.pop("values", {}) if isinstance(flat.get("values"), dict) else {}
    return ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in flat.items())[:160]


def find_job(job_id: str) -> s.Job | None:
    """The job, or None with a message when there is none of that id."""
    try:
        return client().job(job_id)
    except Problem as problem:
        st.warning(str(problem))
        return None
