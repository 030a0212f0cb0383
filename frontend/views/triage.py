"""Triage: which photographs of a data set are worth a look."""

from __future__ import annotations

import streamlit as st

from frontend.client import Problem
from frontend.components import words
from frontend.components.export import bundle_button, view_address
from frontend.components.job_view import find_job, job_view
from frontend.components.protocol import protocol_html
from frontend.components.triage_bundle import bundle
from frontend.components.triage_choice import (
    Subject,
    adopt_link,
    choose_subject,
    described,
    measure_form,
    shown_already,
)
from frontend.components.triage_filters import choose, rows, title
from frontend.components.triage_gallery import gallery
from frontend.components.triage_shown import Shown
from frontend.schemas.triage import RankedRows, Ranking
from frontend.session import client, page_guard
from ssenet.analysis.ranking import COLUMNS
from ssenet.analysis.triage_figures import distribution_figure

POLL_SECONDS = 2.0
WHY = (
    "A map that changes with the scale of the photograph is a map that cannot be right at every scale. Triage measures "
    "that for every photograph, without any ground truth, and shows the worst first: what a network has not learned, "
    "what two networks dispute, and labels that may be wrong."
)


def page() -> None:
    """Choice, the job that measures, and the ranking."""
    st.title("Triage")
    st.caption(
        "Which photographs are worth a look: those whose maps change with the scale, or on which two networks differ."
    )
    adopt_link()
    job_done()
    subject = choose_subject(asked())
    if subject is None:
        return
    job_id = st.query_params.get("job")
    if job_id and find_job(job_id):
        with st.container(border=True):
            job_view(job_id)
        return
    ranking = choose_ranking(subject)
    if ranking is None:
        empty(subject)
        return
    result(ranking, subject)
    with st.expander("Measure again, with other scales, classes or α", icon=":material/straighten:"):
        measure_form(subject, again=True)


def job_done() -> None:
    """A job that has left its ranking gives way to it."""
    job_id = st.query_params.get("job")
    job = find_job(job_id) if job_id else None
    if job is not None and job.state == "succeeded" and job.result and job.result.ranking:
        st.query_params["ranking"] = job.result.ranking
        del st.query_params["job"]


def asked() -> Ranking | None:
    """The ranking that the address names, if it is there."""
    ranking_id = st.query_params.get("ranking")
    if not ranking_id:
        return None
    try:
        return client().ranking(ranking_id)
    except Problem as problem:
        st.warning(str(problem))
        return None


def choose_ranking(subject: Subject) -> Ranking | None:
    """The newest ranking of what is chosen, or another one; None when there is none."""
    found = {ranking.id: ranking for ranking in client().rankings(subject.dataset.id) if subject.is_of(ranking)}
    if not found:
        st.query_params.pop("ranking", None)
        return None
    named = st.query_params.get("ranking")
    ids = list(found)
    chosen = ids[0] if named not in found else str(named)
    if len(found) > 1:
        chosen = str(
            st.selectbox(
                "Ranking", ids, index=ids.index(chosen), key=f"ranking_{'_'.join(ids)[:40]}_{chosen}",
                format_func=lambda i: f"{words.short_moment(found[i].created_at)} · "
                + described(found[i].record.protocol, found[i].record.images),
            )
        )  # fmt: skip
    if (named and chosen != named) or chosen != ids[0]:
        name_in_address(chosen)
    return found[chosen]


def name_in_address(ranking_id: str) -> None:
    """What is chosen here is shown already: the address must not choose it once more, over the next click."""
    st.query_params["ranking"] = ranking_id
    shown_already(ranking_id)


def empty(subject: Subject) -> None:
    """What one would see here, and the button that makes it."""
    networks = " and ".join(subject.labels)
    st.info(f"{subject.dataset.name} / {subject.split} has not been measured with {networks} yet. {WHY}")
    measure_form(subject, again=False)


# The result ------------------------------------------------------------------------------------------
def result(ranking: Ranking, subject: Subject) -> None:
    """Headline, filters, gallery, protocol."""
    if ranking.record.protocol.dataset_fingerprint != subject.dataset.fingerprint:
        st.warning(
            f"{subject.dataset.name} holds other photographs or masks now than when this was measured: pictures may "
            "not be those that the figures are of. Measure again.",
            icon=":material/history:",
        )
    headline = st.container()
    choice = choose(ranking)
    found = rows(ranking.id, choice, 12, 0)
    shown = Shown(ranking, choice, subject.labels, subject.checkpoints)
    with headline:
        answer(shown, found)
    if found.items:
        st.fragment(run_every=POLL_SECONDS if st.session_state.get("triage_pending") else None)(pictures)(shown)
    else:
        st.info("No photograph passes these filters. Widen the range of values, or choose all classes and sizes.")
    below(shown, found)


def pictures(shown: Shown) -> None:
    """The gallery; it runs alone while maps arrive, and when one turns a page."""
    with page_guard("gallery"):
        pending = gallery(shown)
        if pending != bool(st.session_state.get("triage_pending")):
            st.session_state["triage_pending"] = pending
            st.rerun()


def answer(shown: Shown, found: RankedRows) -> None:
    """Which photographs stand first, and how the values of all are spread."""
    record, choice = shown.ranking.record, shown.choice
    left, right = st.columns([3, 2], vertical_alignment="top")
    with left:
        first = min(10, len(found.items))
        st.header(f"The {first} {COLUMNS[choice.sort].most} of {record.images} photographs", anchor=False)
        names = ", ".join(f"{row.image_id} ({row.class_name})" for row in found.items[:first])
        st.markdown(names or "none")
        st.caption(counted(shown, found))
    figure = distribution_figure(
        found.distribution.edges, found.distribution.counts, title(choice.sort, shown.ranking), choice.low, choice.high
    )
    alt = f"How many photographs have which {title(choice.sort, shown.ranking)}"
    right.plotly_chart(figure, key="spread", config={"displayModeBar": False}, alt=alt)


def counted(shown: Shown, found: RankedRows) -> str:
    """What is ranked, and what is not."""
    record = shown.ranking.record
    given = record.protocol.label_source == "given"
    text = f"{found.total} photographs are ranked, each by the class that puts it first. "
    if record.without_class:
        text += f"{record.without_class} have no class that is {'given' if given else 'predicted'}, and no place. "
    if found.undefined:
        text += f"In {found.undefined} classes of photographs {title(shown.choice.sort, shown.ranking)} is undefined. "
    return text + f"Measured on maps of {record.side} pixels; what is compared with masks, at the masks' size."


def below(shown: Shown, found: RankedRows) -> None:
    """Protocol and downloads."""
    record, choice = shown.ranking.record, shown.choice
    cards = [(shown.labels[0], choice.protocol(record.protocol))]
    if record.protocol_b is not None and len(shown.labels) > 1:
        cards.append((shown.labels[1], choice.protocol(record.protocol_b)))
    st.html(protocol_html(cards, "the ranking", [checkpoint.card for checkpoint in shown.checkpoints]))
    if shown.ranking.suggested_alpha is not None:
        st.caption(
            f"Experimental, without ground truth: the scales of {shown.labels[0]} agree most, above chance, at "
            f"α = {shown.ranking.suggested_alpha:g}; areas and IoU here are at α = {record.alpha:g}."
        )
    api, address = client(), view_address()
    with st.container(horizontal=True):
        st.download_button(
            "Ranking as CSV", lambda: api.ranking_csv(shown.ranking.id, choice), "ranking.csv", "text/csv",
            icon=":material/download:", key="csv",
        )  # fmt: skip
        bundle_button(lambda: bundle(shown, found, api.ranking_csv(shown.ranking.id, choice), address), key="triage")


with page_guard("triage"):
    page()
