"""Workers: who does what, what waits, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from frontend import schemas as s
from frontend.components import words
from frontend.components.parts_of_service import in_order, missing, parts_html
from frontend.components.worker_rows import worker_rows
from frontend.session import client, page_guard

REFRESH_SECONDS = 5
SHOWN = 10
WIDTHS = [0.5, 3.2, 2.2, 2.0]


def page() -> None:
    """The live part below a heading."""
    st.title("Workers")
    st.caption("Processes that train, score and map, on this machine or others. Drawn anew every five seconds.")
    live()


@st.fragment(run_every=REFRESH_SECONDS)
def live() -> None:
    """Parts of the service, workers, and waiting jobs."""
    with page_guard("workers_live"):
        state, workers, jobs = client().readiness(), client().workers(), client().jobs()
        waiting = in_order(jobs)
        with st.container(key="parts"):
            st.html(parts_html(state, len(waiting)))
        for part in missing(state, len(waiting)):
            st.warning(part.text + (f" `{part.command}`." if part.command else ""), icon=":material/build:")
        st.subheader("Who does what", anchor=False)
        if workers:
            worker_rows(workers, datetime.now(UTC))
        else:
            nobody()
        st.subheader("Waiting jobs", anchor=False)
        with st.container(key="worker_queue"):
            queue(waiting)


def nobody() -> None:
    """No worker at all."""
    st.info(
        "No worker has given a sign of life lately. `ssenet-lab up` starts one of each kind with the service; "
        "`ssenet-lab worker train` and `ssenet-lab worker infer` start one each, also on other machines.",
        icon=":material/person_off:",
    )


def queue(waiting: Sequence[s.Job]) -> None:
    """The jobs that come next."""
    if not waiting:
        st.caption("No job waits.")
        return
    for column, head in zip(st.columns(WIDTHS), ["No.", "Job", "Kind", "Submitted (UTC)"], strict=True):
        column.markdown(f"**{head}**")
    for number, job in enumerate(waiting[:SHOWN], 1):
        place, name, kind, submitted = st.columns(WIDTHS, vertical_alignment="center")
        place.write(str(number))
        name.page_link("views/jobs.py", label=job.title, query_params={"job": job.id})
        kind.write(words.kind(job.kind))
        submitted.write(words.short_moment(job.created_at))
    if len(waiting) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(waiting)}; the Jobs page has all.")


with page_guard("workers"):
    page()
