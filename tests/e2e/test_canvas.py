"""The CAM canvas in a real browser, on a page with nothing else: what it draws, and what it asks the server."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import canvas_page
import httpx
import numpy as np
import pytest
from browsing import open_at, settled, whole_and_accessible
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from frontend.canvas import Canvas
from ssenet.render import aggregate, normalise

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
SCALES = (0.5, 1.0, 1.5, 2.0)
COLUMNS = ("0.5", "1", "1.5", "2", "MS")
TILES = 2 * len(COLUMNS)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, wait_until: Callable[..., object]) -> Iterator[str]:
    """The test's page, served by a Streamlit of its own."""
    port, log = free_port(), tmp_path_factory.mktemp("canvas") / "streamlit.log"
    script = str(ROOT / "tests" / "support" / "canvas_page.py")
    options = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", script, *options],
            cwd=ROOT / "frontend",
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: _answers(url), timeout=60, what=f"the page (see {log})")
            yield url
        finally:
            process.terminate()
            process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_stcore/health", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """One cache for all tests: the page's scripts are loaded once."""
    opened = browser.new_context(base_url=address, viewport={"width": 1280, "height": 1100}, color_scheme="light")
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    tab, faults = context.new_page(), []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    yield tab
    tab.close()
    assert not faults, "the script failed in the browser"


class Frames:
    """Messages between page and server, counted from the last ``clear``."""

    def __init__(self, page: Page) -> None:
        self.sent = 0
        self.received: list[int] = []
        page.on("websocket", self._watch)

    def _watch(self, socket: object) -> None:
        socket.on("framesent", lambda _: self._count_sent())  # type: ignore[attr-defined]
        socket.on("framereceived", lambda data: self.received.append(len(data)))  # type: ignore[attr-defined]

    def _count_sent(self) -> None:
        self.sent += 1

    def clear(self) -> None:
        self.sent = 0
        self.received.clear()


def counters(page: Page) -> dict[str, int]:
    """The canvas' own counters, after a frame that follows everything done so far."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found = page.locator(".cam").evaluate("(one) => ({ ...one.dataset })")
    return {name: int(value) for name, value in found.items()}


def opened(page: Page, query: str = "") -> dict[str, int]:
    """Open the canvas and wait until it is drawn and nothing runs; returns its counters."""
    open_at(page, f"/?{query}")
    expect(page.locator(".stage canvas").first).to_be_visible()
    settled(page)
    return counters(page)


def tile(page: Page, title: str, column: str, name: str = "dog") -> Locator:
    return page.get_by_role("img", name=f"{title}: activation of {name} at {column}", exact=True)


def query_of(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def drag(page: Page, slider: Locator, to: float, steps: int = 12) -> None:
    """Take hold of a slider's thumb and move it; the button stays down."""
    box = slider.bounding_box()
    assert box
    share = float(slider.evaluate("(one) => (one.value - one.min) / (one.max - one.min)"))
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8 + share * (box["width"] - 16), y)
    page.mouse.down()
    page.mouse.move(box["x"] + to * box["width"], y, steps=steps)


def normalised(canvas: Canvas, layer: int, column: str, index: int = 0) -> np.ndarray:
    """The Eq. 3 map that a tile must show, by ``ssenet.render``."""
    maps = canvas.layers[layer].maps
    views = {v: m.astype(np.float16).astype(np.float32) for v, m in maps.items() if column in ("MS", f"{v.scale:g}")}
    return normalise(aggregate(views, canvas.size, [index]) / np.float32(len(views)))[0]


def scene() -> Canvas:
    return canvas_page.scene(list(SCALES), set(), with_truth=True)


# What dragging costs --------------------------------------------------------------------------------
def test_dragging_asks_nothing_and_only_looks_colours_up(page: Page) -> None:
    frames = Frames(page)
    before = opened(page)
    assert before["upsamples"] == 2 * len(SCALES)
    for updates, (label, parameter) in enumerate([("Background threshold α", "alpha"), ("Opacity", "opacity")], 1):
        frames.clear()
        lookups = counters(page)["lookups"]
        drag(page, page.get_by_label(label), 0.8)
        during = counters(page)
        assert frames.sent == 0 and frames.received == []
        assert during["updates"] == updates - 1 and during["lookups"] >= lookups + 2 * TILES
        page.mouse.up()
        page.wait_for_url(re.compile(f"{parameter}=0\\.[78]"))
        settled(page)
        assert frames.sent == 1, "one address update on release"
        assert counters(page)["updates"] == updates
        assert sum(frames.received) < 20_000, "the maps are not sent again"
    lookups = counters(page)["lookups"]
    page.get_by_label("Colours").select_option("jet")
    page.wait_for_url(re.compile("colours=jet"))
    settled(page)
    after = counters(page)
    assert after["lookups"] == lookups + TILES and after["updates"] == 3 and frames.sent == 2
    assert after["upsamples"] == before["upsamples"], "no map was upsampled again"
    expect(page.get_by_role("img", name=re.compile("^Colour bar: jet from 0 to 1"))).to_be_visible()


TAKEN_AGAIN = """
async (slider) => {
  const say = (type, kind = Event) => slider.dispatchEvent(new kind(type, { bubbles: true }));
  const later = () => new Promise((done) => setTimeout(done, 400)); // more than twice what settles a release
  slider.value = 0.5;
  ['input', 'change'].forEach((type) => say(type));
  say('pointerdown', PointerEvent);
  slider.value = 0.7;
  say('input');
  await later();
  const held = slider.getRootNode().querySelector('.cam').dataset.updates;
  say('change');
  say('pointerup', PointerEvent);
  await later();
  return [held, slider.getRootNode().querySelector('.cam').dataset.updates];
}
"""


def test_taken_hold_of_again_before_the_page_was_told_it_asks_nothing(page: Page) -> None:
    opened(page)
    assert page.get_by_label("Background threshold α").evaluate(TAKEN_AGAIN) == ["0", "1"]
    page.wait_for_url(re.compile("alpha=0.7"))


def test_pointing_shows_the_values_of_every_tile_and_asks_nothing(page: Page) -> None:
    frames = Frames(page)
    before = opened(page)
    frames.clear()
    box = tile(page, "baseline", "scale 1").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.55 * box["height"])
    words = page.locator(".tile.map .value")
    expect(words.first).to_be_visible()
    x, y = (int(n) for n in re.findall(r"\d+", page.locator(".tile.photograph .value").first.inner_text())[:2])
    assert abs(x - 0.45 * canvas_page.W) < 4 and abs(y - 0.55 * canvas_page.H) < 4
    canvas = scene()
    expected = [normalised(canvas, layer, column)[y, x] for layer in (0, 1) for column in COLUMNS]
    shown = [float(text.split(" · ")[0]) for text in words.all_inner_texts()]
    np.testing.assert_allclose(shown, expected, atol=1.1e-3)
    assert frames.sent == 0 and counters(page)["lookups"] == before["lookups"]


def test_figures_follow_alpha_and_undefined_is_said(page: Page) -> None:
    opened(page, "alpha=0.35")
    canvas = scene()
    assert canvas.mask is not None
    score = normalised(canvas, 0, "2")
    above, dog, counted = score > np.float32(0.35), canvas.mask == 1, canvas.mask != 255
    tp, fp, fn = (int(m.sum()) for m in (above & dog, above & ~dog & counted, ~above & dog))
    caption = page.locator(".tile.map figcaption").nth(3)
    expect(caption).to_contain_text(f"{100 * above.mean():.1f} % above α")
    expect(caption).to_contain_text(f"IoU {tp / (tp + fp + fn):.2f}")
    expect(caption).to_contain_text(f"FN/TP {fn / tp:.2f} · FP/TP {fp / tp:.2f}")
    page.get_by_label("Background threshold α").press("End")
    expect(caption).to_contain_text("0.0 % above α")
    expect(caption).to_contain_text("undefined (no TP)")
    page.get_by_label("Class").select_option("sofa")
    expect(page.locator(".tile.map figcaption").nth(3)).to_contain_text("no ground truth of sofa")


# What is kept -----------------------------------------------------------------------------------------
def test_a_class_is_upsampled_once(page: Page) -> None:
    before = opened(page)
    page.get_by_label("Class").select_option("cat")
    expect(tile(page, "SSENet", "multi-scale", "cat")).to_be_visible()
    assert counters(page)["upsamples"] == before["upsamples"] + 2 * len(SCALES)
    page.get_by_label("Class").select_option("dog")
    page.get_by_label("Normalisation").select_option("shared")
    expect(tile(page, "SSENet", "multi-scale", "dog")).to_be_visible()
    assert counters(page)["upsamples"] == before["upsamples"] + 2 * len(SCALES)


def test_a_checkpoint_of_which_nothing_is_known_yet_has_a_row_that_waits(page: Page) -> None:
    opened(page, "empty=1&probe=0.5,0.5")
    title = page.locator(".row-title").filter(has_text="arriving")
    expect(title).to_be_visible()
    expect(title).not_to_contain_text("does not know")
    expect(page.get_by_text("computing…").locator("visible=true")).to_have_count(len(COLUMNS))
    expect(tile(page, "SSENet", "multi-scale")).to_be_visible()


def test_no_score_is_told_before_a_map_has_come(page: Page) -> None:
    opened(page, "scales=1&missing=1")
    expect(page.locator(".row-title").first).to_contain_text("baseline")
    assert not re.search(r"\d\.\d\d", " ".join(page.locator(".row-title").all_inner_texts()))
    assert not re.search(r"\d\.\d\d", " ".join(page.get_by_label("Class").locator("option").all_inner_texts()))


def test_maps_that_arrive_keep_what_one_was_doing(page: Page) -> None:
    before = opened(page, "missing=2")
    assert before["upsamples"] == 2 * 3
    expect(page.get_by_text("computing…").locator("visible=true")).to_have_count(4)  # scale 2 and MS, twice
    page.locator(".stage").press("+")
    page.get_by_label("Opacity").press("Home")
    page.wait_for_url(re.compile("opacity=0"))
    page.get_by_role("button", name="Maps arrive").click()
    expect(page.get_by_text("computing…").locator("visible=true")).to_have_count(0)
    settled(page)
    assert counters(page)["upsamples"] == before["upsamples"] + 2
    expect(page.get_by_label("Opacity")).to_have_value("0")
    expect(page.get_by_label("Zoom", exact=True)).to_have_text("1.3×")


# The address --------------------------------------------------------------------------------------------
def test_an_address_shows_the_same_view_again(page: Page) -> None:
    opened(page)
    page.get_by_label("Class").select_option("cat")
    page.get_by_text("Errors", exact=True).click()
    page.get_by_text("A − B", exact=True).click()
    page.get_by_label("A", exact=True).select_option("one:0.5")
    page.get_by_label("Background threshold α").press("ArrowRight")
    page.locator(".stage").press("+")
    page.get_by_role("checkbox", name="α contour").uncheck()
    page.wait_for_url(re.compile("contour=0"))
    settled(page)
    told = query_of(page)
    assert told == {
        "class": "cat", "overlay": "errors", "mode": "difference", "a": "one:0.5", "alpha": "0.201", "zoom": "1.25",
        "contour": "0",
    }  # fmt: skip
    link = page.url
    page.goto("about:blank")
    open_at(page, link)
    expect(page.get_by_label("Class")).to_have_value("cat")
    expect(page.get_by_role("radio", name="A − B")).to_be_checked()
    expect(page.get_by_role("radio", name="Errors")).to_be_checked()
    expect(page.get_by_label("A", exact=True)).to_have_value("one:0.5")
    expect(page.get_by_label("Background threshold α")).to_have_value("0.201")
    expect(page.get_by_role("checkbox", name="α contour")).not_to_be_checked()
    expect(page.get_by_label("Zoom", exact=True)).to_have_text("1.3×")
    settled(page)
    assert query_of(page) == told and counters(page).get("updates", 0) == 0


def test_browser_back_takes_the_earlier_view(page: Page) -> None:
    opened(page)
    page.get_by_label("Colours").select_option("viridis")
    page.wait_for_url(re.compile("colours=viridis"))
    settled(page)
    page.get_by_label("Colours").select_option("cividis")
    page.wait_for_url(re.compile("colours=cividis"))
    settled(page)
    page.go_back()
    expect(page.get_by_label("Colours")).to_have_value("viridis")
    settled(page)
    page.get_by_label("Colours").select_option("magma")
    page.wait_for_url(re.compile("colours=magma"))


# Modes, keys, pointer ------------------------------------------------------------------------------------
def test_swipe_by_mouse_and_by_key(page: Page) -> None:
    opened(page, "mode=swipe")
    picture = page.get_by_role("img", name=re.compile("^A left of the divider: baseline: activation of dog"))
    box = picture.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 0.25 * box["width"], y, steps=5)
    page.mouse.up()
    divider = page.get_by_role("slider", name="Divider")
    expect(divider).to_have_value("0.25")
    divider.press("ArrowRight")
    expect(divider).to_have_value("0.255")
    page.wait_for_url(re.compile("swipe=0.255"))
    page.get_by_role("button", name="Exchange A and B").click()
    expect(page.get_by_role("img", name=re.compile("^A left of the divider: SSENet"))).to_be_visible()


def test_difference_states_its_symmetric_range_and_has_grey_zero(page: Page) -> None:
    opened(page, "mode=difference&a=one:0.5&b=two:1&opacity=1&contour=0")
    canvas = scene()
    signed = normalised(canvas, 0, "0.5") - normalised(canvas, 1, "1")
    most = float(np.abs(signed).max())
    bar = page.get_by_role("img", name=re.compile("^Colour bar: A − B"))
    shown = re.search(r"from −([\d.]+) to \+([\d.]+)", bar.get_attribute("aria-label") or "")
    assert shown and shown[1] == shown[2] and most <= float(shown[1]) < most + 0.051
    y, x = np.argwhere(np.abs(signed) < 1e-6)[0]
    colour = page.locator(".tile.difference canvas").evaluate(
        """(one, [u, v]) => [...one.getContext('2d').getImageData(u * one.width, v * one.height, 1, 1).data]""",
        [x / canvas_page.W, y / canvas_page.H],
    )
    assert colour == [247, 247, 247, 255]


def test_keys_zoom_pan_and_pin(page: Page) -> None:
    opened(page)
    stage, zoom = page.locator(".stage"), page.get_by_label("Zoom", exact=True)
    for press in ("+", "+", "ArrowLeft", "ArrowUp"):
        stage.press(press)
    expect(zoom).to_have_text("1.6×")
    page.wait_for_url(lambda url: "zoom=1.563" in url and "x=0.436" in url and "y=0.436" in url)
    for press in ("Shift+ArrowRight", "Shift+ArrowRight", "Enter"):
        stage.press(press)
    panel = page.get_by_role("region", name="Pinned point")
    expect(panel).to_be_visible()
    expect(panel.get_by_role("img", name=re.compile("^baseline, Eq. 3 values .*: dog 0"))).to_be_visible()
    stage.press("-")
    stage.press("0")
    expect(zoom).to_have_text("1.0×")
    stage.press("Escape")
    expect(panel).to_be_hidden()
    page.wait_for_url(lambda url: "probe" not in url and "zoom" not in url)


def test_wheel_zooms_about_the_pointer_and_dragging_pans_all_tiles(page: Page) -> None:
    frames = Frames(page)
    opened(page)
    frames.clear()
    box = tile(page, "SSENet", "scale 1").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_url(re.compile("zoom=3.32"))
    settled(page)
    assert frames.sent == 1
    before = counters(page)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"], steps=6)
    assert frames.sent == 1 and counters(page)["upsamples"] == before["upsamples"]
    page.mouse.up()
    page.wait_for_url(re.compile("x=0.2"))
    assert counters(page)["lookups"] >= before["lookups"] + TILES


def test_a_click_pins_a_point_whose_chart_shows_every_scale(page: Page) -> None:
    opened(page)
    picture = tile(page, "baseline", "multi-scale")
    box = picture.bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.45 * box["width"], box["y"] + 0.55 * box["height"])
    panel = page.get_by_role("region", name="Pinned point")
    x, y = (int(n) for n in re.findall(r"\d+", panel.get_by_role("heading").inner_text())[:2])
    canvas = scene()
    for layer, title in enumerate(("baseline", "SSENet")):
        values = ", ".join(f"{normalised(canvas, layer, c)[y, x]:.2f}" for c in COLUMNS)
        expect(panel.get_by_role("img", name=re.compile(f"^{title}, .*dog {values}"))).to_be_visible()
    panel.get_by_text("raw", exact=True).click()
    expect(panel.get_by_role("img", name=re.compile("^baseline, raw values"))).to_be_visible()
    page.wait_for_url(re.compile("values=raw"))
    panel.get_by_role("button", name="Remove").click()
    expect(panel).to_be_hidden()


def test_actual_pixels_are_as_many_as_the_map_has(page: Page) -> None:
    opened(page, "pixels=1")
    picture = tile(page, "baseline", "scale 1")
    size = picture.evaluate("(one) => [one.width, one.height, one.clientWidth, one.clientHeight]")
    assert size == [canvas_page.W, canvas_page.H, canvas_page.W, canvas_page.H]
    whole_and_accessible(page)


# For everyone ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("scheme", "query"),
    [
        ("light", ""),
        ("light", "mode=difference&probe=0.5,0.5&missing=2&empty=1"),
        ("dark", "mode=swipe&overlay=errors&probe=0.5,0.5"),
    ],
)
def test_accessible_in_light_and_dark(page: Page, scheme: str, query: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    opened(page, query)
    colour = page.locator(".cam").evaluate("(one) => getComputedStyle(one).color")
    lightness = sum(int(n) for n in re.findall(r"\d+", colour)[:3]) / 3
    assert (lightness > 180) == (scheme == "dark")
    whole_and_accessible(page)


def test_without_ground_truth_there_are_no_errors_to_show(page: Page) -> None:
    opened(page, "truth=0&overlay=errors")
    expect(page.get_by_text("Errors", exact=True)).to_be_hidden()
    expect(page.get_by_role("radio", name="Heat")).to_be_checked()
    expect(page.locator(".tile.map figcaption").first).to_have_text(re.compile(r"^[\d.]+ % above α$"))
