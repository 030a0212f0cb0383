"""Buttons that a visitor's token may not allow."""

from __future__ import annotations

from typing import TypedDict

from frontend.access import visitor
from frontend.schemas.access import Scope


class Permit(TypedDict):
    """Arguments of a button."""

    disabled: bool
    help: str | None


def permit(scope: Scope, *, disabled: bool = False, help: str | None = None) -> Permit:
    """Whether a button works, and what it says: disabled with the reason where the visitor's token lacks ``scope``."""
    reason = visitor.why_not(scope)
    return {"disabled": disabled or reason is not None, "help": reason or help}
