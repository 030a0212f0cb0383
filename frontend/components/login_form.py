"""Logging in inside a page: what was typed on it stays."""

from __future__ import annotations

import streamlit as st

from frontend.access import visitor

WHAT = "Photographs, networks and jobs are shown to those who have an access token."
HOW = (
    "Ask whoever operates this service: `ssenet-lab token create NAME` makes one. It is shown once, may be limited "
    "to looking, and expires."
)
_JS = """
export default function (component) {
  const { data } = component;
  if (!data || !data.code) return;
  fetch("/login", { method: "POST", body: new URLSearchParams({ code: data.code }) });
}
"""
_cookie = st.components.v2.component("ssenet_login_cookie", html="<span></span>", js=_JS)


def login_form(why: str) -> None:
    """The form in the place of a page.

    Args:
        why: what people read first; empty when they have not been in yet.
    """
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.title("Log in")
        if why:
            st.warning(why, icon=":material/lock_clock:")
        st.write(WHAT)
        with st.form("login", border=True):
            token = st.text_input(
                "Access token", type="password", placeholder="sslab_…", autocomplete="current-password", max_chars=512
            )
            if st.form_submit_button("Log in", type="primary", width="stretch"):
                _try(token.strip())
        with st.expander("How do I get a token?"):
            st.write(HOW)


def _try(token: str) -> None:
    verdict = visitor.renew(token)
    if verdict.identity is None:
        st.error(verdict.message, icon=":material/error:")
        return
    st.rerun()


def keep_cookie() -> None:
    """Let the browser fetch the cookie of a log-in that was renewed in this session, so that a reload keeps it."""
    code = visitor.renewed_code()
    if code is not None:
        _cookie(data={"code": code}, key="login_cookie")
