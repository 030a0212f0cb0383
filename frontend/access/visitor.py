"""Who looks at this page: the token of this browser session, and what it allows. Needs a page that runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from frontend.access.doorman import DOORMAN, Verdict
from frontend.access.login import COOKIE, OUTSIDE, Login, fingerprint
from frontend.client import Client, LoginNeeded, Problem, ServiceUnreachable, api_url
from frontend.schemas.access import Identity, Scope

_RENEWED, _CODE, _LOST, _SEEN, _USER, _CLIENT = (
    "login renewed",
    "login code",
    "login lost",
    "login seen",
    "login user",
    "login client",
)
ASKED_AGAIN = 20.0
"""Seconds after which a page asks once more who its visitor is."""
EXPIRED = "Your log-in has ended: the token has expired or was revoked. Log in again to go on where you are."
ENDED = "You are logged out."


@dataclass(frozen=True)
class _Seen:
    """Whose token it was, and until when that is taken for granted."""

    fingerprint: str
    identity: Identity
    until: float


def login() -> Login | None:
    """The log-in of this browser session; None without one, or after logging out in any tab."""
    renewed = st.session_state.get(_RENEWED)
    found = renewed if isinstance(renewed, Login) else Login.parse(_cookies().get(COOKIE))
    return None if found is None or DOORMAN.ended(found) else found


def _cookies() -> Mapping[str, str]:
    return st.context.cookies


def _headers() -> Mapping[str, str]:
    return st.context.headers


def _locked() -> bool:
    """Whether this visitor must log in; one from outside always, for the service may take nobody for the operator."""
    return DOORMAN.locked() or OUTSIDE in _headers()


def _admitted() -> Login | None:
    now = login()
    if now is None and _locked():
        raise LoginNeeded("")
    return now


def client() -> Client:
    """The client of this browser session: it sends its visitor's token, and is nobody else's.

    Raises:
        LoginNeeded: there must be a log-in, and is none, perhaps since a moment ago in another tab.
    """
    now = _admitted()
    mark = (api_url(), None if now is None else fingerprint(now.token))
    kept: tuple[object, Client] | None = st.session_state.get(_CLIENT)
    if kept is None or kept[0] != mark:
        kept = (mark, Client(api_url(), None if now is None else now.token))
        st.session_state[_CLIENT] = kept
    return kept[1]


def owner() -> str:
    """For whom an answer is kept: the service, and the hash of the token. Part of the key of every cache.

    Raises:
        LoginNeeded: as of ``client``.
    """
    now = _admitted()
    return api_url() if now is None else f"{api_url()} {fingerprint(now.token)}"


def identity() -> Identity | None:
    """Who the visitor is; None where nobody has to log in.

    Raises:
        LoginNeeded: there is no log-in, or it is not accepted any more.
    """
    now = _admitted()
    if now is None:
        return None
    seen: _Seen | None = st.session_state.get(_SEEN)
    if seen is None or seen.fingerprint != fingerprint(now.token) or time.monotonic() > seen.until:
        try:
            asked = client().whoami()
        except (Problem, ServiceUnreachable):  # too busy to say: it was so a moment ago
            if seen is None or seen.fingerprint != fingerprint(now.token):
                raise
            asked = seen.identity
        seen = _see(now, asked)
    return seen.identity


def _see(now: Login, asked: Identity) -> _Seen:
    """Remember who it is; what somebody else has left in this browser session is forgotten."""
    if st.session_state.get(_USER, asked.user) != asked.user:
        st.session_state.clear()
    st.session_state[_USER] = asked.user
    seen = _Seen(fingerprint(now.token), asked, time.monotonic() + ASKED_AGAIN)
    st.session_state[_SEEN] = seen
    return seen


def may(scope: Scope) -> bool:
    """Whether the visitor may do what needs this scope."""
    who = identity()
    return who is None or who.may(scope)


def why_not(scope: Scope) -> str | None:
    """Why a button is disabled; None when the visitor may use it."""
    if may(scope):
        return None
    return f"Your token does not allow this: it lacks the scope “{scope}”. Ask the operator for one that has it."


def lose(message: str) -> None:
    """Show the log-in form instead of the page from the next run on."""
    now = login()
    if now is not None:
        DOORMAN.forget(now.token)
    st.session_state.pop(_SEEN, None)
    st.session_state[_LOST] = message


def lost() -> str | None:
    """Why the form is shown; None when it is not."""
    message = st.session_state.get(_LOST)
    return None if message is None else str(message)


def renew(token: str) -> Verdict:
    """Log in again inside the page, so that what was typed on it stays."""
    verdict = DOORMAN.try_token(token, st.context.ip_address or "")
    if verdict.identity is not None:
        renewed = Login.new(token)
        _see(renewed, verdict.identity)
        st.session_state[_RENEWED] = renewed
        st.session_state[_CODE] = DOORMAN.hand_over(renewed)
        st.session_state.pop(_LOST, None)
    return verdict


def renewed_code() -> str | None:
    """A code for the cookie of a log-in that was renewed in this session, until the browser has used it; else None.

    A run may end before the browser has drawn anything of it: the code stays the same over runs.
    """
    code = st.session_state.get(_CODE)
    return code if code is not None and DOORMAN.offers(code) else None
