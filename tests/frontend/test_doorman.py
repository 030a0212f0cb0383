"""What the doorman remembers of tokens, and for how long."""

from __future__ import annotations

import pytest
from fake_access import ANNA

from frontend.access import doorman as doors
from frontend.access.doorman import Doorman
from frontend.access.login import Login
from frontend.client import LoginNeeded, Problem, ServiceUnreachable


def test_refused_tokens_are_remembered_for_a_moment_and_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = [0.0], []

    def whoami(token: str) -> doors.Identity:
        asked.append(token)
        raise LoginNeeded("no")

    monkeypatch.setattr(doors, "_MOST", 5)
    door, login = Doorman(whoami, clock=lambda: now[0]), Login.new(ANNA)
    assert door.look(login).status == door.look(login).status == 401 and asked == [ANNA]
    now[0] += doors.REMEMBERED + 1
    assert door.look(login).status == 401 and asked == [ANNA] * 2
    for number in range(20):
        door.look(Login.new(f"sslab_guess-{number:04}"))
    assert len(door._refused) == 5


def test_a_doorman_forgets_codes_and_asks_again_in_time() -> None:
    now, asked = [0.0], []

    def whoami(token: str) -> doors.Identity:
        asked.append(token)
        return doors.Identity(user="anna", scopes=("read",))

    door = Doorman(whoami, clock=lambda: now[0])
    login = Login.new(ANNA)
    assert door.look(login).identity and door.look(login).identity and len(asked) == 1
    code = door.hand_over(login)
    now[0] += doors.HANDOVER + 1
    assert door.take(code) is None
    assert door.look(login).identity and len(asked) == 2, "a revoked token ends after a moment"


@pytest.mark.parametrize("trouble", [Problem(429, "", "", (), 7.0), ServiceUnreachable("")])
def test_who_is_in_stays_in_while_the_service_is_too_busy_to_say(trouble: Exception) -> None:
    now, answers = [0.0], [doors.Identity(user="anna", scopes=("read",)), trouble, trouble, LoginNeeded("revoked")]

    def whoami(_token: str) -> doors.Identity:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    door, login = Doorman(whoami, clock=lambda: now[0]), Login.new(ANNA)
    assert door.look(login).identity
    now[0] += doors.REMEMBERED + 1
    assert door.look(login).identity
    now[0] += doors.TRUSTED
    assert door.look(login).identity is None, "not for ever"
    assert door.look(login).status == 401


def test_a_log_in_does_not_show_its_token() -> None:
    assert ANNA not in repr(Login.new(ANNA)) and Login.parse(Login.new(ANNA).cookie).token == ANNA  # type: ignore[union-attr]
    assert Login.parse("junk") is None and Login.parse(None) is None and Login.parse("0" * 16 + ".a b") is None
