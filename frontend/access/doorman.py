"""Asks the service whose token it is, remembers the answer for a moment, and slows down those who guess.

Nothing here keeps a token for longer than ``HANDOVER`` seconds: what is remembered is remembered by its hash.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from frontend.access.login import Login, fingerprint, plausible
from frontend.access.tries import Tries
from frontend.client import Client, LoginNeeded, Problem, ServiceUnreachable, api_url
from frontend.schemas.access import Identity

REMEMBERED = 20.0
"""Seconds for which a token is not asked about again: a revoked one ends after that at the latest, and a page that
goes on asking with a dead one reaches the service no more often."""
HANDOVER = 30.0
"""Seconds in which a browser must fetch the cookie of a log-in that was renewed inside a page."""
TRUSTED = 300.0
"""Seconds for which it still counts while the service does not answer, or is asked too often: it says no by itself."""
_MOST = 10_000
WRONG = "This token is not accepted: it is wrong, has been revoked, or has expired."

AWAY = "The service does not answer, and without it nobody can log in. Try again in a moment."


@dataclass(frozen=True)
class Verdict:
    """What became of a token: an identity, or the words and HTTP status that say why not."""

    identity: Identity | None = None
    message: str = ""
    status: int = 200
    retry_after: float | None = None


class Doorman:
    """The state of one process of pages. Methods may be called from any thread.

    Args:
        whoami: asks the service; raises ``LoginNeeded``, ``Problem`` or ``ServiceUnreachable``.
        clock: seconds that only go forward.
    """

    def __init__(
        self, whoami: Callable[[str], Identity] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._whoami, self._clock = whoami or ask, clock
        self._known: OrderedDict[str, tuple[float, Identity]] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._handed: dict[str, tuple[float, Login]] = {}
        self._refused: OrderedDict[str, tuple[float, Verdict]] = OrderedDict()
        self._tries = Tries()
        self._lock = threading.Lock()

    def locked(self) -> bool:
        """Whether nothing may be shown without a log-in."""
        return os.environ.get("SSENET_UI_LOGIN", "").lower() in ("1", "true", "yes", "on")

    def look(self, login: Login | None) -> Verdict:
        """Whether a browser that is logged in still is. Not a try: dead cookies come by themselves, again and again."""
        if login is None:
            return Verdict(status=401)
        if self.ended(login):
            return Verdict(message="You are logged out.", status=401)
        with self._lock:
            asked, identity = self._known.get(fingerprint(login.token), (0.0, None))
        age = self._clock() - asked
        if identity is not None and age < REMEMBERED:
            return Verdict(identity)
        verdict = self._judge(login.token)
        unsure = verdict.identity is None and verdict.status != 401
        return Verdict(identity) if identity is not None and unsure and age < TRUSTED else verdict

    def try_token(self, token: str, address: str) -> Verdict:
        """What somebody typed. After too many wrong ones from an address only a right one is answered with yes."""
        verdict = self._judge(token)
        wait = self._tries.wrong(address) if verdict.status == 401 else None
        return verdict if wait is None else Verdict(message=_too_many(wait), status=429, retry_after=wait)

    def _judge(self, token: str) -> Verdict:
        """Ask the service about a token, unless it has refused it a moment ago."""
        mark = fingerprint(token)
        with self._lock:
            until, refused = self._refused.get(mark, (0.0, None))
        if refused is not None and self._clock() < until:
            return refused
        verdict = self._ask(token)
        with self._lock:
            self._note(mark, verdict)
        return verdict

    def _note(self, mark: str, verdict: Verdict) -> None:
        if verdict.identity is not None:
            self._known[mark] = (self._clock(), verdict.identity)
            self._refused.pop(mark, None)
        elif verdict.status == 401:
            self._refused[mark] = (self._clock() + REMEMBERED, verdict)
            self._refused.move_to_end(mark)
            self._known.pop(mark, None)
        _trim(self._known)
        _trim(self._refused)

    def _ask(self, token: str) -> Verdict:
        if not plausible(token):
            return Verdict(message=WRONG, status=401)
        try:
            return Verdict(self._whoami(token))
        except LoginNeeded as refused:
            return Verdict(message=str(refused) or WRONG, status=401)
        except Problem as problem:
            wait = problem.retry_after
            text = _too_many(wait) if problem.status == 429 else str(problem)
            return Verdict(message=text, status=problem.status, retry_after=wait)
        except ServiceUnreachable:  # where it is, is nothing for strangers
            return Verdict(message=AWAY, status=503)

    def forget(self, token: str) -> None:
        """Ask anew the next time."""
        with self._lock:
            self._known.pop(fingerprint(token), None)

    def end(self, login: Login) -> None:
        """Log out: no tab of this browser goes on with this log-in. May ask the service.

        One whose token was never accepted is none: a stranger's inventions must not push real ones out of memory.
        """
        with self._lock:
            known = fingerprint(login.token) in self._known
        if known or self.look(login).identity is not None:
            with self._lock:
                self._ended[login.id] = None
                _trim(self._ended)

    def ended(self, login: Login) -> bool:
        """Whether somebody logged out of this log-in."""
        with self._lock:
            return login.id in self._ended

    def hand_over(self, login: Login) -> str:
        """A code with which this person's browser may fetch the cookie of a log-in, once and soon."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            now = self._clock()
            self._handed = {key: value for key, value in self._handed.items() if value[0] > now}
            self._handed[code] = (now + HANDOVER, login)
        return code

    def offers(self, code: str) -> bool:
        """Whether a code has not been used, and is not too old."""
        with self._lock:
            return code in self._handed and self._clock() < self._handed[code][0]

    def take(self, code: str) -> Login | None:
        """The log-in behind a code, which is used up."""
        with self._lock:
            until, login = self._handed.pop(code, (0.0, None))
        return login if self._clock() < until else None


def ask(token: str) -> Identity:
    """Whose token it is, as the service says."""
    return Client(api_url(), token).whoami()


def _too_many(wait: float | None) -> str:
    return f"Too many tries. Wait {round(wait or 60)} s, then try once more."


def _trim(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > _MOST:
        kept.popitem(last=False)


DOORMAN = Doorman()
"""The one of this process: the gate in front of the pages and the pages themselves ask the same."""
