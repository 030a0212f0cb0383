"""The log-in form as one plain HTML page: no script, nothing of the lab, readable before anything else is."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

_FILE = Path(__file__).parent / "login.html"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""What makes the page safe to show to anybody."""


@cache
def _template() -> Template:
    return Template(_FILE.read_text(encoding="utf-8"))


def form_html(target: str, message: str = "") -> str:
    """The page.

    Args:
        target: address under which people want to go on.
        message: why they are asked, or why not let in.
    """
    alert = f'<p class="alert" id="why" role="alert">{escape(message)}</p>' if message else ""
    described = "why what" if message else "what"
    return _template().substitute(
        alert=alert, described=described, invalid=str(bool(message)).lower(), target=escape(local(target))
    )


def bounce_html(target: str) -> str:
    """A page that opens ``target`` again.

    Somebody who follows a link from another site comes without the cookie, since it is ``SameSite=Strict``; the
    second time it is this site that asks.
    """
    address = escape(local(target))
    head = f'<meta charset="utf-8"><meta http-equiv="refresh" content="0;url={address}"><title>SSENet Lab</title>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><a href="{address}">Go on</a></body></html>'


def local(target: str) -> str:
    """``target`` if it is an address of these pages, else the first page: nobody is sent elsewhere."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    odd = any(ord(letter) < 33 or letter == "\\" for letter in target)
    own = not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith("//")
    return target if own and not odd and parts.path not in ("/login", "/logout") else "/"
