"""Who is logged in, until when, and the way out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape

import streamlit as st

from frontend.access import visitor
from frontend.components import words
from frontend.schemas.access import Identity

SOON = timedelta(hours=24)
LOG_OUT = '<form method="post" action="/logout"><button type="submit" class="sl-logout">Log out</button></form>'


def who() -> None:
    """Name, rights, expiry and the log-out button; nothing where nobody has to log in."""
    identity = visitor.identity()
    if identity is not None:
        st.html(who_html(identity, datetime.now(UTC)))


def who_html(identity: Identity, now: datetime) -> str:
    """The small box in the sidebar."""
    rights = "may do everything" if identity.may("admin") else "may look and run" if identity.may("run") else "may look"
    lines = [f"<div>{escape(rights)}</div>"]
    if identity.expires_at is not None:
        left = identity.expires_at - now
        colour = ' class="sl-soon"' if left < SOON else ""
        lines.append(f"<div{colour}>until {escape(words.moment(identity.expires_at))}</div>")
    return f'<div class="sl-who"><b>{escape(identity.user)}</b>{"".join(lines)}{LOG_OUT}</div>'
