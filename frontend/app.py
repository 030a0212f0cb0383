"""The frame of the pages: navigation, style, and the state of the service."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from frontend import schemas as s
from frontend.access import visitor
from frontend.client import LoginNeeded, Problem, ServiceUnreachable
from frontend.components.login_form import keep_cookie, login_form
from frontend.components.markup import STYLE
from frontend.components.who import who
from frontend.session import client, page_guard

STATUS_SECONDS = 10
# A file of our own: a named icon would be fetched from elsewhere for the browser's tab.
ICON = Path(__file__).parent / "assets" / "icon.png"


PAGES = {
    "Look": [
        st.Page("views/inspect.py", title="Inspect", icon=":material/image_search:", default=True),
        st.Page("views/equivariance.py", title="Equivariance", icon=":material/transform:"),
        st.Page("views/crf.py", title="CRF", icon=":material/grain:"),
    ],
    "Measure": [
        st.Page("views/alpha_lab.py", title="α lab", icon=":material/show_chart:"),
        st.Page("views/compare.py", title="Compare", icon=":material/query_stats:"),
        st.Page("views/aggregation.py", title="Aggregation", icon=":material/layers:"),
        st.Page("views/triage.py", title="Triage", icon=":material/low_priority:"),
        st.Page("views/tables.py", title="Tables", icon=":material/table_chart:"),
    ],
    "Make": [
        st.Page("views/train.py", title="Train", icon=":material/model_training:"),
        st.Page("views/pipeline.py", title="Pipeline", icon=":material/account_tree:"),
        st.Page("views/jobs.py", title="Jobs", icon=":material/list_alt:"),
        st.Page("views/workers.py", title="Workers", icon=":material/engineering:"),
        st.Page("views/access.py", title="Access", icon=":material/key:"),
    ],
    "Learn": [
        st.Page("views/method.py", title="Method", icon=":material/menu_book:"),
    ],
}


def main() -> None:
    """Draw the frame and the chosen page."""
    # The folder is not called pages: Streamlit would then serve its files without this frame.
    st.set_page_config("SSENet Lab", str(ICON), layout="wide", initial_sidebar_state=220)
    st.logo(str(ICON), size="large")
    st.html(STYLE)
    chosen = st.navigation(PAGES, position="hidden")
    why = refused()
    if why is not None:
        login_form(why)
        return
    with st.sidebar:
        menu()
        with page_guard("who"):
            who()
        service_status()
    keep_cookie()
    with page_guard(chosen.title):
        chosen.run()


def refused() -> str | None:
    """Why there is the log-in form in the place of the page, maybe no words at all; None when there is the page."""
    if visitor.lost() is not None:
        return visitor.lost()
    try:
        visitor.identity()
    except LoginNeeded:
        return visitor.EXPIRED if visitor.login() else ""
    except (ServiceUnreachable, Problem):
        return None  # the page says so, and shows nothing: each of its calls fails as this one did
    return None


def menu() -> None:
    """All pages by section. Streamlit's own menu of sections cannot be used by keyboard or with a screen reader."""
    with st.container(key="menu", gap=None):
        for section, pages in PAGES.items():
            st.html(f'<div class="sl-section">{escape(section)}</div>')
            for page in pages:
                st.page_link(page)


@st.fragment(run_every=STATUS_SECONDS)
def service_status() -> None:
    """Whether the service can work, and what to do when it cannot."""
    with page_guard("status"):
        try:
            st.html(status_html(client().readiness()))
        except (ServiceUnreachable, Problem):
            st.html(_status("red", "Service away", [f"No answer from {client().base_url}.", "Start it with: make run"]))


def status_html(state: s.Readiness) -> str:
    """The small box in the sidebar."""
    workers = " · ".join(f"{name} {count}" for name, count in sorted(state.workers.items())) or "none"
    lines = [f"Workers: {workers}"]
    for part, value in (("Database", state.database), ("Broker", state.broker)):
        if value != "ok":
            lines.append(f"{part}: {value}")
    if not state.workers.get("infer"):
        lines.append("No CAM worker: maps must wait for one.")
    if not state.workers.get("train"):
        lines.append("No training worker: jobs must wait for one.")
    if state.ready:
        return _status("green", "Service ready", lines)
    return _status("amber", "Service starting", [*lines, "If it stays so, look at its log."])


def _status(colour: str, title: str, lines: list[str]) -> str:
    rows = "".join(f"<div>{escape(line)}</div>" for line in lines)
    head = f'<span class="sl-badge {colour}">{escape(title)}</span>'
    return f'<div class="sl-status" role="status">{head}{rows}</div>'


main()
