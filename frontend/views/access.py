"""Access: tokens, one's own or everybody's; what they allow, until when, and taking them back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from frontend.access import visitor
from frontend.components import markup, words
from frontend.schemas.access import Identity, Token
from frontend.session import client, in_words, page_guard

SCOPES = {
    "read": "look at what is theirs and what all share",
    "run": "also upload, and start and stop jobs",
    "admin": "also see everybody's, and make tokens",
}
WIDTHS = [1.6, 2.2, 1.5, 1.6, 1.6, 1.3]
HEADS = ["Who", "Label", "Allows", "Expires (UTC)", "Last used (UTC)", ""]
MADE = "token made"


def page() -> None:
    """Who one is, all tokens, and a form for another one."""
    st.title("Access")
    identity = visitor.identity() or client().whoami()
    st.caption(who(identity))
    made()
    tokens = client().tokens()
    st.subheader("Tokens" if identity.may("admin") else "Your tokens", anchor=False)
    listed(tokens, datetime.now(UTC))
    if identity.may("admin"):
        st.subheader("Another token", anchor=False)
        form(identity)
    else:
        st.caption("Whoever operates the service makes others: `ssenet-lab token create NAME`.")


def who(identity: Identity) -> str:
    """For whom the service takes this browser."""
    if not identity.user:
        return (
            "You are the operator: on this machine nobody has to log in. Tokens are for programs, and for people once "
            "the service listens beyond this machine."
        )
    until = f" until {words.moment(identity.expires_at)}" if identity.expires_at else ""
    return f"You are logged in as {identity.user}{until}."


def listed(tokens: Sequence[Token], now: datetime) -> None:
    """One line a token; those that do not work any more come last."""
    if not tokens:
        st.info("There is no token yet.")
        return
    for column, head in zip(st.columns(WIDTHS), HEADS, strict=True):
        column.markdown(f"**{head}**" if head else "")
    for token in sorted(tokens, key=lambda one: state(one, now) != "works"):
        _line(token, now)


def state(token: Token, now: datetime) -> str:
    """works, expired or revoked."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at is not None and token.expires_at < now else "works"


def _line(token: Token, now: datetime) -> None:
    user, label, scopes, expires, used, action = st.columns(WIDTHS, vertical_alignment="center")
    user.text(token.user)
    label.text(token.name or "–")
    scopes.write(", ".join(token.scopes))
    expires.write(words.moment(token.expires_at).removesuffix(" UTC") if token.expires_at else "never")
    used.write(words.moment(token.last_used_at).removesuffix(" UTC") if token.last_used_at else "never")
    is_state = state(token, now)
    if is_state != "works":
        action.html(markup.badge(is_state, "grey"))
        return
    with action.popover("Revoke", key=f"ask_{token.id}"):
        st.text(f"Take back the token {token.name or token.id[:8]} of {token.user}?")
        st.write("Whoever uses it is logged out within half a minute. This cannot be undone.")
        if st.button("Yes, revoke it", type="primary", key=f"revoke_{token.id}"):
            with in_words("The token could not be revoked."):
                client().revoke_token(token.id)
                st.rerun()


def form(identity: Identity) -> None:
    """Make a token; only an administrator may."""
    with st.form("new_token"):
        left, middle, right = st.columns([2, 2, 1])
        user = left.text_input(
            "Whom it lets in", value=identity.user, max_chars=64, help="Photographs and jobs belong to this name."
        )
        label = middle.text_input("Label", max_chars=120, help="For people: where it is used.")
        days = right.number_input("Days", min_value=1, max_value=3650, value=90, step=1)
        scope = st.radio("It allows to", list(SCOPES), index=1, captions=list(SCOPES.values()), horizontal=True)
        if st.form_submit_button("Make token", icon=":material/key:"):
            with in_words("The token could not be made."):
                token = client().make_token(user.strip(), label.strip(), [str(scope)], int(days))
                st.session_state[MADE] = (token.user, token.token)
                st.rerun()


def made() -> None:
    """The text of a token that was just made: shown on this run of this session, then forgotten."""
    user, text = st.session_state.pop(MADE, ("", ""))
    if text:
        with st.container(border=True, key="made_token"):
            st.success(f"A token for {user}. Copy it now: it is not shown again.", icon=":material/key:")
            st.code(text, language=None, wrap_lines=True)


with page_guard("access"):
    page()
