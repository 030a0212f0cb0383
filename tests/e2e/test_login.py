"""Nobody in without a log-in: the real API and pages, a real browser, and two people."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from browsing import open_at, settled, whole_and_accessible
from lab_with_login import Lab, running
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from ssenet.config import CamTrainSettings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEWS = Path(__file__).parents[2] / "frontend" / "views"
ADDRESSES = ["/", *sorted(f"/{path.stem}" for path in VIEWS.glob("*.py") if path.stem != "inspect")]
COOKIE = "ssenet_login"


@dataclass(frozen=True)
class Belongings:
    """What somebody has in the lab."""

    job: str
    job_name: str
    photograph: str
    photograph_name: str


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, wait_until: Callable[..., object]) -> Iterator[Lab]:
    """API and pages."""
    with running(tmp_path_factory.mktemp("lab"), wait_until) as started:
        yield started


@pytest.fixture(scope="module")
def owned(lab: Lab) -> dict[str, Belongings]:
    """A photograph and a waiting job of each person."""
    return {user: _belongings(lab, user, 60 * number) for number, user in enumerate(("anna", "bert"), 1)}


def _belongings(lab: Lab, user: str, grey: int) -> Belongings:
    job_name, photograph_name = f"sentinel job of {user}", f"sentinel-photograph-{user}.png"
    buffer = io.BytesIO()
    Image.new("RGB", (96, 72), (grey, grey, 200)).save(buffer, "PNG")
    with lab.client(user) as client:
        photograph = client.post("/images", files={"file": (photograph_name, buffer.getvalue())}).raise_for_status()
        body = {"kind": "train_cam", "settings": CamTrainSettings().model_dump(mode="json"), "name": job_name}
        job = client.post("/jobs", json=body, headers={"Idempotency-Key": uuid.uuid4().hex}).raise_for_status()
    return Belongings(job.json()["id"], job_name, photograph.json()["id"], photograph_name)


@pytest.fixture
def context(browser: Browser, lab: Lab) -> Iterator[BrowserContext]:
    """A browser nobody has used."""
    with_nobody = _context(browser, lab)
    yield with_nobody
    with_nobody.close()


def _context(browser: Browser, lab: Lab) -> BrowserContext:
    made = browser.new_context(base_url=lab.ui, viewport={"width": 1280, "height": 900}, color_scheme="light")
    made.set_default_timeout(60_000)
    return made


def log_in(page: Page, token: str) -> None:
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Log in").click()


def everything(page: Page) -> str:
    """Source and, since that leaves out what components draw, all that a screen reader is given."""
    return page.content() + page.locator("body").aria_snapshot()


def sentinels(lab: Lab, owned: dict[str, Belongings]) -> set[str]:
    """Names of everything there is: people's, and what every installation has."""
    found = {name for one in owned.values() for name in (one.job, one.job_name, one.photograph, one.photograph_name)}
    with lab.client("root") as client:
        for path in ("/images", "/checkpoints", "/evaluations", "/jobs"):
            for item in client.get(path).raise_for_status().json()["items"]:
                found |= {str(item[key]) for key in ("id", "name", "title") if item.get(key)}
    return {name for name in found if len(name) > 5}


@pytest.mark.promise("S6", "S8")
def test_no_page_shows_any_data_without_a_log_in(
    context: BrowserContext,
    lab: Lab,
    owned: dict[str, Belongings],
    measured: Callable[..., None],
    wait_until: Callable[..., object],
) -> None:
    names = sentinels(lab, owned)
    wait_until(lambda: lab.answered()[-1] == ("/api/v1/jobs", 200), what="the log line of the last of our own requests")
    asked = len(lab.answered())
    assert {"demo-ssenet", "sentinel job of anna"} <= names
    streams: list[WebSocket] = []
    frames: list[object] = []

    def watch(stream: WebSocket) -> None:
        streams.append(stream)
        stream.on("framereceived", frames.append)

    page, bodies = context.new_page(), []
    page.on("websocket", watch)
    page.on("response", lambda response: bodies.append(response.url))
    for address in ADDRESSES:
        answer = page.goto(f"{address}?job={owned['anna'].job}&image={owned['anna'].photograph}")
        assert answer is not None and answer.status == 401
        expect(page.get_by_label("Access token")).to_be_visible()
        shown = answer.text().replace(owned["anna"].job, "").replace(owned["anna"].photograph, "")  # as was asked for
        assert not [name for name in names if name in shown]
    page.wait_for_timeout(500)  # time for a stream to be opened, if one would be
    assert all(re.search(r"/login/icon\.png$|\?job=", url) for url in bodies), bodies
    assert asked == len(lab.answered()), "the API was not asked for anything"
    measured("pages opened without a log-in that show only the form", len(ADDRESSES), "pages")
    measured("names of data looked for in them and not found", len(names), "names")
    measured("frames of streams without a log-in", len(frames) + len(streams), "frames", limit=0)


@pytest.mark.promise("S6", "S7")
def test_streams_files_and_uploads_want_a_log_in_from_this_very_site(
    context: BrowserContext, lab: Lab, measured: Callable[..., None]
) -> None:
    page = context.new_page()
    page.goto("/")
    log_in(page, lab.tokens["anna"])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in context.cookies())
    stream, refused = lab.ui.replace("http", "ws") + "/_stcore/stream", 0
    for headers, origin in (
        ({}, lab.ui),
        ({"Cookie": f"{COOKIE}=0123456789abcdef.sslab_not-a-real-token"}, lab.ui),
        ({"Cookie": cookie}, "http://evil.example"),
        ({"Cookie": cookie}, "null"),
    ):
        with pytest.raises(InvalidStatus) as answer, connect(stream, origin=origin, additional_headers=headers):  # type: ignore[arg-type]
            pass
        assert answer.value.response.status_code == 403
        refused += 1
    with connect(stream, origin=lab.ui, additional_headers={"Cookie": cookie}):  # type: ignore[arg-type]
        pass  # the very same from this site is let in
    for method, path in (("GET", "/media/0.png"), ("GET", "/_stcore/metrics"), ("PUT", "/_stcore/upload_file/a/b")):
        assert httpx.request(method, lab.ui + path, trust_env=False).status_code == 401
        refused += 1
    evil = httpx.get(lab.ui, headers={"Host": "evil.example"}, trust_env=False)
    post = httpx.post(f"{lab.ui}/logout", headers={"Origin": "http://evil.example", "Cookie": cookie}, trust_env=False)
    assert (evil.status_code, post.status_code) == (400, 403)
    measured("requests without a log-in or from another site, refused", refused + 2, "requests")


def test_logging_in_opens_the_link_and_lasts_until_logging_out(
    context: BrowserContext, lab: Lab, owned: dict[str, Belongings]
) -> None:
    page, mine = context.new_page(), owned["anna"]
    page.goto(f"/jobs?job={mine.job}")
    whole_and_accessible_form(page)
    log_in(page, "sslab_" + "0" * 43)
    expect(page.get_by_role("alert")).to_contain_text("not valid")
    log_in(page, _expired(lab))
    expect(page.get_by_role("alert")).to_contain_text("expired")
    log_in(page, lab.tokens["anna"])
    expect(page.get_by_role("heading", name=mine.job_name)).to_be_visible()
    assert page.url.endswith(f"/jobs?job={mine.job}") and lab.tokens["anna"] not in page.content()
    assert COOKIE not in page.evaluate("document.cookie")
    page.reload()
    expect(page.get_by_role("heading", name=mine.job_name)).to_be_visible()
    other = context.new_page()
    open_at(other, "/workers")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("alert")).to_have_text("You are logged out.")
    assert COOKIE not in {one["name"] for one in context.cookies()}
    expect(other.get_by_role("heading", name="Log in")).to_be_visible(timeout=30_000)  # with its next live refresh
    assert lab.tokens["anna"] not in lab.logs() and "Bearer" not in lab.logs()


def _expired(lab: Lab) -> str:
    with lab.client("root") as client:
        body = {"user": "anna", "scopes": ["read"], "days": 1e-9}
        return str(client.post("/tokens", json=body).raise_for_status().json()["token"])


@pytest.mark.promise("S6")
def test_two_people_see_only_their_own(
    browser: Browser, lab: Lab, owned: dict[str, Belongings], measured: Callable[..., None]
) -> None:
    looks = 0
    people = {user: _context(browser, lab) for user in owned}
    try:
        for user, context in people.items():  # both are in before either looks: caches are warm for the other one
            context.new_page().goto("/jobs")
            log_in(context.pages[0], lab.tokens[user])
            expect(context.pages[0].get_by_role("button", name=owned[user].job_name)).to_be_visible()
        for user, other in (("anna", "bert"), ("bert", "anna"), ("anna", "bert")):
            page, foreign = people[user].pages[0], owned[other]
            open_at(page, "/jobs")
            expect(page.get_by_role("button", name=owned[user].job_name)).to_be_visible()
            assert foreign.job_name not in everything(page)
            open_at(page, f"/jobs?job={foreign.job}")
            settled(page)
            assert foreign.job_name not in everything(page)
            open_at(page, f"/?image={owned[user].photograph}")
            expect(page.get_by_alt_text(owned[user].photograph_name).first).to_be_visible()
            open_at(page, f"/?image={foreign.photograph}")
            settled(page)
            assert foreign.photograph_name not in everything(page)
            looks += 4
    finally:
        for context in people.values():
            context.close()
    measured("looks at pages by two people, nothing of the other one in them", looks, "pages")


def test_a_token_that_is_revoked_leads_to_the_form_and_back(context: BrowserContext, lab: Lab) -> None:
    with lab.client("root") as client:
        made = client.post("/tokens", json={"user": "anna", "days": 1}).raise_for_status().json()
        page = context.new_page()
        page.goto("/train")
        log_in(page, made["token"])
        page.get_by_label("Name of the run").fill("half typed")
        page.get_by_label("Name of the run").press("Enter")
        settled(page)
        client.delete(f"/tokens/{made['id']}").raise_for_status()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("Your log-in has ended")).to_be_visible()
    page.get_by_role("textbox", name="Access token").fill(lab.tokens["anna"])
    with page.expect_response(re.compile("/login$")) as renewed:
        page.get_by_role("button", name="Log in").click()
    assert renewed.value.status == 204
    expect(page.get_by_label("Name of the run")).to_have_value("half typed")
    page.reload()
    expect(page.get_by_role("heading", name="Train")).to_be_visible()


@pytest.mark.parametrize("address", ["/workers", "/access"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_new_pages_are_whole_and_accessible(browser: Browser, lab: Lab, address: str, scheme: str) -> None:
    context = _context(browser, lab)
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address)
    whole_and_accessible_form(page)
    log_in(page, lab.tokens["root"])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settled(page)
    for width in (1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        whole_and_accessible(page)
    context.close()


def whole_and_accessible_form(page: Page) -> None:
    """The log-in form is no page of Streamlit: the same demands, its own frame."""
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.evaluate("document.querySelector('main').dataset.testid = 'stMain'")
    whole_and_accessible(page)
