"""Jobs: everything that was asked for, how it stands, and each one live."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from frontend import schemas as s
from frontend.components import markup, words
from frontend.components.job_view import find_job, job_view
from frontend.session import client, page_guard

REFRESH_SECONDS = 2
# Jobs listed at most, and when one of them is open below: it should be seen without scrolling far.
SHOWN, SHOWN_ABOVE = 30, 6
STATES = ["queued", "running", "succeeded", "failed", "cancelled"]
WIDTHS = [2.4, 1.9, 1.1, 1.9, 1.2, 1.6]


def page() -> None:
    """Filters, the list, and the chosen job below it."""
    st.title("Jobs")
    st.caption("Everything that was asked for, stages of pipelines included. Jobs go on when this page is closed.")
    states = st.pills(
        "State", STATES, selection_mode="multi", key="states", bind="query-params", persist_state="session"
    )
    kinds = st.pills(
        "Kind",
        list(words.KINDS),
        selection_mode="multi",
        format_func=words.kind,
        wrap=True,
        key="kinds",
        bind="query-params",
        persist_state="session",
    )
    jobs = chosen_jobs(client().jobs(), states, kinds)
    live = any(not job.terminal for job in jobs)
    st.fragment(run_every=REFRESH_SECONDS if live else None)(job_list)(states, kinds, live)
    selected = st.query_params.get("job")
    if selected and find_job(selected):
        with st.container(border=True, key="chosen_job"):
            job_view(selected)
            if st.button("Close", key="close", icon=":material/close:"):
                del st.query_params["job"]
                st.rerun()


def chosen_jobs(jobs: Sequence[s.Job], states: Sequence[str], kinds: Sequence[str]) -> list[s.Job]:
    """Jobs that pass the filters; an empty filter lets all pass."""
    return [job for job in jobs if (not states or job.state in states) and (not kinds or job.kind in kinds)]


def job_list(states: Sequence[str], kinds: Sequence[str], live: bool) -> None:
    """One line a job."""
    with page_guard("list"):
        all_jobs = client().jobs()
        jobs = chosen_jobs(all_jobs, states, kinds)
        if not all_jobs:
            st.info("No job has been submitted yet. Start one on the Train page.")
            st.page_link("views/train.py", label="Go to Train", icon=":material/model_training:")
            return
        if not jobs:
            st.info("No job passes these filters. Clear them to see all jobs.")
            return
        for column, head in zip(
            st.columns(WIDTHS), ["Job", "Kind", "State", "Progress", "Duration", "Submitted (UTC)"], strict=True
        ):
            column.markdown(f"**{head}**")
        listed = listed_jobs(jobs, st.query_params.get("job"))
        for job in listed:
            job_line(job)
        if len(jobs) > len(listed):
            st.caption(f"{len(listed)} of {len(jobs)} jobs are listed, newest first; the filters find the others.")
        if live and all(job.terminal for job in jobs):  # last: a click that arrives with the end is answered first
            st.rerun()


def listed_jobs(jobs: Sequence[s.Job], selected: str | None) -> list[s.Job]:
    """The newest jobs, and the one that is open below."""
    if not any(job.id == selected for job in jobs):
        return list(jobs[:SHOWN])
    return [job for i, job in enumerate(jobs) if i < SHOWN_ABOVE or job.id == selected]


def job_line(job: s.Job) -> None:
    """Name as a button, and how it stands."""
    name, kind, state, progress, took, submitted = st.columns(WIDTHS, vertical_alignment="center")
    chosen = st.query_params.get("job") == job.id
    if name.button(
        job.title,
        key=f"show_{job.id}",
        type="primary" if chosen else "secondary",
        width="stretch",
        help="Show details, events, and what can be done.",
    ):
        # The list redraws itself alone; the chosen job is drawn by the whole page.
        st.query_params["job"] = job.id
        st.rerun()
    kind.write(words.kind(job.kind))
    state.html(markup.badge(job.state, words.STATE_COLOURS.get(job.state, "grey")))
    progress.html(
        markup.progress(job.progress.fraction if job.progress else float(job.state == "succeeded"), job.title)
    )
    took.write(words.duration(job.seconds()))
    submitted.write(words.short_moment(job.created_at))


with page_guard("jobs"):
    page()
