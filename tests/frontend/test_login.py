"""Logging in, being somebody, and being nobody any more: the pages themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from fake_access import ANNA, BERT, ROOT, person, refused
from fake_api import FakeService
from streamlit.testing.v1 import AppTest

from frontend import keeping
from frontend.access import visitor
from frontend.access.doorman import Doorman
from frontend.access.login import COOKIE, OUTSIDE, Login
from frontend.client import LoginNeeded

Open = Callable[..., AppTest]
VIEWS = sorted(path.stem for path in (Path(__file__).parents[2] / "frontend" / "views").glob("*.py"))
ANNAS_NEXT = "sslab_annas-next-token"
SENTINEL = "sentinel of somebody else"


class Browser:
    """The cookies of whoever opens the next page."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def use(self, token: str | None) -> None:
        """Be somebody, or nobody."""
        self.cookies = {} if token is None else {COOKIE: Login.new(token).cookie}


@pytest.fixture
def browser(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """A browser before pages that want a log-in; the gate in front of them is another test's."""
    service.access.required = True
    one = Browser()
    monkeypatch.setenv("SSENET_UI_LOGIN", "1")
    monkeypatch.setattr(visitor, "DOORMAN", Doorman())
    monkeypatch.setattr(visitor, "_cookies", lambda: one.cookies)
    return one


def everything(app: AppTest) -> str:
    """All that the page would draw."""
    return str(app._tree)


def html(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def components(app: AppTest) -> str:
    """What components are given."""
    return "\n".join(str(element.proto) for element in app.get("bidi_component"))


@pytest.mark.promise("S6")
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.usefixtures("browser")
def test_no_page_asks_or_shows_anything_without_a_log_in(service: FakeService, open_page: Open, view: str) -> None:
    service.add_job("running", name=SENTINEL)
    app = open_page(view, job="job-0000")
    assert [title.value for title in app.title] == ["Log in"] and not app.exception
    assert SENTINEL not in everything(app) and not app.get("page_link")
    assert not service.asked, "the service was not even asked"


@pytest.mark.promise("S6")
def test_a_refusal_leads_to_the_log_in_where_nobody_expected_one(
    service: FakeService, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.access.required = True
    service.add_job("running", name=SENTINEL)
    monkeypatch.setattr(visitor, "_cookies", dict)
    app = open_page("jobs").run()
    assert [title.value for title in app.title] == ["Log in"] and SENTINEL not in everything(app)


@pytest.mark.promise("S6")
def test_a_visitor_from_outside_who_logs_out_is_nobody_and_not_the_operator(
    service: FakeService, browser: Browser, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.access.required = False  # the API takes whoever has no token for the operator
    monkeypatch.delenv("SSENET_UI_LOGIN")
    monkeypatch.setattr(visitor, "_headers", lambda: {OUTSIDE: "1"})
    browser.use(ANNA)
    app = open_page("jobs")
    assert app.title[0].value == "Jobs"
    login = Login.parse(browser.cookies[COOKIE])
    assert login
    visitor.DOORMAN.end(login)
    assert [title.value for title in app.run().title] == ["Log in"] and not service.access.asked_by("")


@pytest.mark.promise("S6")
@pytest.mark.parametrize("use", [visitor.client, visitor.owner, visitor.identity])
def test_a_page_that_runs_while_its_visitor_logs_out_goes_on_as_nobody(
    browser: Browser, use: Callable[[], object]
) -> None:
    browser.use(ANNA)
    assert use()
    browser.use(None)
    with pytest.raises(LoginNeeded):
        use()


def log_in(app: AppTest, token: str) -> AppTest:
    app.text_input[0].set_value(token)
    return app.button[0].click().run()


@pytest.mark.usefixtures("browser")
def test_logging_in_inside_a_page_opens_it(service: FakeService, open_page: Open) -> None:
    job = service.add_job("running", name="mine")
    app = open_page("jobs", job=job)
    app = log_in(app, "sslab_guessed-wrongly")
    assert "not valid" in app.error[0].value and SENTINEL not in everything(app)
    app = log_in(app, ANNA)
    assert app.title[0].value == "Jobs" and app.query_params["job"] == job
    assert "anna" in html(app) and "may look and run" in html(app) and 'action="/logout"' in html(app)
    assert ANNA not in everything(app) and ANNA not in str(app.query_params)


def test_the_token_goes_with_every_call(service: FakeService, browser: Browser, open_page: Open) -> None:
    browser.use(ANNA)
    open_page("inspect")
    assert service.access.asked_by("anna") and not service.access.asked_by("")
    assert set(service.access.authorizations) == {f"Bearer {ANNA}"}


def test_a_token_that_ends_asks_again_and_keeps_what_was_typed(
    service: FakeService, browser: Browser, open_page: Open
) -> None:
    browser.use(ANNA)
    app = open_page("train")
    (name,) = [one for one in app.text_input if "Name" in one.label]
    name.set_value("half typed").run()
    service.access.expire(ANNA)
    app.button(key="start").click().run()
    assert app.title[0].value == "Log in" and "has ended" in app.warning[0].value
    assert not service.submitted
    service.access.people[ANNAS_NEXT] = person("anna", "run")
    app = log_in(app, ANNAS_NEXT)
    assert app.title[0].value == "Train"
    (code,) = visitor.DOORMAN._handed
    for _ in range(2):  # a run may end before the browser has drawn anything
        assert code in components(app.run())
    assert visitor.DOORMAN.take(code) and code not in components(app.run())
    assert [one.value for one in app.text_input if "Name" in one.label] == ["half typed"]


def test_what_was_typed_is_nothing_for_somebody_else(service: FakeService, browser: Browser, open_page: Open) -> None:
    browser.use(ANNA)
    app = open_page("train")
    (name,) = [one for one in app.text_input if "Name" in one.label]
    name.set_value("half typed").run()
    app.session_state["events_job-0"] = [SENTINEL]
    service.access.expire(ANNA)
    app.button(key="start").click().run()
    app = log_in(app, ROOT)
    assert app.title[0].value == "Train"
    assert [one.value for one in app.text_input if "Name" in one.label] == [""]
    assert "events_job-0" not in app.session_state


def test_logging_out_in_another_tab_ends_this_one(browser: Browser, open_page: Open) -> None:
    browser.use(ANNA)
    app = open_page("jobs")
    login = Login.parse(browser.cookies[COOKIE])
    assert login
    visitor.DOORMAN.end(login)
    assert [title.value for title in app.run().title] == ["Log in"]


@pytest.mark.usefixtures("service")
def test_who_may_only_look_is_told_so_at_the_button(browser: Browser, open_page: Open) -> None:
    browser.use(BERT)
    start = open_page("train").button(key="start")
    assert start.disabled and "lacks the scope “run”" in str(start.help)
    browser.use(ANNA)
    assert not open_page("train").button(key="start").disabled


@pytest.mark.parametrize("view", ["inspect", "equivariance"])
@pytest.mark.usefixtures("service")
def test_who_may_only_look_sees_photographs_all_the_same(browser: Browser, open_page: Open, view: str) -> None:
    browser.use(BERT)
    app = open_page(view)
    assert not app.exception and not app.error and "Your access token lacks" not in everything(app)


# Caches ---------------------------------------------------------------------------------------------
def test_answers_are_kept_for_one_person_only(browser: Browser) -> None:
    asked: list[str] = []

    @keeping.kept(max_entries=10)
    def secret(of: str) -> str:
        asked.append(of)
        return f"{of} of {keeping.owner()}"

    for token in (ANNA, BERT, ANNA, BERT):
        browser.use(token)
        assert secret("photograph") == f"photograph of {keeping.owner()}"
    assert asked == ["photograph"] * 2
    st.cache_data.clear()


def test_no_page_keeps_answers_in_another_way() -> None:
    frontend = Path(keeping.__file__).parent
    ways = ("cache_data", "cache_resource", "lru_cache", "functools.cache", "@cache\n")
    found = {
        str(path.relative_to(frontend)): [way for way in ways if way in path.read_text()]
        for path in frontend.rglob("*.py")
    }
    # Beside ``kept``: open connections, the scripts of the canvas, and the text of the log-in form.
    allowed = {"keeping.py", "transport.py", "canvas/component.py", "access/form.py"}
    assert {name for name, uses in found.items() if uses} == allowed


@pytest.mark.slow
@pytest.mark.promise("S6")
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_that_one_person_asked_for_is_given_to_another(
    service: FakeService, browser: Browser, open_page: Open, view: str
) -> None:
    service.access.people[BERT] = person("bert", "run")
    service.add_job("running", name="a job")
    for token in (ANNA, BERT):
        browser.use(token)
        app = open_page(view).run()
        assert not app.exception
    assert service.access.asked_by("bert") == service.access.asked_by("anna")


# What the service refuses ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "wait", "advice"),
    [(429, "7", "Try again in 7 s."), (503, "", "jobs that run go on"), (507, "", "Make room on the service's disk")],
)
def test_refusals_say_what_to_do(service: FakeService, open_page: Open, status: int, wait: str, advice: str) -> None:
    headers = {"Retry-After": wait} if wait else {}
    service.access.refuse_next = refused(status, "No", "That is too much.", **headers)
    app = open_page("jobs")
    assert "That is too much." in app.error[0].value and advice in app.error[0].value


# Tokens ----------------------------------------------------------------------------------------------
def test_everybody_sees_their_own_tokens_and_can_take_them_back(
    service: FakeService, browser: Browser, open_page: Open
) -> None:
    browser.use(ANNA)
    app = open_page("access")
    shown = [one.value for one in app.text]
    assert "anna" in shown and "bert" not in shown and not app.get("form")
    app.button(key="revoke_id-anna").click().run()
    assert service.access.people[ANNA]["revoked_at"] is not None


def test_an_administrator_makes_tokens_that_are_shown_once(
    service: FakeService, browser: Browser, open_page: Open
) -> None:
    browser.use(ROOT)
    app = open_page("access")
    assert {"anna", "bert", "root"} <= {one.value for one in app.text}
    app.text_input[0].set_value("carla")
    app.radio[0].set_value("read")
    (make,) = [one for one in app.button if one.label == "Make token"]
    make.click().run()
    assert [one.value for one in app.code] == ["sslab_new-for-carla"]
    assert service.access.people["sslab_new-for-carla"]["scopes"] == ["read"]
    assert not app.run().code


@pytest.mark.usefixtures("service")
def test_on_this_machine_the_operator_manages_tokens_without_one(open_page: Open) -> None:
    app = open_page("access")
    assert "You are the operator" in app.caption[0].value and [
        one.label for one in app.button if one.label == "Make token"
    ]
