"""Responses that are named by their content: tags, and 304 for whoever has them.

An address whose content never changes is kept for good. One whose content may change under it, with a data set that is
registered anew or an installation that is upgraded, is asked for again each time, which costs no bytes: 304.
"""

from __future__ import annotations

from fastapi import Response

IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATED = "private, no-cache"


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the client already has what ``etag`` names (RFC 9110, section 13.1.2: weak comparison)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags


def not_modified(headers: dict[str, str]) -> Response:
    """304 with the headers that the full answer would have."""
    return Response(status_code=304, headers=headers)


def immutable(etag: str, **headers: str) -> dict[str, str]:
    """Headers of an answer that never changes."""
    return {"ETag": etag, "Cache-Control": IMMUTABLE, **headers}


def revalidated(etag: str, **headers: str) -> dict[str, str]:
    """Headers of an answer that may change, and its tag with it."""
    return {"ETag": etag, "Cache-Control": REVALIDATED, **headers}
